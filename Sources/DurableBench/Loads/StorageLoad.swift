import DurableCore
import DurableWorker
import Synchronization

/// The storage's verbs, said as often as possible: what a worker would say if procedures took no time.
struct StorageLoad: Sendable {
    let storage: any Storage
    let tasks: [TaskID]
    let status: StatusLine

    /// What was done, and what it took.
    struct Result: Sendable {
        var executions = 0
        /// How many statements were sent.
        var statements = 0
        var seconds = 0.0

        var rate: Double { Double(executions) / max(seconds, 1e-9) }

        static func += (left: inout Result, right: Result) {
            left.executions += right.executions
            left.statements += right.statements
            left.seconds += right.seconds
        }
    }

    /// Inserts executions, evenly of each task, in batches.
    func insert(_ count: Int, batch: Int) async throws -> Result {
        let start = ContinuousClock.now
        var result = Result()
        let new = tasks.map { NewExecution(taskID: $0, input: Self.input, options: TaskOptions(timeoutMs: 60_000)) }
        while result.executions < count {
            try Task.checkCancellation()
            let from = result.executions
            let executions = (from..<min(count, from + batch)).map { new[$0 % new.count] }
            _ = try await storage.insert(executions)
            result.executions += executions.count
            result.statements += 1
            status.advance(by: executions.count)
        }
        result.seconds = (ContinuousClock.now - start) / .seconds(1)
        return result
    }

    /// Who leases and settles, one batch at a time.
    final class Worker: Sendable {
        let id = WorkerID.random()
        let looks = Mutex(Looks(longestPoll: .seconds(1), at: .now))
    }

    /// Announces workers whose leases outlive every benchmark.
    func register(_ count: Int) async throws -> [Worker] {
        let workers = (0..<count).map { _ in Worker() }
        for worker in workers {
            try await storage.register(
                WorkerRegistration(id: worker.id, name: "durable bench", leaseMs: 86_400_000, tasks: tasks)
            )
        }
        return workers
    }

    /// Has workers lease executions and complete them, until none is left or so many are done.
    func drain(atMost count: Int = .max, by workers: [Worker], batch: Int) async throws -> Result {
        let quota = Quota(count)
        return try await together(workers) { try await work($0, through: quota, batch: batch) }
    }

    /// Has each worker insert, lease and complete in turn for a while, so that there is always a batch ready for it.
    func churn(for duration: Duration, by workers: [Worker], batch: Int) async throws -> Result {
        let end = ContinuousClock.now + duration
        return try await together(workers) { worker in
            var result = Result()
            while ContinuousClock.now < end {
                result.statements += try await insert(batch, batch: batch).statements
                result += try await work(worker, through: Quota(batch), batch: batch)
            }
            return result
        }
    }

    /// What workers do at the same time, together.
    private func together(
        _ workers: [Worker],
        _ work: @escaping @Sendable (Worker) async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now
        var result = try await withThrowingTaskGroup(of: Result.self) { group in
            for worker in workers { group.addTask { try await work(worker) } }
            return try await group.reduce(into: Result()) { $0 += $1 }
        }
        result.seconds = (ContinuousClock.now - start) / .seconds(1)
        return result
    }

    /// Says what a worker says: what came of the batch before, and what it wants next, in one call.
    private func work(_ worker: Worker, through quota: Quota, batch: Int) async throws -> Result {
        var result = Result()
        var deadline = ContinuousClock.now + Self.patience
        var settlements: [Settlement] = []
        while true {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let limit = quota.take(batch)
            let request = LeaseRequest(
                worker: worker.id,
                tasks: tasks,
                limit: limit,
                position: worker.looks.withLock { $0.position(at: start) }
            )
            var signals: Set<Signal> = []
            let exchange = try await storage.settle(settlements, leasing: request, announcing: &signals)
            guard exchange.held.count == settlements.count else {
                throw BenchError("Leases were lost that nobody took")
            }
            result.statements += (settlements.isEmpty ? 0 : 1) + (limit > 0 ? 1 : 0)
            result.executions += settlements.count
            status.advance(by: settlements.count)
            guard limit > 0 else { return result }
            let leases = exchange.batch.leases
            quota.giveBack(limit - leases.count)
            worker.looks.withLock { $0.looked(request, from: start, to: .now, exchange.batch) }
            settlements = leases.map { Settlement(lease: $0.id, transition: .finish(.completed(Self.output))) }
            if leases.isEmpty {
                // While another worker is leasing, what it leaves cannot be seen; who wants so many waits for it. And what
                // has been passed by is seen by the next whole look.
                let isOver = quota.isBounded ? ContinuousClock.now >= deadline : request.position == nil
                if isOver { return result }
                try await Task.sleep(for: .milliseconds(1))
            } else {
                deadline = .now + Self.patience
            }
        }
    }

    private static let patience = Duration.seconds(5)

    /// 100 bytes.
    static let input = Payload(json: #"{"text":""# + String(repeating: "x", count: 89) + #""}"#)
    static let output = Payload(json: #"{"ok":true}"#)
}

/// How much is left to do, shared by those who do it.
private final class Quota: Sendable {
    /// Whether it ends before there is nothing left to lease.
    let isBounded: Bool
    private let left: Mutex<Int>

    init(_ count: Int) {
        isBounded = count < .max
        left = Mutex(count)
    }

    func take(_ most: Int) -> Int {
        left.withLock { left in
            let count = min(most, left)
            left -= count
            return count
        }
    }

    func giveBack(_ count: Int) {
        left.withLock { $0 += count }
    }
}
