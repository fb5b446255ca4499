import DurableCore
import DurableWorker

/// What the registering of all kinds of tasks has in common.
extension DurableExecutor {
    /// A task whose attempts a closure makes.
    func registration<Input, Output>(
        of task: DurableTask<Input, Output>,
        run: @escaping @Sendable (Input, RunContext) async throws -> Output
    ) -> RegisteredTask {
        let codec = task.output
        return registration(of: task) { input, context in
            let output = try await run(input, context)
            return TaskInvoker.Answer { try codec.encode(output) }
        }
    }

    /// A task whose attempts a closure makes, and bring children.
    func registration<Input, Output, RunOutput>(
        ofParent task: DurableTask<Input, Output>,
        run: @escaping @Sendable (Input, RunContext) async throws -> Spawn<RunOutput>
    ) -> RegisteredTask {
        registration(of: task) { input, context in
            let spawn = try await run(input, context)
            return TaskInvoker.Answer(output: spawn.output, children: spawn.children)
        }
    }

    /// A task whose own row makes no attempts: a sequence, a loop, a sleeper.
    func registration<Input, Output>(withoutAttempts task: DurableTask<Input, Output>) -> RegisteredTask {
        RegisteredTask(definition: task.definition, invoker: nil, check: check(for: task))
    }

    private func registration<Input, Output>(
        of task: DurableTask<Input, Output>,
        answer: @escaping @Sendable (Input, RunContext) async throws -> TaskInvoker<Input, Output>.Answer
    ) -> RegisteredTask {
        RegisteredTask(
            definition: task.definition,
            invoker: TaskInvoker(task: task, logger: logger, run: answer),
            check: check(for: task)
        )
    }

    private func check<Input, Output>(for task: DurableTask<Input, Output>) -> InputCheck {
        { payload throws(InvalidTask) in _ = try task.decodeInput(payload) }
    }
}
