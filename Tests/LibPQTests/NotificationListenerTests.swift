import LibPQ
import Logging
import Testing

@Suite("Notifications", .timeLimit(.minutes(1)))
struct NotificationListenerTests {
    /// Runs the body while a listener listens to the channels.
    private func withListener(
        _ channels: [String],
        applicationName: String = "durable",
        _ body: (AsyncStream<NotificationListener.Event>) async throws -> Void
    ) async throws {
        let configuration = try await TestServer.configuration { $0.applicationName = applicationName }
        let listener = NotificationListener(configuration, channels: channels, logger: Logger(label: "test"))
        try await listener.whileRunning { events in
            let first = await events.next
            #expect(first == .reconnected)
            try await body(events)
        }
    }

    private func notify(_ channel: String, _ payload: String) async throws {
        try await TestServer.withPool(size: 1) { pool in
            try await pool.withConnection { (connection) throws(DatabaseError) in
                _ = try connection.query("select pg_notify(\(channel), \(payload))")
            }
        }
    }

    @Test("what is notified on a channel arrives in order, and nothing else")
    func delivers() async throws {
        let (odd, other) = (#"Odd "name" \#(UInt64.random(in: 0 ... .max))"#, "other_\(UInt64.random(in: 0 ... .max))")
        try await withListener([odd, other]) { events in
            try await notify("somewhere else", "x")
            try await notify(odd, "one")
            try await notify(other, "")
            try await notify(odd, "zwei ü")
            let heard = [await events.next, await events.next, await events.next]
            #expect(
                heard == [
                    .notification(channel: odd, payload: "one"), .notification(channel: other, payload: ""),
                    .notification(channel: odd, payload: "zwei ü"),
                ]
            )
        }
    }

    @Test("a listener whose connection ended says so when it is back, and hears again")
    func reconnects() async throws {
        let name = "listener_\(UInt64.random(in: 0 ... .max))"
        try await withListener([name], applicationName: name) { events in
            try await TestServer.withPool(size: 1) { pool in
                let terminated = try await pool.withConnection { (connection) throws(DatabaseError) in
                    try connection.query(
                        "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = \(name)"
                    )
                }
                #expect(terminated.count == 1)
            }
            let next = await events.next
            #expect(next == .reconnected)
            try await notify(name, "again")
            let heard = await events.next
            #expect(heard == .notification(channel: name, payload: "again"))
        }
    }
}

extension NotificationListener {
    /// Runs until the body has returned, which gets what is heard.
    func whileRunning(_ body: (AsyncStream<Event>) async throws -> Void) async throws {
        let (events, continuation) = AsyncStream<Event>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.run { continuation.yield($0) } }
            try await body(events)
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

extension AsyncStream where Element: Sendable {
    /// The next element; the stream goes on behind it.
    var next: Element? {
        get async {
            for await element in self { return element }
            return nil
        }
    }
}
