extension InMemoryStorage {
    public func register(_ worker: WorkerRegistration) {
        workers[worker.id] = Worker(registration: worker, renewedAt: now())
    }

    public func workers(serving task: TaskID) -> Int {
        workers.values.count { worker in
            worker.registration.tasks.contains(task) && !worker.hasLapsed(at: now())
        }
    }

    public func renew(_ worker: WorkerID, holding leases: [LeaseID]) -> Renewal? {
        guard workers[worker] != nil else { return nil }
        workers[worker]?.renewedAt = now()
        return Renewal(
            lost: Set(leases.filter { !holds(worker, $0) }),
            isUpkeepDue: !closings.isEmpty || isDeadlineNear,
            isReclaimDue: isReclaimDue
        )
    }

    public func retire(_ worker: WorkerID) {
        workers[worker] = nil
    }

    public func lease(_ request: LeaseRequest) throws(StorageError) -> LeaseBatch {
        guard workers[request.worker] != nil else { return LeaseBatch(leases: [], nextDueMs: nil) }
        let now = now()
        let served = Set(request.tasks)
        let waiting = records.executions(records.ready).filter { served.contains($0.taskID) }
        let due = waiting.filter { $0.startAt <= now }
            .sorted { (-$0.priority, $0.startAt, $0.id) < (-$1.priority, $1.startAt, $1.id) }
        var leases: [Lease] = []
        for var execution in due.prefix(max(0, request.limit)) {
            _ = try decide(execution, .leased)
            execution.status = .running
            execution.attempt += 1
            execution.workerID = request.worker
            execution.startedAt = now
            execution.updatedAt = now
            records[execution.id]?.execution = execution
            leases.append(
                Lease(
                    id: LeaseID(executionID: execution.id, attempt: execution.attempt),
                    taskID: execution.taskID,
                    kind: execution.kind,
                    family: execution.family,
                    input: execution.input,
                    options: execution.options,
                    retryAttempts: execution.retryAttempts,
                    leaseLosses: execution.leaseLosses,
                    previousError: execution.error,
                    trace: records[execution.id]?.trace,
                    startedAt: now
                )
            )
        }
        let next = waiting.map(\.startAt).filter { $0 > now }.min()
        return LeaseBatch(
            leases: leases,
            nextDueMs: leases.count < request.limit ? next?.milliseconds(since: now) : nil,
            hasMore: leases.count < due.count
        )
    }

    public func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) {
        let known = Set(leases)
        for execution in records.executions(records.leased).sorted(by: { $0.id < $1.id }) {
            let lease = LeaseID(executionID: execution.id, attempt: execution.attempt)
            guard holds(worker, lease), !known.contains(lease) else { continue }
            apply(ExecutionStateMachine.release(of: lease).transition, to: execution.id)
        }
    }

    public func settle(_ settlements: [Settlement]) -> Set<LeaseID> {
        var held: Set<LeaseID> = []
        for settlement in settlements where holds(nil, settlement.lease) {
            apply(settlement.transition, to: settlement.lease.executionID)
            held.insert(settlement.lease)
        }
        return held
    }

    private func holds(_ worker: WorkerID?, _ lease: LeaseID) -> Bool {
        guard let execution = records[lease.executionID]?.execution else { return false }
        return execution.status == .running && execution.kind.isLeased && execution.attempt == lease.attempt
            && (worker == nil || execution.workerID == worker)
    }
}
