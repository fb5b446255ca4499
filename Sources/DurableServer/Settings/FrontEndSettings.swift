import DurableRPC

/// How a front end listens and whom it lets in.
public struct FrontEndSettings: Sendable {
    /// Who may call the procedures.
    public enum Access: Sendable, Hashable {
        /// Anybody who reaches the port.
        case open
        /// Whoever has a token of this file, or of the environment's `DURABLE_TOKEN_<NAME>`.
        case tokens(file: String?)
    }

    /// The address to listen on.
    public var host: String
    /// The port to listen on; 0 is any free one.
    public var port: Int
    /// The path that the procedures are under.
    public var rpcPrefix: String
    /// Who may call the procedures.
    public var access: Access
    /// Whether ``Access-swift.enum/open`` may be served on another address than loopback.
    public var isOpenToNetwork: Bool
    /// How long a request may take to come in.
    public var requestTimeout: Duration
    /// How long a wake-up is kept for a sleeper that does not exist yet; with zero it is refused.
    public var wakeUpRetention: Duration

    /// Settings as given, or `http://127.0.0.1:8080/rpc` for those who have a token.
    public init(
        host: String = "127.0.0.1",
        port: Int = 8080,
        rpcPrefix: String = "/rpc",
        access: Access = .tokens(file: nil),
        isOpenToNetwork: Bool = false,
        requestTimeout: Duration = .seconds(30),
        wakeUpRetention: Duration = .seconds(3600)
    ) {
        self.host = host
        self.port = port
        self.rpcPrefix = rpcPrefix
        self.access = access
        self.isOpenToNetwork = isOpenToNetwork
        self.requestTimeout = requestTimeout
        self.wakeUpRetention = wakeUpRetention
    }

    /// Whether there are any tokens, be they good or not.
    static func hasTokens(file: String?, environment: [String: String]) -> Bool {
        file != nil || environment.keys.contains { $0.hasPrefix(Tokens.environmentPrefix) }
    }

    /// Whether only this machine can reach the address.
    var isLoopback: Bool {
        host == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.")
    }
}
