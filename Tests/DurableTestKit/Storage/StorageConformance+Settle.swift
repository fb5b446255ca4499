import DurableCore
import Testing

extension StorageConformance {
    static let settleCases: [Case] = [
        Case("a completed execution keeps its output, annotations included") { subject in
            let id = try await subject.enqueue()
            let worker = try await subject.worker()
            let lease = try await subject.leaseOne(worker)
            let output = Payload(
                json: Array(#"{"at":"2026-01-01T00:00:00.000Z"}"#.utf8),
                meta: Array(#"[[1,"at"]]"#.utf8)
            )
            let held = try await subject.settle(lease, .completed(output))
            #expect(held)
            let execution = try await subject.execution(id)
            #expect(execution.status == .completed)
            #expect(execution.output == output)
            #expect(execution.error == nil)
            #expect(execution.startedAt == lease.startedAt)
            #expect(execution.finishedAt.map { $0 >= lease.startedAt } == true)
            #expect(execution.workerID == worker && execution.attempt == 1)
            let settled = try await subject.storage.settled(among: [id], limit: 1)
            #expect(settled == [id: execution])
        },
        Case("tells of no more that have settled than are asked for, and of none that has not") { subject in
            var ids: [ExecutionID] = []
            for _ in 0..<4 { ids.append(try await subject.enqueue()) }
            _ = try await subject.storage.cancel(Array(ids.dropLast()))
            let some = try await subject.storage.settled(among: ids, limit: 2)
            #expect(some.count == 2)
            let all = try await subject.storage.settled(among: ids, limit: 4)
            #expect(Set(all.keys) == Set(ids.dropLast()))
            #expect(all.values.allSatisfy { $0?.status == .cancelled })
        },
        Case("settles and leases in one go") { subject in
            for _ in 0..<5 { _ = try await subject.enqueue() }
            let worker = try await subject.worker()
            let first = try await subject.lease(worker, limit: 3)
            let lost = try await subject.lease(worker, limit: 1)
            _ = try await subject.storage.cancel(lost.map(\.executionID))
            let exchange = try await subject.storage.settle(
                (first.dropLast() + lost).map {
                    ExecutionStateMachine.settlement(of: $0, .completed(Payload(json: "1")), .init())
                } + first.suffix(1).map { ExecutionStateMachine.release(of: $0.id) },
                leasing: LeaseRequest(worker: worker, tasks: ["add1"], limit: 5)
            )
            #expect(exchange.held == Set(first.map(\.id)))
            // The one that had not been leased, and the one that was given back with this very call.
            #expect(exchange.batch.leases.count == 2)
            #expect(exchange.batch.leases.map(\.id.attempt).sorted() == [1, 2])
            for lease in first.dropLast() {
                let execution = try await subject.execution(lease.executionID)
                #expect(execution.status == .completed && execution.output == Payload(json: "1"))
            }
            let cancelled = try await subject.execution(lost[0].executionID)
            #expect(cancelled.status == .cancelled)
        },
        Case("leases without settling, and settles without leasing, in one go as well") { subject in
            let id = try await subject.enqueue()
            let worker = try await subject.worker()
            let request = LeaseRequest(worker: worker, tasks: ["add1"], limit: 1)
            let leased = try await subject.storage.settle([], leasing: request)
            #expect(leased.held.isEmpty && leased.batch.leases.map(\.executionID) == [id])
            let settlement = ExecutionStateMachine.settlement(
                of: leased.batch.leases[0],
                .completed(.undefined),
                .init()
            )
            let settled = try await subject.storage.settle(
                [settlement],
                leasing: LeaseRequest(worker: worker, tasks: ["add1"], limit: 0)
            )
            #expect(settled.held == [settlement.lease] && settled.batch.leases.isEmpty)
        },
        Case("an execution may complete without an output") { subject in
            let id = try await subject.enqueue()
            let lease = try await subject.leaseOne(try await subject.worker())
            _ = try await subject.settle(lease, .completed(.undefined))
            let execution = try await subject.execution(id)
            #expect(execution.status == .completed && execution.output == .undefined)
        },
        Case("a retryable failure is tried again after its delay, with the error at hand") { subject in
            let id = try await subject.enqueue(retries: RetryOptions(maxAttempts: 1, baseDelayMs: 30_000))
            let worker = try await subject.worker(leaseMs: 60_000)
            let first = try await subject.leaseOne(worker)
            _ = try await subject.settle(first, .failed(.retryable("boom")))

            let waiting = try await subject.execution(id)
            #expect(waiting.status == .ready && waiting.retryAttempts == 1 && waiting.error == .retryable("boom"))
            #expect(waiting.startedAt == nil && waiting.workerID == nil)
            let early = try await subject.lease(worker)
            #expect(early.isEmpty)

            try await subject.advance(30_001)
            let second = try await subject.leaseOne(worker)
            #expect(second.id.attempt == 2 && second.retryAttempts == 1)
            #expect(second.previousError == .retryable("boom"))
            _ = try await subject.settle(second, .failed(.retryable("boom again")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .failed && failed.error == .retryable("boom again") && failed.retryAttempts == 1)
        },
        Case("success forgets the error of the attempt before") { subject in
            let id = try await subject.enqueue(retries: RetryOptions(maxAttempts: 1))
            let worker = try await subject.worker()
            _ = try await subject.settle(try await subject.leaseOne(worker), .failed(.retryable("boom")))
            try await subject.advance(1)
            _ = try await subject.settle(try await subject.leaseOne(worker), .completed(.undefined))
            let execution = try await subject.execution(id)
            #expect(execution.status == .completed && execution.error == nil && execution.retryAttempts == 1)
        },
        Case("the kind of an error decides the final status") { subject in
            let endings: [(ExecutionError, ExecutionStatus)] = [
                (.nonRetryable("no"), .failed), (.notFound("where"), .failed), (.timedOut, .timedOut),
                (.cancelled, .cancelled), (.nonRetryable("\u{0}\u{FFFD}😀\"\\"), .failed),
            ]
            let worker = try await subject.worker()
            for (error, status) in endings {
                let id = try await subject.enqueue()
                _ = try await subject.settle(try await subject.leaseOne(worker), .failed(error))
                let execution = try await subject.execution(id)
                #expect(execution.status == status)
                #expect(execution.error == error)
            }
        },
        Case("delays of any size saturate") { subject in
            let id = try await subject.enqueue(
                retries: RetryOptions(maxAttempts: 1000, baseDelayMs: 3_600_000, delayMultiplier: 10)
            )
            let lease = try await subject.leaseOne(try await subject.worker())
            let far = ExecutionStateMachine.Transition.ready(delayMs: .infinity, error: .timedOut, cost: .retry)
            let held = try await subject.storage.settle([Settlement(lease: lease.id, transition: far)])
            #expect(held == [lease.id])
            let execution = try await subject.execution(id)
            #expect(execution.startAt == .latest)
        },
        Case("a stale lease changes nothing and is told so") { subject in
            let id = try await subject.enqueue(retries: RetryOptions(maxAttempts: 3))
            let worker = try await subject.worker()
            let first = try await subject.leaseOne(worker)
            _ = try await subject.settle(first, .failed(.retryable("boom")))
            try await subject.advance(1)
            let second = try await subject.leaseOne(worker)
            let stale = try await subject.settle(first, .completed(Payload(json: "1")))
            #expect(!stale)
            let both = try await subject.storage.settle([
                ExecutionStateMachine.settlement(
                    of: first,
                    .completed(Payload(json: "1")),
                    ExecutionStateMachine.Circumstances()
                ),
                ExecutionStateMachine.settlement(
                    of: second,
                    .completed(Payload(json: "2")),
                    ExecutionStateMachine.Circumstances()
                ),
            ])
            #expect(both == [second.id])
            let twice = try await subject.settle(second, .completed(Payload(json: "3")))
            #expect(!twice)
            let execution = try await subject.execution(id)
            #expect(execution.output == Payload(json: "2"))
        },
        Case("many settlements of every sort are recorded together") { subject in
            for index in 0..<30 {
                _ = try await subject.enqueue(input: "\(index)", retries: RetryOptions(maxAttempts: 1))
            }
            let leases = try await subject.lease(try await subject.worker(), limit: 30)
            let outcomes: [Outcome] = [
                .completed(Payload(json: "true")), .failed(.retryable("again")), .failed(.nonRetryable("no")),
            ]
            let settlements = leases.enumerated().map { index, lease in
                ExecutionStateMachine.settlement(of: lease, outcomes[index % 3], ExecutionStateMachine.Circumstances())
            }
            let held = try await subject.storage.settle(settlements)
            #expect(held == Set(leases.map(\.id)))
            for status in [ExecutionStatus.completed, .ready, .failed] {
                let matching = try await subject.storage.list(ExecutionQuery(statuses: [status]))
                #expect(matching.count == 10)
            }
        },
        Case("a lease that is given back costs nothing and keeps its place") { subject in
            let id = try await subject.enqueue()
            try await subject.advance(10)
            let later = try await subject.enqueue()
            let worker = try await subject.worker()
            let lease = try await subject.lease(worker, limit: 1)[0]
            let held = try await subject.storage.settle([ExecutionStateMachine.release(of: lease.id)])
            #expect(held == [lease.id])
            let execution = try await subject.execution(id)
            #expect(execution.status == .ready && execution.retryAttempts == 0 && execution.leaseLosses == 0)
            #expect(execution.error == nil)
            let again = try await subject.lease(worker)
            #expect(again.map(\.id) == [LeaseID(executionID: id, attempt: 2), LeaseID(executionID: later, attempt: 1)])
        },
        Case("cancelling ends what is ready and what runs, and leaves what is finished") { subject in
            let worker = try await subject.worker()
            let done = try await subject.enqueue()
            _ = try await subject.settle(try await subject.leaseOne(worker), .completed(.undefined))
            let running = try await subject.enqueue()
            let lease = try await subject.leaseOne(worker)
            let ready = try await subject.enqueue()

            let cancelled = try await subject.storage.cancel([done, running, ready, ExecutionID(bits: 7)])
            #expect(cancelled == [running, ready])
            let again = try await subject.storage.cancel([done, running, ready])
            #expect(again.isEmpty)

            let executions = try await subject.storage.executions([done, running, ready])
            #expect(executions[done]?.status == .completed)
            for id in [running, ready] {
                #expect(executions[id]?.status == .cancelled)
                #expect(executions[id]?.error == .cancelled)
                #expect(executions[id]?.finishedAt != nil)
            }
            #expect(executions[running]?.workerID == worker)
            #expect(executions[ready]?.startedAt == nil)
            let late = try await subject.settle(lease, .completed(.undefined))
            #expect(!late)
            let leases = try await subject.lease(worker)
            #expect(leases.isEmpty)
        },
        Case("cancelling races with leasing and settling, and one of them wins") { subject in
            let ids = try await subject.storage.insert((0..<60).map { _ in .plain() }).map(\.executionID)
            let worker = try await subject.worker()
            async let cancelling = subject.storage.cancel(ids)
            async let working: Set<ExecutionID> = {
                var settled: Set<ExecutionID> = []
                while true {
                    let leases = try await subject.lease(worker, limit: 3)
                    if leases.isEmpty { return settled }
                    let settlements = leases.map {
                        ExecutionStateMachine.settlement(
                            of: $0,
                            .completed(.undefined),
                            ExecutionStateMachine.Circumstances()
                        )
                    }
                    settled.formUnion(try await subject.storage.settle(settlements).map(\.executionID))
                }
            }()
            let (cancelled, completed) = try await (cancelling, working)
            #expect(cancelled.isDisjoint(with: completed))
            #expect(cancelled.union(completed) == Set(ids))
            let executions = try await subject.storage.executions(ids)
            for id in ids { #expect(executions[id]?.status == (cancelled.contains(id) ? .cancelled : .completed)) }
        },
    ]
}
