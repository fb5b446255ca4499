internal import NIOCore
internal import NIOSSL

extension NIOSSLCertificate {
    /// Whether an address is among those that it was made out to.
    func isFor(_ address: SocketAddress?) -> Bool {
        guard let text = address?.ipAddress else { return false }
        let bytes = IPAddress.bytes(text)
        return _subjectAlternativeNames().contains { $0.nameType == .ipAddress && Array($0.contents) == bytes }
    }
}
