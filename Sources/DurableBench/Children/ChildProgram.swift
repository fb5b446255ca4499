import DurableServer
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A process of the service that a benchmark has started, so that its processor time is told apart.
///
/// It ends with the benchmark, whatever ends that: see ``ParentWatch``.
struct ChildProgram: Sendable {
    /// What to start.
    struct Launch: Sendable {
        let role: Role
        let arguments: [String]
    }

    let role: Role
    let processID: Int32

    /// Starts processes of our own program, on the arena's schema, and stops them when the body ends.
    static func with<Value: Sendable>(
        _ launches: [Launch],
        on arena: Arena,
        _ body: ([ChildProgram]) async throws -> Value
    ) async throws -> Value {
        try await with(launches[...], after: [], on: arena, body)
    }

    /// Throws when it has ended.
    func check() throws {
        if Host.hasEnded(processID) == true {
            throw BenchError("A process that the benchmark had started has ended: \(role.title)")
        }
    }

    private static func with<Value: Sendable>(
        _ launches: ArraySlice<Launch>,
        after started: [ChildProgram],
        on arena: Arena,
        _ body: ([ChildProgram]) async throws -> Value
    ) async throws -> Value {
        guard let launch = launches.first else { return try await body(started) }
        return try await run(
            configuration(of: launch, on: arena),
            // Held open: its end tells the child that we have ended.
            input: .inputWriter,
            output: .discarded,
            error: .currentStandardError
        ) { execution in
            let child = ChildProgram(role: launch.role, processID: execution.processIdentifier.value)
            let value = try await with(launches.dropFirst(), after: started + [child], on: arena, body)
            try execution.send(signal: .terminate)
            return value
        }.closureResult
    }

    private static func configuration(of launch: Launch, on arena: Arena) -> Configuration {
        let database = arena.settings.database
        var environment = arena.settings.environment.filter { name, _ in
            !name.hasPrefix("DURABLE_") && name != "DATABASE_URL"
        }
        environment["DATABASE_URL"] = database.url
        environment["DURABLE_SCHEMA"] = arena.schema
        environment["DURABLE_POOLED"] = "\(database.isPooled)"
        environment["DURABLE_DIRECT_DATABASE_URL"] = database.directURL
        environment["DURABLE_LOG_LEVEL"] = "error"
        var options = PlatformOptions()
        // Ctrl-C reaches us only; we then stop them.
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]
        return Configuration(
            executable: .path(FilePath(arena.settings.program)),
            arguments: Arguments(["bench-child"] + launch.arguments),
            environment: .custom(
                Dictionary(environment.map { (Environment.Key(stringLiteral: $0), $1) }) { first, _ in first }
            ),
            platformOptions: options
        )
    }
}
