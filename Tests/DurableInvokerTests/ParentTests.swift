import DurableCore
import DurableInvoker
import DurableTestKit
import Testing

@Suite("Procedures of parents", .timeLimit(.minutes(1)))
struct ParentTests {
    private static let parent = TaskKind.parent(finalize: nil, onChildFailure: .continue)
    private static let answer = StubAnswer.json(
        #"{"json":{"output":1,"children":[{"taskId":"add2","input":{"n":1}}]}}"#
    )
    private static let spawned = Outcome.spawned(
        Payload(json: "1"),
        children: [ChildRequest(taskID: "add2", input: Payload(json: #"{"n":1}"#))]
    )

    private func call(_ answer: StubAnswer, task: TaskKind, execution: TaskKind) async throws -> Outcome {
        try await StubWebApp.with { _ in
            answer
        } body: { app in
            try await Calls.withInvoker(url: app.url, kind: task) { invoker in
                await invoker.invoke(Calls.attempt(Calls.lease(kind: execution)))
            }
        }
    }

    @Test("Children are read when the task is a parent, or was one when the execution was enqueued")
    func spawns() async throws {
        #expect(try await call(Self.answer, task: Self.parent, execution: Self.parent) == Self.spawned)
        #expect(try await call(Self.answer, task: Self.parent, execution: .single) == Self.spawned)
        #expect(try await call(Self.answer, task: .single, execution: Self.parent) == Self.spawned)
    }

    @Test("Of any other task the same answer is an output")
    func single() async throws {
        let outcome = try await call(Self.answer, task: .single, execution: .single)
        #expect(outcome == .completed(Payload(json: #"{"output":1,"children":[{"taskId":"add2","input":{"n":1}}]}"#)))
    }

    @Test("An answer of nearly 16 MiB with 10,000 children is read; a longer one fails for good")
    func size() async throws {
        let input = String(repeating: "x", count: 1600)
        let children = Array(repeating: #"{"taskId":"add2","input":"\#(input)"}"#, count: 10_000)
        let body = #"{"json":{"children":[\#(children.joined(separator: ","))]}}"#
        #expect(body.utf8.count > 15 << 20 && body.utf8.count < 16 << 20)
        let outcome = try await call(.json(body), task: Self.parent, execution: Self.parent)
        guard case .spawned(.undefined, let spawned) = outcome else {
            Issue.record("expected children, got \(outcome)")
            return
        }
        #expect(spawned.count == 10_000)

        let tooLong = String(repeating: " ", count: 16 << 20) + body
        let refusal = try await call(.json(tooLong), task: Self.parent, execution: Self.parent)
        #expect(refusal.error?.isRetryable == false)
        #expect(refusal.error?.message.contains("16777216 bytes") == true)
    }

    @Test("A finalize execution's input of 16 MiB reaches the procedure whole")
    func largeInput() async throws {
        let input = #"{"output":1,"children":[{"output":""# + String(repeating: "x", count: 16 << 20) + #""}]}"#
        try await StubWebApp.with { _ in
            .json(#"{"json":null}"#)
        } body: { app in
            let outcome = try await Calls.call(url: app.url, lease: Calls.lease(input: Payload(json: input)))
            #expect(outcome == .completed(Payload(json: "null")))
            let bytes = app.requests.first?.body.count
            #expect(bytes == input.utf8.count + #"{"json":}"#.utf8.count)
        }
    }
}
