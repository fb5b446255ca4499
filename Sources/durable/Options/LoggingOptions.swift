import ArgumentParser
import DurableServer

/// What is logged, and how a line looks.
struct LoggingOptions: ParsableArguments, SettingOptions {
    @Option(.logLevel, "trace, debug, info, notice, warning, error or critical; default: info", value: "level")
    var logLevel: String?

    @Option(.logFormat, "text or json, one line each to standard error; default: text", value: "format")
    var logFormat: String?

    var flags: [Setting: String?] { [.logLevel: logLevel, .logFormat: logFormat] }
}
