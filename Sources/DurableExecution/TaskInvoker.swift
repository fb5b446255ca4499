import DurableCoding
import DurableCore
import Logging

/// Makes the attempts of a task that is written in Swift.
struct TaskInvoker<Input: Sendable, Output: Sendable>: Invoker {
    let task: DurableTask<Input, Output>
    let logger: Logger
    let run: @Sendable (Input, RunContext) async throws -> Answer

    /// What an attempt answers, before it is a payload.
    struct Answer: Sendable {
        let output: @Sendable () throws -> Payload
        var children: [ChildTask]?
    }

    /// The largest output, in bytes of JSON.
    private static var largestOutput: Int { 1 << 20 }

    func invoke(_ attempt: Attempt) async -> Outcome {
        do {
            let input = try self.input(attempt.lease.input)
            let answer = try await run(input, RunContext(attempt, logger: logger))
            let output = try payload(answer.output)
            guard let children = answer.children else { return .completed(output) }
            return .spawned(output, children: try children.enumerated().map { try $1.request(index: $0) })
        } catch {
            return .failed(ExecutionError(reporting: error))
        }
    }

    private func input(_ payload: Payload) throws(ExecutionError) -> Input {
        do {
            return try task.decodeInput(payload)
        } catch {
            throw .nonRetryable(error.message)
        }
    }

    private func payload(_ output: () throws -> Payload) throws(ExecutionError) -> Payload {
        let payload: Payload
        do {
            payload = try output()
        } catch {
            throw .nonRetryable("The output of task \(task.id) cannot be encoded: \(text(of: error))")
        }
        guard payload.size <= Self.largestOutput else {
            throw .nonRetryable(
                "The output of task \(task.id) is \(payload.size) bytes of JSON; at most \(Self.largestOutput) are kept"
            )
        }
        return payload
    }
}

extension ExecutionError {
    /// What is recorded of an error that a task threw.
    ///
    /// A task that wants no retry throws an ``ExecutionError`` that says so;
    /// any other error may be tried again.
    fileprivate init(reporting error: any Error) {
        switch error {
        case let error as ExecutionError: self = error
        case is CancellationError:
            self = Task.isCancelled ? .cancelled : .retryable("The task was cancelled from within")
        default: self = .retryable(text(of: error))
        }
    }
}
