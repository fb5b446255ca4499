import DurableClient
import DurableServer
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The database that flags and environment name, with the log set up.
func databaseSettings(_ flags: [Setting: String]) throws -> DatabaseSettings {
    var reader = SettingsReader(flags: flags, environment: ProcessInfo.processInfo.environment)
    return try databaseSettings(&reader)
}

/// Runs the body with the front end that flags and environment name, or else with the database.
func withService<Value>(
    _ flags: [Setting: String],
    _ body: (any ServiceAccess) async throws -> Value
) async throws -> Value {
    var reader = SettingsReader(flags: flags, environment: ProcessInfo.processInfo.environment)
    guard let url = reader.text(.url) else {
        let wakeUpRetention = reader.wakeUpRetention()
        return try await DatabaseAccess.with(
            try databaseSettings(&reader),
            wakeUpRetention: wakeUpRetention,
            body
        )
    }
    bootstrapLogging(reading: &reader)
    try reader.finish()
    return try await body(FrontEndAccess(client: try DurableClient(url: url, token: reader.text(.token))))
}

private func databaseSettings(_ reader: inout SettingsReader) throws -> DatabaseSettings {
    let settings = DatabaseSettings(reading: &reader)
    bootstrapLogging(reading: &reader)
    reader.report(settings.problems(place: reader.place(of:)))
    try reader.finish()
    return settings
}

/// A verb for people says by itself what went well and what went wrong; the rest is for whoever asks for it.
private func bootstrapLogging(reading reader: inout SettingsReader) {
    var logging = LoggingSettings(reading: &reader)
    if !reader.isGiven(.logLevel) { logging.level = .critical }
    logging.bootstrap()
}
