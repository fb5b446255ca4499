import DurableCore
import Testing

extension StorageConformance {
    static let sequenceCases: [Case] = [
        Case("a sequence hands each output on, and its last member's output is its own") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .other, .child]), input: #""start""#)
            let begun = try await subject.execution(id)
            #expect(begun.status == .waitingForChildren && begun.activeChildren == 1 && begun.children.count == 1)
            #expect(begun.waitingForChildrenAt != nil && begun.startedAt != nil)
            let own = try await subject.lease(worker, ["sequence"])
            #expect(own.isEmpty)

            let first = try await subject.attempt("child", by: worker, .completed(Payload(json: "1")))
            #expect(first.input == Payload(json: #""start""#) && first.family?.index == 0)
            #expect(first.family?.parent == begun.reference)
            let date = Payload(json: Array(#""2026""#.utf8), meta: Array("[[1]]".utf8))
            let second = try await subject.attempt("other", by: worker, .completed(date))
            #expect(second.input == Payload(json: "1") && second.family?.index == 1)
            let between = try await subject.execution(id)
            #expect(between.status == .waitingForChildren && between.activeChildren == 1)
            let third = try await subject.attempt("child", by: worker, .completed(Payload(json: "3")))
            #expect(third.input == date && third.family?.index == 2)

            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "3") && done.activeChildren == 0)
            #expect(done.children.map(\.executionID) == [first, second, third].map(\.executionID))
            #expect(done.attempt == 0 && done.workerID == nil)
        },
        Case("a failing member ends a sequence, which says at which member and why") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .other, .child]))
            try await subject.attempt("child", by: worker)
            try await subject.attempt("other", by: worker, .failed(.nonRetryable("no")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .finalizeFailed && failed.children.count == 2 && failed.output == nil)
            #expect(failed.error == .nonRetryable("Sequential task failed [parentTaskId=sequence] [index=1]: no"))
            let members = try await subject.count(of: "child")
            #expect(members == 1)
        },
        Case("a cancelled or timed out member ends a sequence") { subject in
            let worker = try await subject.worker()
            for error in [ExecutionError.cancelled, .timedOut] {
                let id = try await subject.enqueue(.sequence([.child, .other]))
                try await subject.attempt("child", by: worker, .failed(error))
                let failed = try await subject.execution(id)
                #expect(failed.status == .finalizeFailed)
                #expect(failed.error == .memberFailed("sequence", 0, error.message))
            }
        },
        Case("members are tried again by their own options") { subject in
            let worker = try await subject.worker()
            let member = TaskDefinition.plain("child", retries: RetryOptions(maxAttempts: 1))
            let id = try await subject.enqueue(.sequence([member]))
            try await subject.attempt("child", by: worker, .failed(.retryable("boom")))
            let waiting = try await subject.status(id)
            #expect(waiting == .waitingForChildren)
            try await subject.advance(1)
            try await subject.attempt("child", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a sequence's own delay and its members' delays add up") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let first = TaskDefinition.plain("child", sleepMs: 20_000)
            let second = TaskDefinition.plain("other", sleepMs: 40_000)
            let id = try await subject.enqueue(.sequence("sequence", [first, second], sleepMs: 10_000))
            let sequence = try await subject.execution(id)
            #expect(sequence.startAt.milliseconds(since: sequence.createdAt) == 10_000)
            let member = try await subject.execution(try #require(sequence.children.first).executionID)
            #expect(member.startAt.milliseconds(since: member.createdAt) == 30_000)
            try await subject.advance(10_000)
            let early = try await subject.lease(worker, ["child"])
            #expect(early.isEmpty)
            try await subject.advance(20_001)
            try await subject.attempt("child", by: worker)
            try await subject.advance(10_000)
            let tooEarly = try await subject.lease(worker, ["other"])
            #expect(tooEarly.isEmpty)
            try await subject.advance(30_001)
            try await subject.attempt("other", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("sequences may be members of sequences, and so may parents") { subject in
            let worker = try await subject.worker()
            let inner = TaskDefinition.sequence("inner", [.child, .other])
            let id = try await subject.enqueue(.sequence([inner, .parent(), .child]))
            try await subject.attempt("child", by: worker, .completed(Payload(json: "1")))
            try await subject.attempt("other", by: worker, .completed(Payload(json: "2")))
            let parent = try await subject.attempt(
                "parent",
                by: worker,
                .spawned(Payload(json: "3"), children: []),
                tasks: [.child]
            )
            #expect(parent.input == Payload(json: "2"))
            let last = try await subject.attempt("child", by: worker, .completed(Payload(json: "4")))
            #expect(last.input == Payload(json: #"{"output":3,"children":[]}"#))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "4"))
            #expect(done.children.map(\.taskID) == ["inner", "parent", "child"])
            let first = try await subject.execution(done.children[0].executionID)
            #expect(first.status == .completed && first.output == Payload(json: "2") && first.children.count == 2)
            #expect(first.family?.root == done.reference)
        },
        Case("a failure in a nested sequence is told outwards") { subject in
            let worker = try await subject.worker()
            let inner = TaskDefinition.sequence("inner", [.child, .other])
            let id = try await subject.enqueue(.sequence([.other, inner]))
            try await subject.attempt("other", by: worker)
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .finalizeFailed)
            let inside = ExecutionError.memberFailed("inner", 0, "no")
            #expect(failed.error == .memberFailed("sequence", 1, inside.message))
        },
        Case("a sequence may be a child") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.parent())
            try await subject.attempt(
                "parent",
                by: worker,
                .spawned(.undefined, children: [.plain("sequence"), .plain("other")]),
                tasks: [.sequence([.child, .child]), .other]
            )
            try await subject.attempt("other", by: worker)
            try await subject.attempt("child", by: worker)
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1)
            try await subject.attempt("child", by: worker, .completed(Payload(json: "9")))
            let parent = try await subject.execution(id)
            #expect(parent.status == .completed)
            let text = parent.output?.json.map { String(decoding: $0, as: UTF8.self) } ?? ""
            #expect(text.contains(#""status":"completed","output":9}"#))
        },
        Case("a sleeping member sleeps under the output before it, and hands on what it was woken up with") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .sleeper, .other]))
            try await subject.attempt("child", by: worker, .completed(Payload(json: #""name""#)))
            let sleeping = try await subject.execution(id)
            let sleeper = try await subject.execution(sleeping.children[1].executionID)
            #expect(sleeper.status == .running && sleeper.sleepingUniqueID == "name")
            let woken = try await subject.wake("name", "sleeper", .completed(Payload(json: "7")))
            #expect(woken == .wokenUp(sleeper.reference))
            try await subject.tellFamilies()
            let lease = try await subject.attempt("other", by: worker)
            #expect(lease.input == Payload(json: "7"))
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a sleeping member whose name cannot be, or is taken, ends its sequence") { subject in
            let worker = try await subject.worker()
            _ = try await subject.enqueue(.sleeper, input: #""taken""#)
            let names = [
                ("7", "Input must be a unique id string for sleeping task [taskId=sleeper]"),
                (#""taken""#, StorageError.sleeperNameTaken),
            ]
            for (name, message) in names {
                let id = try await subject.enqueue(.sequence([.child, .sleeper]))
                try await subject.attempt("child", by: worker, .completed(Payload(json: name)))
                let failed = try await subject.execution(id)
                #expect(failed.status == .finalizeFailed && failed.error == .memberFailed("sequence", 1, message))
                #expect(failed.children.count == 1 && failed.activeChildren == 0)
            }
        },
    ]
}
