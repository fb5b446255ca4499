import ArgumentParser
import DurableServer

/// Who may call a front end.
struct AccessOptions: ParsableArguments, SettingOptions {
    @Option(
        .tokens,
        """
        A file of lines "name role[,role] sha256-of-token" with the roles enqueue, read, admin; tokens may also stand in \
        DURABLE_TOKEN_<NAME>=role[,role]:token
        """,
        value: "file"
    )
    var tokens: String?

    @Flag(.open, "Serve without tokens, on a loopback address")
    var open: Bool?

    @Flag(.openToNetwork, "With --open: on any address; whoever reaches it may do everything")
    var openToNetwork: Bool?

    var flags: [Setting: String?] {
        [.tokens: tokens, .open: open.map { "\($0)" }, .openToNetwork: openToNetwork.map { "\($0)" }]
    }
}
