import CLibPQ
import Logging
import Synchronization

/// Passes the server's notices on to the log instead of standard error, and remembers a farewell.
final class NoticeLog: Sendable {
    private let logger: Logger
    private let fatal = Atomic(false)

    init(_ logger: Logger) { self.logger = logger }

    /// Whether the server has said that it ends the connection.
    var sawFatal: Bool { fatal.load(ordering: .relaxed) }

    /// Attaches to a connection, which must not outlive this object.
    func attach(to connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().receive(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func receive(_ result: OpaquePointer?) {
        let severity = ServerReport.field(CLIBPQ_SEVERITY, of: result) ?? "NOTICE"
        if severity == "FATAL" || severity == "PANIC" {
            fatal.store(true, ordering: .relaxed)
        }
        logger.debug(
            "PostgreSQL notice",
            metadata: [
                "severity": "\(severity)",
                "message": "\(ServerReport.field(CLIBPQ_MESSAGE, of: result) ?? "")",
            ]
        )
    }
}

/// A message of libpq's on one line.
func trimmed(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "" }
    return String(cString: message).split(whereSeparator: \.isNewline)
        .map { $0.drop(while: \.isWhitespace) }
        .joined(separator: "; ")
}
