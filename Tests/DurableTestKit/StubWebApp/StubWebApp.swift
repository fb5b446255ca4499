internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A web app on a real socket of 127.0.0.1 that answers as a test tells it to, and remembers what it was asked.
///
/// ```swift
/// try await StubWebApp.with { request in .json(#"{"json":1}"#) } body: { app in
///     // … call app.url …
///     try await app.waitForRequests(1)
/// }
/// ```
package final class StubWebApp: Sendable {
    private let channel: any Channel
    private let record: StubRecord

    /// The port that the kernel chose.
    package let port: Int

    private init(channel: any Channel, port: Int, record: StubRecord) {
        self.channel = channel
        self.port = port
        self.record = record
    }

    /// Runs a web app while `body` runs.
    ///
    /// - Parameters:
    ///   - port: The port to listen on; 0 lets the kernel choose.
    ///   - idleLimit: How long a connection may be without a request before the app closes it; `nil` is for ever.
    ///   - answer: Called for every request; calls overlap.
    package static func with<Result>(
        port: Int = 0,
        idleLimit: Duration? = nil,
        _ answer: @escaping @Sendable (StubRequest) async -> StubAnswer,
        body: (StubWebApp) async throws -> Result
    ) async throws -> Result {
        let app = try await start(port: port, idleLimit: idleLimit, answer)
        let result: Result
        do {
            result = try await body(app)
        } catch {
            await app.stop()
            throw error
        }
        await app.stop()
        return result
    }

    private static func start(
        port: Int,
        idleLimit: Duration?,
        _ answer: @escaping @Sendable (StubRequest) async -> StubAnswer
    ) async throws -> StubWebApp {
        let record = StubRecord()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = StubConnection(
                        number: record.opened(channel),
                        record: record,
                        idleLimit: idleLimit,
                        answer: answer
                    )
                    // No response encoder: answers are written by hand, so that they can be wrong.
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder()),
                        connection
                    )
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return StubWebApp(channel: channel, port: port, record: record)
    }

    /// Goes down: stops listening and cuts every connection.
    private func stop() async {
        try? await channel.close().get()
        for connection in record.open { try? await connection.close().get() }
    }

    /// The base URL of its procedures.
    package var url: String { "http://127.0.0.1:\(port)/rpc" }

    /// Every request so far, in the order in which they were complete.
    package var requests: [StubRequest] { record.requests }

    /// How many connections it has accepted.
    package var connections: Int { record.connections }

    /// How many connections are open.
    package var openConnections: Int { record.open.count }

    /// How many times the other side went away before the last bytes of an answer were written.
    package var disconnects: Int { record.disconnects }

    /// Waits until it has been asked that many times.
    package func waitForRequests(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        try await wait(within: limit, "expected \(count) requests") { self.requests.count >= count }
    }

    /// Waits until the other side has gone away that many times before the last bytes of an answer were written.
    package func waitForDisconnects(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        try await wait(within: limit, "expected \(count) disconnects") { self.disconnects >= count }
    }

    /// Waits until no more than that many connections are open.
    package func waitForOpenConnections(atMost count: Int, within limit: Duration = .seconds(20)) async throws {
        try await wait(within: limit, "expected at most \(count) connections") { self.openConnections <= count }
    }

    private func wait(
        within limit: Duration,
        _ expectation: String,
        until condition: () -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !condition() {
            guard ContinuousClock.now < deadline else {
                throw StubTimeout(
                    description: "\(expectation) within \(limit), saw \(requests.count) requests, "
                        + "\(disconnects) disconnects, \(openConnections) open connections"
                )
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// A stub web app waited for something that did not happen.
package struct StubTimeout: Error, CustomStringConvertible {
    package let description: String
}
