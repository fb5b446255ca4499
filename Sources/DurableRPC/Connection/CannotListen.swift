/// The address cannot be listened on.
package struct CannotListen: Error, Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let reason: String

    package var description: String {
        "Cannot listen on \(host):\(port): \(reason). Choose another address or port, or stop whoever listens there."
    }
}
