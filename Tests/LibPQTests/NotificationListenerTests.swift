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
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            let events = listener.notifications
            let first = await events.next
            #expect(first == .reconnected)
            try await body(events)
            group.cancelAll()
            try await group.waitForAll()
            while await events.next != nil {}
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

    @Test("a consumer that cannot keep up is told to look again")
    func overflow() async throws {
        let name = "busy_\(UInt64.random(in: 0 ... .max))"
        try await withListener([name]) { events in
            // A burst that the consumer happens to keep up with is followed by another.
            var heard = 3000
            var bursts = 0
            while heard == 3000, bursts < 50 {
                bursts += 1
                heard = 0
                try await TestServer.withPool(size: 1) { pool in
                    try await pool.withConnection { (connection) throws(DatabaseError) in
                        _ = try connection.query(
                            "select pg_notify(\(name), n::text) from generate_series(1, 3000) as n"
                        )
                    }
                }
                while heard < 3000, let event = await events.next, event != .reconnected { heard += 1 }
            }
            #expect(heard >= 1000 && heard < 3000)
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
