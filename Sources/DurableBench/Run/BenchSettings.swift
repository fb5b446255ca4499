package import DurableServer

/// What every benchmark is told.
package struct BenchSettings: Sendable {
    /// Where to make the schemas; the schema named here is not touched.
    package var database: DatabaseSettings
    /// How often to measure.
    package var rounds: Int
    /// After how many seconds no further round begins.
    package var seconds: Int
    /// The path of the program `durable`, for the processes that a benchmark starts.
    package var program: String
    /// The environment that those processes get, but for the service's own variables.
    package var environment: [String: String]
    /// Where it is told what is being done.
    package var status: StatusLine

    package init(
        database: DatabaseSettings,
        rounds: Int,
        seconds: Int,
        program: String,
        environment: [String: String],
        status: StatusLine
    ) {
        self.database = database
        self.rounds = rounds
        self.seconds = seconds
        self.program = program
        self.environment = environment
        self.status = status
    }

    /// Runs the body once for each round, as long as there is time; at least once.
    func eachRound(_ body: (_ round: Int) async throws -> Void) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        for round in 1...max(1, rounds) {
            guard round == 1 || ContinuousClock.now < end else { return }
            try Task.checkCancellation()
            try await body(round)
        }
    }
}

/// One thing that `durable bench` measures.
package protocol Benchmark: Sendable {
    /// Measures it, on schemas that are gone when this returns, however it does.
    func run(_ settings: BenchSettings) async throws -> Report
}
