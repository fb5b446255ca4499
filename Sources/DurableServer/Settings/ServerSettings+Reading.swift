#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ServerSettings {
    /// Reads the environment's `DATABASE_URL`, `DURABLE_PORT` and so on over defaults.
    ///
    /// - Parameter defaults: What the process is, and what goes for settings that are not there.
    /// - Throws: Every variable that is wrong. What else may be wrong shows when the server runs.
    public static func fromEnvironment(
        _ defaults: ServerSettings = .start
    ) throws(ConfigurationError) -> ServerSettings {
        var reader = SettingsReader(environment: ProcessInfo.processInfo.environment)
        let settings = ServerSettings(reading: &reader, over: defaults)
        try reader.finish()
        return settings
    }

    /// Reads the settings that concern the roles of `defaults`; what is wrong with them is left with the reader.
    package init(reading reader: inout SettingsReader, over defaults: ServerSettings) {
        self = defaults
        database.read(&reader)
        tasksFile = reader.text(.tasks) ?? defaults.tasksFile ?? Self.usualTasksFile
        frontEnd?.read(&reader)
        worker?.read(&reader)
        migrates = reader.isOn(.migrate, default: defaults.migrates)
    }

    /// `tasks.yaml` in the current folder, if there is one.
    private static var usualTasksFile: String? {
        FileManager.default.fileExists(atPath: "tasks.yaml") ? "tasks.yaml" : nil
    }
}

extension DatabaseSettings {
    /// Reads the settings; what is wrong with them is left with the reader.
    package init(reading reader: inout SettingsReader) {
        self.init()
        read(&reader)
    }

    fileprivate mutating func read(_ reader: inout SettingsReader) {
        url = reader.text(.databaseURL) ?? url
        schema = reader.text(.schema) ?? schema
        isPooled = reader.isOn(.pooled, default: isPooled)
        directURL = reader.text(.directDatabaseURL) ?? directURL
    }
}

extension FrontEndSettings {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        host = reader.text(.host) ?? host
        port = reader.integer(.port, default: port, in: 0...65535)
        rpcPrefix = reader.text(.rpcPrefix) ?? rpcPrefix
        requestTimeout = reader.duration(.requestTimeoutSeconds, default: requestTimeout, seconds: 1...3600)
        wakeUpRetention = reader.wakeUpRetention(default: wakeUpRetention)
        isOpenToNetwork = reader.isOn(.openToNetwork, default: isOpenToNetwork)

        let tokensFile = reader.text(.tokens)
        let hasTokens = Self.hasTokens(file: tokensFile, environment: reader.environment)
        if reader.isOn(.open, default: access == .open && !hasTokens) {
            access = .open
            if hasTokens { reader.report(.open, "tokens are given as well; choose one of the two") }
        } else {
            access = .tokens(file: tokensFile)
        }
    }
}

extension WorkerSettings {
    fileprivate mutating func read(_ reader: inout SettingsReader) {
        concurrency = reader.integer(.concurrency, default: concurrency, in: 1...10_000)
        lease = reader.duration(.leaseSeconds, default: lease, seconds: 1...3600)
        drain = reader.duration(.drainSeconds, default: drain, seconds: 0...86_400)
        maxLeaseLosses = reader.integer(.maxLeaseLosses, default: maxLeaseLosses, in: 0...1000)
        maxChildren = reader.integer(.maxChildren, default: maxChildren, in: 1...100_000)
        if reader.isGiven(.retainDays) {
            let days = reader.number(.retainDays, default: 30, in: 0...36_500)
            retention = days == 0 ? nil : .seconds(days * 86_400)
        }
        if reader.isGiven(.healthPort) {
            health = HealthSettings(
                host: reader.text(.healthHost) ?? "127.0.0.1",
                port: reader.integer(.healthPort, default: 0, in: 0...65535)
            )
        }
    }
}

extension SettingsReader {
    /// How long a wake-up is kept for a sleeper that does not exist yet, up to a year.
    package mutating func wakeUpRetention(default value: Duration = FrontEndSettings().wakeUpRetention) -> Duration {
        duration(.wakeUpRetentionSeconds, default: value, seconds: 0...31_536_000)
    }

    fileprivate mutating func duration(
        _ setting: Setting,
        default value: Duration,
        seconds range: ClosedRange<Double>
    ) -> Duration {
        isGiven(setting) ? .seconds(number(setting, default: 0, in: range)) : value
    }
}
