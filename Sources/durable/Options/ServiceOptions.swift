import ArgumentParser
import DurableServer

/// Where a verb for people finds the service: a front end, or else the database.
struct ServiceOptions: ParsableArguments {
    @OptionGroup(title: "Front end") var remote: RemoteOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    /// Runs the body with the service.
    ///
    /// - Parameter flags: Those of the verb itself.
    func ask<Value>(
        _ flags: [Setting: String] = [:],
        _ body: (any ServiceAccess) async throws -> Value
    ) async throws -> Value {
        try await withService(given(remote, database, logging).merging(flags) { _, own in own }, body)
    }
}
