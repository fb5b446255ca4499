import DurableCore
import Testing

extension StorageConformance {
    static let insertCases: [Case] = [
        Case("an inserted execution is ready and keeps everything it came with") { subject in
            let options = TaskOptions(
                timeoutMs: TaskOptions.largestInteger,
                retryOptions: RetryOptions(
                    maxAttempts: 1000,
                    baseDelayMs: 3_600_000,
                    delayMultiplier: 10,
                    maxDelayMs: 86_400_000,
                    jitter: 0.25
                ),
                sleepMsBeforeRun: 0.5
            )
            let input = Payload(
                json: Array(#"{"when":"2026-01-01T00:00:00.000Z"}"#.utf8),
                meta: Array(#"[[1,"when"]]"#.utf8)
            )
            let trace = TraceContext(traceparent: "00-11-22-01", tracestate: "a=b")
            let new = NewExecution(taskID: "add1", input: input, options: options, trace: trace)
            let id = try await subject.storage.insert([new])[0].executionID

            let execution = try await subject.execution(id)
            #expect(execution.status == .ready)
            #expect(execution.taskID == "add1")
            #expect(execution.options == options)
            #expect(execution.input == input)
            #expect(execution.attempt == 0)
            #expect(execution.error == nil && execution.output == nil && execution.finishedAt == nil)
            #expect(execution.startAt >= execution.createdAt)

            try await subject.advance(1)
            let lease = try await subject.leaseOne(try await subject.worker())
            #expect(lease.trace == trace)
            #expect(lease.options == options)
            #expect(lease.input == input)
        },
        Case("payloads come back byte for byte") { subject in
            let texts = [
                "null", "1", "-0", "1.50", "1e400", #""""#, #""\u0000""#, #""\ud800""#, #"{"a":1,"a":2}"#, " [ 1 ,2] ",
                #"{"ключ":"😀"}"#, String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
            ]
            let ids = try await subject.storage.insert(texts.map { .plain(input: $0) }).map(\.executionID)
            let executions = try await subject.storage.executions(ids)
            for (id, text) in zip(ids, texts) { #expect(executions[id]?.input == Payload(json: text)) }
        },
        Case("an absent input is not null") { subject in
            let new = NewExecution(taskID: "add1", input: .undefined, options: TaskOptions(timeoutMs: 1))
            let id = try await subject.storage.insert([new])[0].executionID
            let execution = try await subject.execution(id)
            #expect(execution.input == .undefined)
        },
        Case("inserting nothing does nothing") { subject in
            let insertions = try await subject.storage.insert([])
            #expect(insertions.isEmpty)
        },
        Case("an unknown execution is absent") { subject in
            let id = ExecutionID(bits: 1)
            let found = try await subject.storage.executions([id])
            #expect(found.isEmpty)
            let settled = try await subject.storage.settled(among: [id], limit: 1)
            #expect(settled == [id: nil])
        },
        Case("the same idempotency key answers with the first execution") { subject in
            let first = try await subject.storage.insert([.plain(key: "k")])[0]
            let second = try await subject.storage.insert([.plain(key: "k")])[0]
            #expect(second == .existing(first.executionID))
            let other = try await subject.storage.insert([.plain("add2", key: "k")])[0]
            #expect(other == .inserted(other.executionID))
        },
        Case("the same idempotency key twice in one batch makes one execution") { subject in
            let insertions = try await subject.storage.insert([.plain(key: "k"), .plain(), .plain(key: "k")])
            #expect(insertions[2] == .existing(insertions[0].executionID))
            let all = try await subject.storage.list(ExecutionQuery())
            #expect(all.count == 2)
        },
        Case("an idempotency key with another input is refused, and nothing of the batch is stored") { subject in
            _ = try await subject.storage.insert([.plain(input: "1", key: "k")])
            await #expect(throws: StorageError.idempotencyConflict(index: 2)) {
                _ = try await subject.storage.insert([.plain(), .plain(key: "l"), .plain(input: "2", key: "k")])
            }
            let all = try await subject.storage.list(ExecutionQuery())
            #expect(all.count == 1)
            let again = try await subject.storage.insert([.plain(input: "3", key: "l")])[0]
            #expect(again == .inserted(again.executionID))
        },
        Case("concurrent inserts with one idempotency key make one execution") { subject in
            let ids = try await withThrowingTaskGroup(of: ExecutionID.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await subject.storage.insert([.plain(key: "k")])[0].executionID }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        },
        Case("lists newest first, filtered and in pages") { subject in
            var ids: [ExecutionID] = []
            for index in 0..<5 {
                try await subject.advance(2)
                ids.append(try await subject.enqueue(index == 2 ? "add2" : "add1"))
            }
            ids.sort(by: >)
            let all = try await subject.storage.list(ExecutionQuery())
            #expect(all.map(\.id) == ids)
            let page = try await subject.storage.list(ExecutionQuery(limit: 2))
            #expect(page.map(\.id) == Array(ids.prefix(2)))
            let next = try await subject.storage.list(ExecutionQuery(before: ids[1], limit: 2))
            #expect(next.map(\.id) == Array(ids[2..<4]))
            let ofTask = try await subject.storage.list(ExecutionQuery(taskID: "add2"))
            #expect(ofTask.count == 1)

            let worker = try await subject.worker()
            let leases = try await subject.lease(worker, limit: 2)
            _ = try await subject.settle(leases[0], .completed(.undefined))
            for (status, count) in [(ExecutionStatus.completed, 1), (.running, 1), (.ready, 3), (.failed, 0)] {
                let matching = try await subject.storage.list(ExecutionQuery(statuses: [status]))
                #expect(matching.count == count, "\(status)")
            }
            let unfinished = try await subject.storage.list(ExecutionQuery(statuses: [.running, .ready]))
            #expect(unfinished.count == 4)
        },
    ]

    static let taskCases: [Case] = [
        Case("registered tasks are known, the latest registration wins") { subject in
            let options = TaskOptions(
                timeoutMs: 5000,
                retryOptions: RetryOptions(maxAttempts: 3, delayMultiplier: 1.5),
                sleepMsBeforeRun: 2.5
            )
            let add1 = TaskDefinition(id: "add1", options: options)
            let add2 = TaskDefinition(id: "add2", options: TaskOptions(timeoutMs: 1))
            let first = try await subject.storage.register([add1, add2])
            #expect(first.isEmpty)
            let same = try await subject.storage.register([add1])
            #expect(same.isEmpty)
            let changed = TaskDefinition(id: "add2", options: TaskOptions(timeoutMs: 2))
            let second = try await subject.storage.register([changed])
            #expect(second == ["add2"])
            let tasks = try await subject.storage.tasks()
            #expect(tasks == [add1, changed])
        }
    ]
}
