import DurableCore
import Testing

extension StorageConformance {
    static let finalizeCases: [Case] = [
        Case("a finalize execution gets the children's results, and its output is the parent's") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [.plain(), .plain()])
            let children = try await subject.execution(id).children
            try await subject.attempt("child", by: worker)
            let early = try await subject.count(of: "finalize")
            #expect(early == 0)
            try await subject.attempt("child", by: worker)

            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForFinalize && waiting.activeChildren == 0)
            #expect(waiting.waitingForFinalizeAt != nil && waiting.children == children && waiting.output == nil)
            let finalize = try #require(waiting.finalize)
            #expect(finalize.taskID == "finalize")
            let lease = try await subject.leaseOne(worker, of: "finalize")
            #expect(lease.executionID == finalize.executionID)
            #expect(lease.family?.isFinalize == true && lease.family?.parent == waiting.reference)
            let results = children.map {
                #"{"taskId":"child","executionId":"\#($0.executionID)","status":"completed","output":1}"#
            }
            #expect(lease.input == Payload(json: #"{"output":1,"children":[\#(results.joined(separator: ","))]}"#))
            let output = Payload(json: Array(#""2026""#.utf8), meta: Array("[[1]]".utf8))
            try await subject.settle(lease, .completed(output))
            try await subject.tellFamilies()
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == output)
            #expect(done.finalize == finalize && done.children == children)
        },
        Case("a finalize execution that does not complete fails its parent, and only its parent") { subject in
            let worker = try await subject.worker()
            let endings: [(ExecutionError, ExecutionStatus)] = [
                (.nonRetryable("no"), .failed), (.timedOut, .timedOut), (.cancelled, .cancelled),
            ]
            for (error, status) in endings {
                let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [.plain()])
                try await subject.attempt("child", by: worker)
                try await subject.attempt("finalize", by: worker, .failed(error))
                let parent = try await subject.execution(id)
                #expect(parent.status == .finalizeFailed && parent.error == error)
                let finalize = try #require(parent.finalize)
                let ended = try await subject.status(finalize.executionID)
                #expect(ended == status)
                let child = try await subject.status(try #require(parent.children.first).executionID)
                #expect(child == .completed)
            }
        },
        Case("a parent without children is finalized all the same") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [])
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForFinalize && waiting.children.isEmpty)
            let lease = try await subject.attempt("finalize", by: worker, .completed(Payload(json: "3")))
            #expect(lease.input == Payload(json: #"{"output":1,"children":[]}"#))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "3"))
        },
        Case("a finalize task may be a parent with a finalize task, to any depth") { subject in
            let worker = try await subject.worker()
            let deepest = TaskDefinition.parent("third", finalize: .finalize)
            let task = TaskDefinition.parent("first", finalize: .parent("second", finalize: deepest))
            let id = try await subject.spawn(task, by: worker, [.plain()])
            for parent in ["second", "third"] as [TaskID] {
                try await subject.attempt("child", by: worker)
                try await subject.attempt(
                    parent,
                    by: worker,
                    .spawned(.undefined, children: [.plain()]),
                    tasks: [.child]
                )
                let status = try await subject.status(id)
                #expect(status == .waitingForFinalize)
            }
            try await subject.attempt("child", by: worker)
            try await subject.attempt("finalize", by: worker, .completed(Payload(json: #""deep""#)))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: #""deep""#))
        },
        Case("a failure deep in a finalize task reaches the parent") { subject in
            let worker = try await subject.worker()
            let task = TaskDefinition.parent(finalize: .parent("second", finalize: .finalize))
            let id = try await subject.spawn(task, by: worker, [])
            try await subject.attempt("second", by: worker, .spawned(.undefined, children: []))
            try await subject.attempt("finalize", by: worker, .failed(.nonRetryable("deep")))
            let parent = try await subject.execution(id)
            #expect(parent.status == .finalizeFailed && parent.error == .nonRetryable("deep"))
        },
        Case("a finalize execution is tried again by its own options") { subject in
            let worker = try await subject.worker()
            let finalize = TaskDefinition.plain("finalize", retries: RetryOptions(maxAttempts: 1))
            let id = try await subject.spawn(.parent(finalize: finalize), by: worker, [])
            try await subject.attempt("finalize", by: worker, .failed(.retryable("boom")))
            let waiting = try await subject.status(id)
            #expect(waiting == .waitingForFinalize)
            try await subject.advance(1)
            try await subject.attempt("finalize", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a sequence may finalize a parent") { subject in
            let worker = try await subject.worker()
            let finalize = TaskDefinition.sequence("finalize_all", [.child, .other])
            let id = try await subject.spawn(.parent(finalize: finalize), by: worker, [])
            let first = try await subject.attempt("child", by: worker, .completed(Payload(json: "5")))
            #expect(first.input == Payload(json: #"{"output":1,"children":[]}"#))
            let second = try await subject.attempt("other", by: worker, .completed(Payload(json: "6")))
            #expect(second.input == Payload(json: "5"))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "6"))
        },
        Case("a finalize sequence that cannot begin fails its parent") { subject in
            let worker = try await subject.worker()
            let finalize = TaskDefinition.sequence("finalize_all", [.sleeper, .other])
            let id = try await subject.spawn(.parent(finalize: finalize), by: worker, [.plain()])
            try await subject.attempt("child", by: worker)
            let parent = try await subject.execution(id)
            #expect(parent.status == .finalizeFailed)
            #expect(parent.error?.message.hasPrefix("Input must be a unique id string for sleeping task") == true)
        },
    ]
}
