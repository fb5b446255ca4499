import ArgumentParser
import DurableServer

/// A front end to talk to instead of the database.
struct RemoteOptions: ParsableArguments, SettingOptions {
    @Option(.url, "A front end, as http://host:8080/rpc; default: none, the database is used", value: "url")
    var url: String?

    @Option(.token, "The front end's token", value: "token")
    var token: String?

    var flags: [Setting: String?] { [.url: url, .token: token] }
}
