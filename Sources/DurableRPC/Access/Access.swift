/// Who may call the procedures.
package enum Access: Sendable {
    /// Anybody who reaches the port: for development, on loopback.
    case open
    /// Whoever presents one of these tokens.
    case tokens(Tokens)
}
