import DurableServer
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The settings of a process of the service, checked as a whole, with its log set up.
func serverSettings(
    _ defaults: ServerSettings,
    flags: [Setting: String]
) throws -> (settings: ServerSettings, reader: SettingsReader) {
    var reader = SettingsReader(flags: flags, environment: ProcessInfo.processInfo.environment)
    let logging = LoggingSettings(reading: &reader)
    let settings = ServerSettings(reading: &reader, over: defaults)
    reader.report(settings.problems(environment: reader.environment, place: reader.place(of:)))
    try reader.finish()
    logging.bootstrap()
    return (settings, reader)
}

/// Runs a process of the service until it is told to stop.
func runServer(_ defaults: ServerSettings, flags: [Setting: String]) async throws {
    let settings = try serverSettings(defaults, flags: flags).settings
    try await DurableServer(settings, logger: Logger(label: "durable")).run()
}
