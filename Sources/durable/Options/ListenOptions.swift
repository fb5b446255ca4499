import ArgumentParser
import DurableServer

/// Where a front end listens.
struct ListenOptions: ParsableArguments, SettingOptions {
    static let wakeUpRetentionHelp =
        "How long a wake-up is kept for a sleeper that does not exist yet, 0 not at all; default: 3600"

    @Option(.host, "The address to listen on; default: 127.0.0.1", value: "address")
    var host: String?

    @Option(.port, "The port to listen on, 0 for any free one; default: 8080", value: "number")
    var port: String?

    @Option(.rpcPrefix, "The path that the procedures are under; default: /rpc", value: "path")
    var rpcPrefix: String?

    @Option(.requestTimeoutSeconds, "How long a request may take to come in; default: 30", value: "seconds")
    var requestTimeoutSeconds: String?

    @Option(.wakeUpRetentionSeconds, Self.wakeUpRetentionHelp, value: "seconds")
    var wakeUpRetentionSeconds: String?

    var flags: [Setting: String?] {
        [
            .host: host, .port: port, .rpcPrefix: rpcPrefix, .requestTimeoutSeconds: requestTimeoutSeconds,
            .wakeUpRetentionSeconds: wakeUpRetentionSeconds,
        ]
    }
}
