internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension OutboundFailure.Cause {
    /// What an error means that came before a request could be sent.
    init(connecting error: any Error) {
        self =
            switch error {
            case let error as NIOConnectionError:
                error.connectionErrors.first.map { Self(connecting: $0.error) } ?? .unresolvable
            case let error as IOError: .unreachable(errno: error.errnoCode)
            case ChannelError.connectTimeout: .connectTimeout
            case is ChannelError: .closed
            default: Self(securing: error)
            }
    }

    private init(securing error: any Error) {
        switch error {
        case let error as NIOSSLExtraError
        where error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch:
            self = .wrongHost
        case NIOSSLError.unableToValidateCertificate:
            self = .untrusted
        // BoringSSL has no types for its reasons: they are told apart by their names.
        default:
            self = String(describing: error).contains("CERTIFICATE_VERIFY_FAILED") ? .untrusted : .handshake
        }
    }
}
