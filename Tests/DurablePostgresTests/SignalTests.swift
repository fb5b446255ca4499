import DurableCore
import DurablePostgres
import DurableTestKit
import LibPQ
import Logging
import Testing

@Suite("Signals between processes", .timeLimit(.minutes(1)))
struct SignalTests {
    /// Runs the body with the signals of two processes.
    private func withTwo(
        watch: Duration,
        _ body:
            @escaping @Sendable (
                _ worker: PostgresSignals, _ frontEnd: PostgresSignals, _ fixture: PostgresFixture
            ) async throws -> Void
    ) async throws {
        try await PostgresFixture.with { fixture in
            func signals() -> PostgresSignals {
                PostgresSignals(
                    pool: fixture.pool,
                    listening: DatabaseConfiguration(url: fixture.databaseURL, poolSize: 1),
                    schema: fixture.schema,
                    watch: watch,
                    logger: Logger(label: "test")
                )
            }
            let (worker, frontEnd) = (signals(), signals())
            let connected = [worker.signals(), frontEnd.signals()]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                group.addTask { try await frontEnd.run() }
                // Whoever has connected publishes all there is, once.
                for signals in connected { for await _ in signals { break } }
                try await body(worker, frontEnd, fixture)
                group.cancelAll()
            }
        }
    }

    private func next(_ signals: AsyncStream<Signal>, after send: () -> Void) async -> Signal? {
        send()
        for await signal in signals { return signal }
        return nil
    }

    @Test("a signal reaches the other process")
    func arrives() async throws {
        try await withTwo(watch: .seconds(30)) { worker, frontEnd, _ in
            let received = frontEnd.signals()
            for signal in [Signal.ready, .cancelled, .upkeep] {
                let other = await next(received) { worker.send(signal) }
                #expect(other == signal)
            }
        }
    }

    @Test("a write tells the other process with it; the next one, within a moment, leaves that to its caller")
    func travelling() async throws {
        try await withTwo(watch: .seconds(30)) { worker, frontEnd, fixture in
            let storage = PostgresStorage(
                pool: fixture.pool,
                schema: fixture.schema,
                signals: frontEnd,
                logger: Logger(label: "test")
            )
            @Sendable func insert() async throws -> Set<Signal> {
                var untold: Set<Signal> = [.ready]
                _ = try await storage.insert([.plain()], announcing: &untold)
                return untold
            }
            let received = worker.signals()
            try await eventually { try await insert().isEmpty }
            for await signal in received where signal == .ready { break }
            try await eventually { try await insert() == [.ready] }
        }
    }

    @Test("that executions have finished is not told while nobody waits, and at once to somebody who begins to")
    func watched() async throws {
        try await withTwo(watch: .zero) { worker, frontEnd, _ in
            let received = frontEnd.signals()
            // What connecting made them send is out of the way then.
            for signals in [worker, frontEnd] {
                signals.send(.upkeep)
                for await signal in received where signal == .upkeep { break }
            }
            let news = frontEnd.signals()
            let first = await next(news) {
                worker.send(.finished)
                worker.send(.ready)
            }
            #expect(first == .ready)
            let second = await next(news) { frontEnd.send(.watching) }
            #expect(second == .finished)
        }
    }
}
