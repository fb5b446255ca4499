import DurableCore
import Testing

extension StorageConformance {
    static let loopCases: [Case] = [
        Case("a loop runs its iteration with the loop's input until it is done") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 5), input: #"{"n":1}"#)
            for index in 0..<2 {
                let lease = try await subject.attempt(
                    "child",
                    by: worker,
                    .completed(Payload(json: #"{"isDone":false}"#))
                )
                #expect(lease.input == Payload(json: #"{"n":1}"#) && lease.family?.index == index)
                let waiting = try await subject.execution(id)
                #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1)
                #expect(waiting.children.count == index + 2)
            }
            let output = Payload(
                json: Array(#"{ "isDone" : true , "output" : {"at":"2026"} }"#.utf8),
                meta: Array(#"[[1,"output","at"]]"#.utf8)
            )
            try await subject.attempt("child", by: worker, .completed(output))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.count == 3 && done.activeChildren == 0)
            #expect(
                done.output?.json.map { String(decoding: $0, as: UTF8.self) }
                    == #"{"isSuccess":true,"output":{"at":"2026"}}"#
            )
            #expect(done.output?.meta.map { String(decoding: $0, as: UTF8.self) } == #"[[1,"output","at"]]"#)
        },
        Case("a loop that is never done ends after its last iteration, without success") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 2))
            for _ in 0..<2 {
                try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":false}"#)))
            }
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: #"{"isSuccess":false}"#))
            let iterations = try await subject.count(of: "child")
            #expect(iterations == 2)
        },
        Case("a failing iteration ends a loop") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 5))
            try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":false}"#)))
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .finalizeFailed)
            #expect(failed.error == .nonRetryable("Iteration task failed [taskId=child]: no"))
        },
        Case("an answer that says neither done nor not done ends a loop") { subject in
            let worker = try await subject.worker()
            for answer in ["7", "null", "[]", "{}", #"{"isDone":"yes"}"#, #"{"isDone":1}"#, #"{"output":1}"#] {
                let id = try await subject.enqueue(.loop(.child, maxAttempts: 5))
                try await subject.attempt("child", by: worker, .completed(Payload(json: answer)))
                let failed = try await subject.execution(id)
                #expect(failed.status == .finalizeFailed, "\(answer)")
                #expect(
                    failed.error?.message.hasPrefix("Iteration task failed [taskId=child]: expected {isDone") == true
                )
            }
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 5))
            try await subject.attempt("child", by: worker, .completed(.undefined))
            let status = try await subject.status(id)
            #expect(status == .finalizeFailed)
        },
        Case("a loop may be done without an output") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 1))
            try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":true}"#)))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: #"{"isSuccess":true}"#))
        },
        Case("a loop waits before each iteration, the last delay counting for all further ones") { subject in
            let worker = try await subject.worker(leaseMs: 10_000_000)
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 4, delaysMs: [40_000, 20_000, 300_000]))
            for delay in [40_000.0, 20_000, 300_000, 300_000] {
                let iteration = try #require(try await subject.execution(id).children.last)
                let execution = try await subject.execution(iteration.executionID)
                #expect(execution.startAt.milliseconds(since: execution.createdAt) == delay)
                let early = try await subject.lease(worker, ["child"])
                #expect(early.isEmpty)
                try await subject.advance(Int(delay) + 1)
                try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":false}"#)))
            }
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("without delays of its own a loop waits as the iteration task does") { subject in
            let iteration = TaskDefinition.plain("child", sleepMs: 5000)
            let id = try await subject.enqueue(.loop(iteration, maxAttempts: 2))
            let first = try #require(try await subject.execution(id).children.first)
            let execution = try await subject.execution(first.executionID)
            #expect(execution.startAt.milliseconds(since: execution.createdAt) == 5000)
        },
        Case("a sequence may be an iteration") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.sequence([.child, .other]), maxAttempts: 3))
            for isDone in [false, true] {
                try await subject.attempt("child", by: worker)
                try await subject.attempt("other", by: worker, .completed(Payload(json: #"{"isDone":\#(isDone)}"#)))
            }
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.map(\.taskID) == ["sequence", "sequence"])
        },
        Case("a loop is not slowed down by the number of its iterations") { subject in
            let worker = try await subject.worker(leaseMs: 10_000_000)
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 100))
            for _ in 0..<100 {
                try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":false}"#)))
            }
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.count == 100)
            #expect(done.output == Payload(json: #"{"isSuccess":false}"#))
        },
    ]
}
