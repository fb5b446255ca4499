import CLibPQ

extension Connection {
    /// Subscribes to channels by their exact names.
    mutating func listen(to channels: [String]) throws(DatabaseError) {
        for channel in channels {
            _ = try command("listen \(Self.quoted(channel))")
        }
    }

    /// Blocks until notifications arrive, or nothing has for no reason.
    func waitForNotifications() throws(DatabaseError) -> [NotificationListener.Event] {
        var arrived = pendingNotifications()
        guard arrived.isEmpty else { return arrived }
        let forever: Int32 = -1
        let events = clibpq_poll(PQsocket(raw), forever)
        guard events != 0 else { return [] }
        let isReadable = PQconsumeInput(raw) == 1
        arrived = pendingNotifications()
        guard isReadable, clibpq_is_closed(events) == 0, !hasFarewell else {
            guard arrived.isEmpty else { return arrived }
            throw DatabaseError(.connectionLost, report: ServerReport(message: trimmed(PQerrorMessage(raw))))
        }
        return arrived
    }

    private func pendingNotifications() -> [NotificationListener.Event] {
        var events: [NotificationListener.Event] = []
        while let notification = PQnotifies(raw) {
            events.append(
                .notification(
                    channel: String(cString: notification.pointee.relname),
                    payload: String(cString: notification.pointee.extra)
                )
            )
            PQfreemem(notification)
        }
        return events
    }

    /// A name as SQL spells it when every character counts.
    private static func quoted(_ identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
