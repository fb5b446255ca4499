package import Configuration

/// Everything that can be set, by a flag or by an environment variable; the flag wins.
package enum Setting: String, Sendable, CaseIterable {
    case databaseURL = "database-url"
    case directDatabaseURL = "direct-database-url"
    case schema
    case pooled
    case tasks
    case host
    case port
    case rpcPrefix = "rpc-prefix"
    case tokens
    case open
    case openToNetwork = "open-to-network"
    case requestTimeoutSeconds = "request-timeout-seconds"
    case wakeUpRetentionSeconds = "wake-up-retention-seconds"
    case concurrency
    case leaseSeconds = "lease-seconds"
    case drainSeconds = "drain-seconds"
    case maxLeaseLosses = "max-lease-losses"
    case maxChildren = "max-children"
    case retainDays = "retain-days"
    case healthHost = "health-host"
    case healthPort = "health-port"
    case migrate
    case logLevel = "log-level"
    case logFormat = "log-format"
    case dataDir = "data-dir"
    case url
    case token

    /// The flag: `--lease-seconds`.
    package var flag: String { "--" + rawValue }

    /// The environment variable: `DURABLE_LEASE_SECONDS`, and `DATABASE_URL` as everybody calls it.
    package var variable: String {
        let name = String(rawValue.uppercased().map { $0 == "-" ? "_" : $0 })
        return self == .databaseURL ? name : "DURABLE_" + name
    }

    /// The key that providers of swift-configuration know it by: `durable.lease.seconds`.
    package var key: ConfigKey {
        ConfigKey(variable.lowercased().split(separator: "_").map(String.init))
    }

    /// Whether its value must not be shown.
    package var isSecret: Bool { [.databaseURL, .directDatabaseURL, .token].contains(self) }
}
