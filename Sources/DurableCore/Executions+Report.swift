extension Executions {
    /// How many executions of a tree a report tells of, and how deep it looks.
    private static let mostReported = 200
    private static let deepestReported = 8
    /// How many members of a sequence or iterations of a loop are told of: the latest.
    private static let mostChainReported = 20
    /// How many executions are looked up at once: with their payloads, which may be large and are let go.
    private static let reportBatch = 20

    /// An execution with its history, what is below it, and what it takes to say why it is where it is.
    ///
    /// Of a large tree it tells the part nearest to the execution.
    package func report(on id: String, of taskID: TaskID) async throws(RequestError) -> ExecutionReport {
        let execution = try await execution(id, of: taskID)
        var known: [ExecutionID: Execution] = [:]
        var level = Self.reported(below: execution)
        for _ in 0..<Self.deepestReported where !level.isEmpty {
            let ids = level.prefix(Self.mostReported - known.count)
            for start in stride(from: ids.startIndex, to: ids.endIndex, by: Self.reportBatch) {
                let batch = Array(ids[start..<min(start + Self.reportBatch, ids.endIndex)])
                for (id, execution) in try await executions(batch) { known[id] = execution.withoutPayloads }
            }
            level = ids.flatMap { known[$0].map(Self.reported) ?? [] }
        }
        let attempts = try await attempts(of: execution.id)
        let workers = try await workers(serving: taskID)
        return ExecutionReport(execution, attempts: attempts, known: known, workers: workers)
    }

    private static func reported(below execution: Execution) -> [ExecutionID] {
        let parts = execution.parts.map(\.executionID)
        return execution.kind.isChain ? parts.suffix(mostChainReported) : parts
    }
}

extension Execution {
    fileprivate var withoutPayloads: Execution {
        var execution = self
        execution.input = .undefined
        execution.output = nil
        return execution
    }
}
