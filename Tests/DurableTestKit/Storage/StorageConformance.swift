package import DurableCore

/// What every storage must do, as cases that run over any of them.
package enum StorageConformance {
    /// A storage whose clock the test can move.
    package struct Subject: Sendable {
        package let storage: any Storage
        /// Moves the storage's clock forward by that many milliseconds.
        package let advance: @Sendable (_ milliseconds: Int) async throws -> Void

        package init(storage: any Storage, advance: @escaping @Sendable (_ milliseconds: Int) async throws -> Void) {
            self.storage = storage
            self.advance = advance
        }
    }

    /// One behaviour, named as a sentence.
    package struct Case: Sendable, CustomStringConvertible {
        package let description: String
        package let run: @Sendable (Subject) async throws -> Void

        init(_ description: String, _ run: @escaping @Sendable (Subject) async throws -> Void) {
            self.description = description
            self.run = run
        }
    }

    package static let cases: [Case] = [
        insertCases, leaseCases, settleCases, upkeepCases, taskCases, priorityCases, historyCases,
        parentCases, refusedChildrenCases, familyRaceCases, finalizeCases, descentCases,
        sequenceCases, loopCases, sleeperCases, wakeUpCases, deadlineCases, retryCases, resumeCases, pruningCases,
    ].flatMap { $0 }
}

extension StorageConformance.Subject {
    /// Registers a worker and returns its id.
    func worker(leaseMs: Int = 15_000) async throws -> WorkerID {
        let id = WorkerID.random()
        try await storage.register(WorkerRegistration(id: id, name: "test", leaseMs: leaseMs))
        return id
    }

    func enqueue(
        _ taskID: TaskID = "add1",
        input: String = #"{"n":0}"#,
        retries: RetryOptions = .none,
        sleepMs: Double = 0
    ) async throws -> ExecutionID {
        let insertions = try await storage.insert([.plain(taskID, input: input, retries: retries, sleepMs: sleepMs)])
        guard let insertion = insertions.first else { throw Missing(what: "insertion") }
        return insertion.executionID
    }

    func insert(_ new: NewExecution) async throws -> ExecutionID {
        guard let insertion = try await storage.insert([new]).first else { throw Missing(what: "insertion") }
        return insertion.executionID
    }

    func lease(_ worker: WorkerID, _ tasks: [TaskID] = ["add1"], limit: Int = 100) async throws -> [Lease] {
        try await storage.lease(LeaseRequest(worker: worker, tasks: tasks, limit: limit)).leases
    }

    /// Leases the one execution of the task that is due.
    func leaseOne(_ worker: WorkerID, of task: TaskID = "add1") async throws -> Lease {
        guard let lease = try await lease(worker, [task], limit: 1).first else {
            throw Missing(what: "lease of \(task)")
        }
        return lease
    }

    func execution(_ id: ExecutionID) async throws -> Execution {
        guard let execution = try await storage.executions([id])[id] else { throw Missing(what: "execution") }
        return execution
    }

    @discardableResult
    func settle(
        _ lease: Lease,
        _ outcome: Outcome,
        tasks: [TaskDefinition] = [],
        maxChildren: Int = 10_000
    ) async throws -> Bool {
        let circumstances = ExecutionStateMachine.Circumstances(
            tasks: Dictionary(tasks.map { ($0.id, $0) }) { _, last in last },
            maxChildren: maxChildren
        )
        let settlement = ExecutionStateMachine.settlement(of: lease, outcome, circumstances)
        return try await storage.settle([settlement]).contains(lease.id)
    }
}

struct Missing: Error {
    let what: String
}

extension Storage {
    /// Settles and leases at once; nobody is told.
    package func settle(
        _ settlements: [Settlement],
        leasing request: LeaseRequest
    ) async throws(StorageError) -> Exchange {
        var signals: Set<Signal> = []
        return try await settle(settlements, leasing: request, announcing: &signals)
    }
}

extension NewExecution {
    package static func plain(
        _ taskID: TaskID = "add1",
        input: String = #"{"n":0}"#,
        retries: RetryOptions = .none,
        sleepMs: Double = 0,
        key: String? = nil
    ) -> NewExecution {
        NewExecution(
            taskID: taskID,
            input: Payload(json: input),
            options: TaskOptions(timeoutMs: 5000, retryOptions: retries, sleepMsBeforeRun: sleepMs),
            idempotencyKey: key
        )
    }
}
