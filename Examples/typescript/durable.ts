/**
 * The durable execution service, as an app that uses `@orpc/client` sees it: its procedures as types, and typed handles for
 * tasks. The service is no TypeScript program, so there is no router to import types from; this file stands in for
 * `durable-execution-orpc-utils`. Copy it into your app: it has no dependencies and nothing to build.
 *
 * See README.md beside it for the names that differ from that package's.
 */

export type RetryOptions = {
  /** Retries after the first attempt, 0 to 1000. */
  maxAttempts: number
  /** The delay before the first retry. */
  baseDelayMs?: number
  /** What each further delay is multiplied with, 0.1 to 10. */
  delayMultiplier?: number
  /** The longest delay. */
  maxDelayMs?: number
  /** How much of a delay is left to chance, 0 to 1. */
  jitter?: number
}

/** What replaces the task's own options for one execution. */
export type EnqueueOptions = {
  retryOptions?: RetryOptions
  /** The delay before the first attempt. */
  sleepMsBeforeRun?: number
  /** How long one attempt may take. */
  timeoutMs?: number
  /** Enqueueing the task again with the same key answers with the first execution instead of a second one. */
  idempotencyKey?: string
}

export type ExecutionError = {
  errorType: 'generic' | 'not_found' | 'timed_out' | 'cancelled'
  message: string
  isRetryable: boolean
  isInternal: boolean
}

type ExecutionBase = {
  taskId: string
  executionId: string
  areChildrenSequential: boolean
  retryOptions: RetryOptions
  sleepMsBeforeRun: number
  timeoutMs: number
  input?: unknown
  /** How many retries have been used up. */
  retryAttempts: number
  startAt: Date
  createdAt: Date
  updatedAt: Date
}

type Leased = { executorId: string; startedAt: Date; expiresAt: Date }
type Childless = { children: []; activeChildrenCount: 0 }

/** An execution as it stands; `status` says which members it has. */
export type TaskExecution<Output = unknown> =
  | (ExecutionBase & { status: 'ready'; error?: ExecutionError })
  | (ExecutionBase & Leased & { status: 'running'; error?: ExecutionError })
  | FinishedTaskExecution<Output>

export type FinishedTaskExecution<Output = unknown> =
  | (ExecutionBase & Childless & { status: 'completed'; output: Output; startedAt: Date; finishedAt: Date })
  | (ExecutionBase & { status: 'failed' | 'timed_out'; error: ExecutionError; startedAt: Date; finishedAt: Date })
  | (ExecutionBase & Childless & {
      status: 'cancelled'
      error: ExecutionError
      executorId?: string
      startedAt?: Date
      finishedAt: Date
    })

export function isFinished<Output>(execution: TaskExecution<Output>): execution is FinishedTaskExecution<Output> {
  return execution.status !== 'ready' && execution.status !== 'running'
}

/** The second parameter of every procedure client of `@orpc/client`, as far as it matters here. */
export type CallOptions = { signal?: AbortSignal; context?: any }

type Procedure<Input, Output> = (input: Input, options?: CallOptions) => Promise<Output>
type Enqueueing = { taskId: string; input?: unknown; options?: EnqueueOptions }
type Reference = { taskId: string; executionId: string }

/** The service's procedures: the type to give `createORPCClient`'s result. */
export type DurableTaskORPCRouterClient = {
  enqueueTask: Procedure<Enqueueing, string>
  /** All are enqueued or none; at most 1,000. */
  enqueueTasks: Procedure<{ tasks: Enqueueing[] }, string[]>
  getTaskExecution: Procedure<Reference, TaskExecution>
  /** Answers when the execution has finished, or as it is after `timeoutMs` (25,000 unless given, at most 60,000). */
  waitForTaskExecution: Procedure<Reference & { timeoutMs?: number }, TaskExecution>
  /** A finished execution stays as it is. */
  cancelTaskExecution: Procedure<Reference, TaskExecution>
}

/** A task by its types alone. The key it has in the object of tasks is its id. */
export type DurableTask<Input, Output> = { readonly input?: Input; readonly output?: Output }

/** Declares a task that is defined elsewhere: in the service's tasks file, or in Swift. */
export function durableTask<Input = undefined, Output = unknown>(): DurableTask<Input, Output> {
  return {}
}

/** Declares a task that calls a procedure of this app: its types are those of the procedure's client. */
export function procedureTask<Client extends (input: any, ...rest: any[]) => Promise<any>>(): DurableTask<
  Parameters<Client>[0],
  Awaited<ReturnType<Client>>
> {
  return {}
}

export type DurableTaskORPCHandle<Input, Output> = {
  /** Resolves with the execution's id once the service has stored it. */
  enqueue: undefined extends Input
    ? (input?: Input, options?: EnqueueOptions) => Promise<string>
    : (input: Input, options?: EnqueueOptions) => Promise<string>
  getExecution: (executionId: string) => Promise<TaskExecution<Output>>
  /** Resolves once the execution has finished; asks again as long as that takes. Rejects when `signal` aborts. */
  wait: (executionId: string, options?: { signal?: AbortSignal }) => Promise<FinishedTaskExecution<Output>>
  cancel: (executionId: string) => Promise<TaskExecution<Output>>
}

export type DurableTaskORPCHandles<Tasks> = {
  [Id in keyof Tasks]: Tasks[Id] extends DurableTask<infer Input, infer Output>
    ? DurableTaskORPCHandle<Input, Output>
    : never
}

/** A handle for each task; `options` go with every call. */
export function createDurableTaskORPCHandles<Tasks extends Record<string, DurableTask<any, any>>>(
  client: DurableTaskORPCRouterClient,
  tasks: Tasks,
  options?: CallOptions,
): DurableTaskORPCHandles<Tasks> {
  const handle = (taskId: string): DurableTaskORPCHandle<unknown, unknown> => ({
    enqueue: (input?: unknown, enqueueOptions?: EnqueueOptions) =>
      client.enqueueTask({ taskId, input, options: enqueueOptions }, options),
    getExecution: (executionId) => client.getTaskExecution({ taskId, executionId }, options),
    wait: async (executionId, { signal } = {}) => {
      while (true) {
        signal?.throwIfAborted()
        const callOptions = signal ? { ...options, signal } : options
        const execution = await client.waitForTaskExecution({ taskId, executionId }, callOptions)
        if (isFinished(execution)) return execution
      }
    },
    cancel: (executionId) => client.cancelTaskExecution({ taskId, executionId }, options),
  })
  return Object.fromEntries(Object.keys(tasks).map((id) => [id, handle(id)])) as DurableTaskORPCHandles<Tasks>
}
