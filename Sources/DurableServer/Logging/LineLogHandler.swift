import DurableCore
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Writes one line for each event to standard error, as text or as a JSON object.
struct LineLogHandler: LogHandler {
    let label: String
    let format: LoggingSettings.Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, format: LoggingSettings.Format, logLevel: Logger.Level) {
        self.label = label
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        Self.write(line(for: event, at: now) + "\n")
    }

    /// The line without its end.
    ///
    /// Line breaks within are escaped in both formats, so that no value can forge a line.
    func line(for event: LogEvent, at time: Timestamp) -> String {
        var fields = metadata
        fields.merge(metadataProvider?.get() ?? [:]) { $1 }
        fields.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { fields["error"] = "\(error)" }
        let pairs = fields.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let level = event.level.rawValue.uppercased()
            let padding = String(repeating: " ", count: max(0, 8 - level.count))
            let words = ["\(time) \(level)\(padding)", Self.escaped(event.message.description)]
            return (words + pairs.map { "\($0.key)=\(Self.quoted("\($0.value)"))" }).joined(separator: " ")
        case .json:
            let head = [
                ("time", time.description), ("level", event.level.rawValue), ("logger", label),
                ("message", event.message.description),
            ]
            let members = head + pairs.map { ($0.key, "\($0.value)") }
            return "{" + members.map { "\(Self.json($0.0)):\(Self.json($0.1))" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let isBare = !text.isEmpty && !text.contains { $0 == " " || $0 == "=" || $0 == "\"" }
        return isBare ? escaped(text) : json(text)
    }

    private static func escaped(_ text: String) -> String { json(text, quotes: false) }

    /// The text as a JSON string.
    private static func json(_ text: String, quotes: Bool = true) -> String {
        var result = quotes ? "\"" : ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"" where quotes, "\\" where quotes: result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + (quotes ? "\"" : "")
    }

    private static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { buffer in
                #if canImport(Darwin)
                    Darwin.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    Musl.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
                #else
                    Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
                #endif
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
