import DurableCore
import Testing

extension StorageConformance {
    static let sleeperCases: [Case] = [
        Case("a sleeper runs without a lease until it is woken up, with an output") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let asleep = try await subject.execution(id)
            #expect(asleep.status == .running && asleep.sleepingUniqueID == "a")
            #expect(asleep.startedAt != nil && asleep.attempt == 0 && asleep.workerID == nil)
            #expect(asleep.expiresAt == asleep.createdAt.adding(milliseconds: 60_000))
            let worker = try await subject.worker()
            let leases = try await subject.lease(worker, ["sleeper"])
            #expect(leases.isEmpty)
            let reclaimed = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
            #expect(reclaimed.count == 0)

            let output = Payload(json: Array(#""2026""#.utf8), meta: Array("[[1]]".utf8))
            let woken = try await subject.wake("a", "sleeper", .completed(output))
            #expect(woken == .wokenUp(asleep.reference))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == output && done.finishedAt != nil)
            let again = try await subject.wake("a", "sleeper", .failed(.nonRetryable("late")))
            #expect(again == .wasFinished(asleep.reference))
            let unchanged = try await subject.execution(id)
            #expect(unchanged == done)
        },
        Case("a sleeper may be woken up with an error") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            try await subject.wake("a", "sleeper", .failed(.nonRetryable("no")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .failed && failed.error == .nonRetryable("no") && failed.output == nil)
        },
        Case("a sleeper's time is up when it is up") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            try await subject.advance(30_000)
            let early = try await subject.storage.expire(limit: 10)
            #expect(early.count == 0)
            let due = try #require(early.nextDueMs)
            #expect(due > 0 && due <= 30_000)
            try await subject.advance(30_000)
            let expired = try await subject.storage.expire(limit: 10)
            #expect(expired.count == 1 && expired.signals.contains(.finished))
            let timedOut = try await subject.execution(id)
            #expect(timedOut.status == .timedOut && timedOut.error == .timedOut)
            let late = try await subject.wake("a")
            #expect(late == .wasFinished(timedOut.reference))
        },
        Case("a delayed sleeper has its whole time after the delay") { subject in
            let id = try await subject.enqueue(
                .sleeper,
                input: #""a""#,
                options: EnqueueOptions(sleepMsBeforeRun: 30_000)
            )
            try await subject.advance(61_000)
            let early = try await subject.storage.expire(limit: 10)
            #expect(early.count == 0)
            try await subject.advance(29_000)
            let expired = try await subject.storage.expire(limit: 10)
            #expect(expired.count == 1)
            let status = try await subject.status(id)
            #expect(status == .timedOut)
        },
        Case("a sleeper that sleeps for ever does no harm") { subject in
            let options = EnqueueOptions(timeoutMs: TaskOptions.largestInteger)
            let id = try await subject.enqueue(.sleeper, input: #""a""#, options: options)
            let progress = try await subject.storage.expire(limit: 10)
            #expect(progress.count == 0)
            let asleep = try await subject.execution(id)
            #expect(asleep.status == .running && asleep.expiresAt == .latest)
            let woken = try await subject.wake("a")
            #expect(woken == .wokenUp(asleep.reference))
        },
        Case("a sleeper's name is its own, even when it has finished") { subject in
            let first = try await subject.enqueue(.sleeper, input: #""a""#)
            for _ in 0..<2 {
                await #expect(throws: StorageError.sleeperConflict(index: 1)) {
                    _ = try await subject.storage.insert([
                        try NewExecution(of: .sleeper, input: Payload(json: #""b""#)),
                        try NewExecution(of: .sleeper, input: Payload(json: #""a""#)),
                    ])
                }
                try await subject.wake("a")
            }
            await #expect(throws: StorageError.sleeperConflict(index: 2)) {
                _ = try await subject.storage.insert([
                    try NewExecution(of: .sleeper, input: Payload(json: #""c""#)), .plain(),
                    try NewExecution(of: .sequence([.sleeper, .child]), input: Payload(json: #""c""#)),
                ])
            }
            let all = try await subject.storage.list(ExecutionQuery())
            #expect(all.map(\.id) == [first])
        },
        Case("names are compared as texts, however they are escaped") { subject in
            let id = try await subject.enqueue(.sleeper, input: #" "\u0041\ud83d\ude00" "#)
            let asleep = try await subject.execution(id)
            #expect(asleep.sleepingUniqueID == "A😀")
            let woken = try await subject.wake("A😀")
            #expect(woken == .wokenUp(asleep.reference))
        },
        Case("an idempotency key answers with the sleeper that has it") { subject in
            let options = EnqueueOptions(idempotencyKey: "k")
            let new = try NewExecution(of: .sleeper, input: Payload(json: #""a""#), options: options)
            let first = try await subject.storage.insert([new])[0]
            let second = try await subject.storage.insert([new])[0]
            #expect(second == .existing(first.executionID))
        },
        Case("a sleeper among the children is told to its parent") { subject in
            let worker = try await subject.worker()
            let children: [ChildRequest] = [.plain("sleeper", input: #""a""#), .plain("sleeper", input: #""b""#)]
            let id = try await subject.spawn(.parent(), by: worker, children)
            try await subject.wake("a")
            try await subject.tellFamilies()
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1)
            try await subject.advance(60_001)
            _ = try await subject.storage.expire(limit: 10)
            try await subject.tellFamilies()
            let parent = try await subject.execution(id)
            #expect(parent.status == .completed)
            let text = parent.output?.json.map { String(decoding: $0, as: UTF8.self) } ?? ""
            #expect(text.contains(#""status":"completed","output":2}"#))
            #expect(text.contains(#""status":"timed_out","error":{"errorType":"timed_out""#))
        },
    ]

    static let wakeUpCases: [Case] = [
        Case("a wake-up that comes early is kept, and wakes its sleeper at once; the first one counts") { subject in
            let early = try await subject.wake("a", "sleeper", .completed(Payload(json: "1")))
            #expect(early == .kept)
            let second = try await subject.wake("a", "sleeper", .completed(Payload(json: "2")))
            #expect(second == .kept)
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "1"))
            let late = try await subject.wake("a")
            #expect(late == .wasFinished(done.reference))
        },
        Case("an early wake-up with an error fails its sleeper at once") { subject in
            try await subject.wake("a", "sleeper", .failed(.nonRetryable("no")))
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let failed = try await subject.execution(id)
            #expect(failed.status == .failed && failed.error == .nonRetryable("no"))
        },
        Case("an early wake-up is forgotten when its time is over") { subject in
            let kept = try await subject.wake("a", keptForMs: 60_000)
            #expect(kept == .kept)
            try await subject.advance(60_001)
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let status = try await subject.status(id)
            #expect(status == .running)
        },
        Case("a wake-up after a forgotten one is kept anew") { subject in
            try await subject.wake("a", "sleeper", .completed(Payload(json: "1")), keptForMs: 60_000)
            try await subject.advance(60_001)
            try await subject.wake("a", "sleeper", .completed(Payload(json: "2")), keptForMs: 60_000)
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let output = try await subject.execution(id).output
            #expect(output == Payload(json: "2"))
        },
        Case("a wake-up that is not to be kept finds nobody") { subject in
            let result = try await subject.wake("a", keptForMs: 0)
            #expect(result == .notFound)
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let status = try await subject.status(id)
            #expect(status == .running)
        },
        Case("a wake-up of another task's sleeper changes nothing and is told so") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let asleep = try await subject.execution(id)
            let result = try await subject.wake("a", "other_sleeper")
            #expect(result == .ofAnotherTask(asleep.reference))
            let status = try await subject.status(id)
            #expect(status == .running)
        },
        Case("an early wake-up wakes a sleeper that is a child or a member, and their parents are told") { subject in
            let worker = try await subject.worker()
            for name in ["a", "b"] { try await subject.wake(name) }
            let parent = try await subject.spawn(.parent(), by: worker, [.plain("sleeper", input: #""a""#)])
            let sequence = try await subject.enqueue(.sequence([.sleeper, .child]), input: #""b""#)
            try await subject.tellFamilies()
            let status = try await subject.status(parent)
            #expect(status == .completed)
            let lease = try await subject.attempt("child", by: worker)
            #expect(lease.input == Payload(json: "2"))
            let ended = try await subject.status(sequence)
            #expect(ended == .completed)
        },
        Case("of many wake-ups at once one counts") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            let results = try await withThrowingTaskGroup(of: WakeUpResult.self) { group in
                for number in 0..<10 {
                    group.addTask { try await subject.wake("a", "sleeper", .completed(Payload(json: "\(number)"))) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let reference = ExecutionReference(taskID: "sleeper", executionID: id)
            #expect(results.count { $0 == .wokenUp(reference) } == 1)
            #expect(results.count { $0 == .wasFinished(reference) } == 9)
        },
        Case("a wake-up that races with its sleeper's enqueueing is never lost") { subject in
            for round in 0..<30 {
                async let waking = subject.wake("a\(round)")
                async let inserting = subject.enqueue(.sleeper, input: #""a\#(round)""#)
                let (result, id) = try await (waking, inserting)
                let sleeper = try await subject.execution(id)
                #expect(sleeper.status == .completed, "\(result)")
            }
        },
    ]
}
