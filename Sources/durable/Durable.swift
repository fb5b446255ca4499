import ArgumentParser
import DurableCore
import DurableServer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The command `durable`.
@main
struct Durable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "durable",
        abstract: "Durable execution for web apps, on PostgreSQL.",
        discussion: """
            Your app enqueues a task; a worker calls the task's procedure in your app over HTTP, again when it fails, and \
            keeps the result until you ask for it.

            Try it, with PostgreSQL installed and a tasks.yaml in this folder:
              durable dev
              durable enqueue add1 '{"n": 1}' --wait --url http://127.0.0.1:8080/rpc

            Run it:
              export DATABASE_URL=postgresql://user:password@host/database
              durable migrate && durable serve --tokens tokens.txt & durable worker

            Every flag has an environment variable, named in its help; the flag wins. Flags that name no variable have \
            none.

            Exit status: 0 when all went well, 1 when something failed, 64 when flags, variables or files are wrong.
            """,
        version: "0.1.0",
        subcommands: [BenchChild.self, BenchEcho.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Running the service",
                subcommands: [
                    Dev.self, Start.self, Serve.self, Worker.self, Migrate.self,
                ]
            ),
            CommandGroup(
                name: "Working with executions",
                subcommands: [
                    Enqueue.self, Show.self, List.self, Wake.self, Cancel.self, Retry.self, Prune.self, Tasks.self,
                ]
            ),
            CommandGroup(name: "Measuring", subcommands: [Bench.self]),
        ]
    )

    static func main() async {
        let status = await run()
        // Not by exit(): it takes down what libpq stands on, and a thread may still be in there, waiting for a server that
        // does not answer.
        fflush(nil)
        _exit(status)
    }

    /// Runs the command that the arguments name, and returns the exit status.
    private static func run() async -> Int32 {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitCode.success.rawValue
        } catch let error as ConfigurationError {
            let count = error.problems.count
            complain(count == 1 ? "One thing is wrong:" : "\(count) things are wrong:")
            for problem in error.problems { complain("  \(problem)") }
            return ExitCode.validationFailure.rawValue
        } catch let error as RequestError {
            complain("Error: \(error.cause.map { "\($0)" } ?? error.message)")
            return ExitCode.failure.rawValue
        } catch {
            let (message, status) = (fullMessage(for: error), exitCode(for: error))
            if !message.isEmpty { status.isSuccess ? print(message) : complain(message) }
            return status.rawValue
        }
    }
}

/// Writes a line to standard error.
func complain(_ line: String) {
    let text = line + "\n"
    text.withCString { _ = write(STDERR_FILENO, $0, text.utf8.count) }
}

extension RequestError {
    /// What only whoever runs the service is told.
    fileprivate var cause: StorageError? {
        switch self {
        case .unavailable(let cause), .fault(let cause): cause
        case .taskNotFound, .executionNotFound, .executionOfAnotherTask, .sleeperNotFound, .sleeperOfAnotherTask,
            .invalid, .conflict:
            nil
        }
    }
}
