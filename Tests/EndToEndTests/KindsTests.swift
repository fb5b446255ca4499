import DurableClient
import DurableCore
import DurableTestKit
import Foundation
import Testing

@Suite("Every kind of task of a web app, with real processes", .timeLimit(.minutes(3)))
struct KindsTests {
    /// - Parameter gate: Holds up the answers of `add2`.
    private func with(
        holding gate: Gate? = nil,
        double: @escaping @Sendable (StubRequest) -> StubAnswer? = { _ in nil },
        _ body: (Deployment, KindsApp) async throws -> Void
    ) async throws {
        let app = KindsApp()
        try await Deployment.with(
            tasks: KindsApp.tasks,
            answering: { request in
                if request.uri.hasSuffix("/add2") { await gate?.pass() }
                return await app.answer(request, double: double)
            },
            { deployment in try await body(deployment, app) }
        )
    }

    @Test("children run on two workers, and finalize gets their results in order")
    func parent() async throws {
        let gate = Gate()
        try await with(holding: gate) { deployment, _ in
            for _ in 0..<2 { try await deployment.startWorker(lease: 15, "--concurrency", "3") }
            let id = try await deployment.number("split").enqueue(.init(n: 200))
            // More at once than one of them may call.
            try await eventually("both workers call") { gate.waiting > 3 }
            gate.open()
            let parent = try await deployment.finished([id])[0]
            #expect(parent.status == .completed)
            #expect(parent.output == Payload(json: #"{"n":\#((0..<200).map { $0 + 2 }.reduce(0, +))}"#))

            let children = try await deployment.children(of: id)
            #expect(children.count == 200)
            #expect(children.allSatisfy { $0.status == .completed && $0.attempt == 1 })
            #expect(Set(children.compactMap(\.workerID)).count == 2)
            #expect(children.map { $0.family?.index } == Array(0..<200))
            let sums = deployment.app.requests.filter { $0.uri.hasSuffix("/sum") }
            #expect(sums.count == 1)
        }
    }

