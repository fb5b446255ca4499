public import Logging

/// What is logged to standard error, and how a line looks.
public struct LoggingSettings: Sendable {
    /// How a line looks.
    public enum Format: String, Sendable, CaseIterable {
        /// Time, level, message and `key=value` pairs, for people.
        case text
        /// One JSON object, for collectors.
        case json
    }

    /// The least severe level that is logged.
    public var level: Logger.Level
    /// How a line looks.
    public var format: Format

    /// Settings as given, or `info` as text.
    public init(level: Logger.Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }

    /// Makes a logger of these settings.
    public func logger(label: String = "durable") -> Logger {
        Logger(label: label) { LineLogHandler(label: $0, format: format, logLevel: level) }
    }

    /// Has every logger that this process makes from now on follow these settings; may be called once.
    public func bootstrap() {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format, logLevel: level) }
    }
}

extension LoggingSettings {
    /// Reads the settings; what is wrong with them is left with the reader.
    package init(reading reader: inout SettingsReader) {
        self.init(
            level: reader.choice(.logLevel, default: .info),
            format: reader.choice(.logFormat, default: .text)
        )
    }
}