    @Test("a parent whose children cannot be accepted fails and names the child; none of them is stored")
    func badChildren() async throws {
        try await with { deployment, _ in
            try await deployment.startWorker()
            let task = deployment.spawn("spawn")
            let bad = Spawn.Child(taskId: "add2", input: .number(1), options: .init(timeoutMs: 0))
            let options = try await task.enqueue(Spawn(children: [Spawn.child("add2"), bad]))
            let unknown = try await task.enqueue(Spawn(children: [Spawn.child("add2"), Spawn.child("nobody")]))
            let number = try await deployment.number("spawn").enqueue(.init(n: 5))
            let messages = try await deployment.finished([options, unknown, number])
                .reduce(into: [:]) { $0[$1.id] = $1.error?.message }
            #expect(
                messages[options]?.hasPrefix(
                    "Child task refused [taskId=add2] [index=1]: Invalid timeout value for task add2"
                ) == true
            )
            #expect(messages[unknown] == "Child task not found [taskId=nobody] [index=1]")
            #expect(
                messages[number]
                    == "The procedure of a parent must answer {output, children: [{taskId, input?, options?}]}, "
                    + "got an object with \"n\""
            )
            let stored = try await deployment.storage.list(ExecutionQuery())
            #expect(stored.count == 3)
            #expect(stored.allSatisfy { $0.status == .failed && $0.attempt == 1 })
        }
    }

    @Test("a sequence goes on where it was when its worker is killed in the middle")
    func sequence() async throws {
        try await with { request in
            request["durable-attempt"] == "1" ? .hang : nil
        } _: { deployment, _ in
            let doomed = try await deployment.startWorker(lease: 2)
            let id = try await deployment.number("pipeline").enqueue(.init(n: 1))
            try await eventually("its second member runs") {
                deployment.app.requests.contains { $0.uri.hasSuffix("/double") }
            }
            doomed.signal(SIGKILL)
            try await deployment.startWorker(lease: 2)
            let sequence = try await deployment.finished([id])[0]
            #expect(sequence.status == .completed)
            #expect(sequence.output == Payload(json: #"{"n":8}"#))
            let members = try await deployment.children(of: id)
            #expect(members.map(\.taskID) == ["add2", "double", "add2"])
            #expect(members.map(\.attempt) == [1, 2, 1])
        }
    }

    @Test("a loop runs its iteration until it is done")
    func loop() async throws {
        try await with { deployment, _ in
            try await deployment.startWorker()
            let id = try await deployment.number("poll").enqueue(.init(n: 7))
            let loop = try await deployment.finished([id])[0]
            #expect(loop.status == .completed)
            #expect(loop.output == Payload(json: #"{"isSuccess":true,"output":{"n":3}}"#))
            #expect(deployment.app.requests.map(\.text) == Array(repeating: #"{"json":{"n":7}}"#, count: 3))
        }
    }

    @Test("a sleeper is woken up over RPC, before it exists or after, by itself or as a child")
    func sleeper() async throws {
        try await with { deployment, _ in
            try await deployment.startWorker()
            let approval = deployment.client.sleepingTask("approval", output: Deployment.Number.self)
            let id = try await approval.task.enqueue("order-1")
            let asleep = try await approval.task.getExecution(id)
            #expect(asleep.status == .running)
            let woken = try await approval.wakeUp("order-1", with: .init(n: 5))
            #expect(woken?.status == .completed && woken?.output == .init(n: 5))

            let early = try await approval.wakeUp("order-2", with: .init(n: 6))
            #expect(early == nil)
            let child = Spawn.Child(taskId: "approval", input: .text("order-2"))
            let parent = try await deployment.spawn("spawn").enqueue(Spawn(children: [child]))
            let finished = try await deployment.finished([parent])[0]
            #expect(finished.status == .completed)
            let output = String(decoding: finished.output?.json ?? [], as: UTF8.self)
            #expect(output.hasSuffix(#""status":"completed","output":{"n":6}}]}"#))
        }
    }

    @Test("a child that fails fails a strict parent, and its siblings' requests are aborted within a second")
    func strictParent() async throws {
        try await with { deployment, app in
            for _ in 0..<2 { try await deployment.startWorker(lease: 30) }
            let id = try await deployment.spawn("strict").enqueue(
                Spawn(children: [Spawn.child("hang"), Spawn.child("boom"), Spawn.child("hang")])
            )
            let parent = try await deployment.finished([id])[0]
            // A second, and what a busy machine takes to notice; for a lease to lapse takes thirty.
            try await deployment.app.waitForDisconnects(2, within: .seconds(10))
            #expect(parent.status == .failed)
            #expect(parent.error?.message.hasPrefix("Child task failed [taskId=boom]") == true)
            #expect(parent.error?.message.hasSuffix("[index=1]: boom") == true)
            let siblings = try await deployment.children(of: id)
            #expect(siblings.map(\.status) == [.cancelled, .failed, .cancelled])
            #expect(app.hanging == 2)
        }
    }

    @Test("cancelling the root of a tree ends all of it, requests that are under way included")
    func cancelTree() async throws {
        try await with { deployment, app in
            for _ in 0..<2 { try await deployment.startWorker(lease: 30) }
            let leaves = Spawn(children: [
                Spawn.child("hang"), Spawn.Child(taskId: "approval", input: .text("never")), Spawn.child("hang"),
            ])
            let branch = Spawn.Child(taskId: "spawn", input: .spawn(leaves))
            let task = deployment.spawn("spawn")
            let id = try await task.enqueue(Spawn(children: [branch, Spawn.child("hang")]))
            try await eventually("the leaves are running") { app.hanging == 3 }
            let cancelled = try await task.cancel(id)
            #expect(cancelled.status == .cancelled)
            try await deployment.app.waitForDisconnects(3, within: .seconds(10))
            try await eventually("all of the tree has ended") {
                let tree = try await deployment.storage.list(ExecutionQuery(limit: 100))
                return tree.count == 6 && tree.allSatisfy { $0.status == .cancelled }
            }
            #expect(app.hanging == 3)
        }
    }

    @Test("while a deploy rolls, a worker that knows only the members carries on what it has never heard of")
    func rollingDeploy() async throws {
        try await with { deployment, _ in
            try await deployment.startWorker(tasks: KindsApp.members(deployment.app.url))
            let new = try await deployment.startWorker()
            let first = try await deployment.number("split").enqueue(.init(n: 10))
            let second = try await deployment.number("pipeline").enqueue(.init(n: 1))
            let both = try await deployment.finished([first, second])
            #expect(both.allSatisfy { $0.status == .completed })

            let code = await new.stop()
            #expect(code == 0)
            let pipeline = try await deployment.number("pipeline").enqueue(.init(n: 2))
            let split = try await deployment.number("split").enqueue(.init(n: 3))
            let alone = try await deployment.finished([pipeline])[0]
            #expect(alone.output == Payload(json: #"{"n":10}"#))
            let waiting = try await deployment.execution(split)
            #expect(waiting.status == .ready && waiting.attempt == 0)

            try await deployment.startWorker()
            let parent = try await deployment.finished([split])[0]
            #expect(parent.output == Payload(json: #"{"n":9}"#))
        }
    }
}

extension Deployment {
    fileprivate func number(_ task: TaskID) -> RemoteTask<Number, Number> {
        client.task(task, input: Number.self, output: Number.self)
    }

    fileprivate func spawn(_ task: TaskID) -> RemoteTask<Spawn, Void> {
        client.task(task, input: Spawn.self)
    }

    /// The children of an execution, in order.
    fileprivate func children(of id: ExecutionID) async throws -> [Execution] {
        let ids = try await execution(id).children.map(\.executionID)
        let found = try await storage.executions(ids)
        return ids.compactMap { found[$0] }
    }
}
