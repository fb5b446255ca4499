internal import NIOCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Ports of 127.0.0.1.
package enum LoopbackPort {
    /// Holds a port that refuses connections while `body` runs.
    ///
    /// A socket is bound to it and never listens. The port of a listener that was closed would not do: a process that
    /// was forked meanwhile holds a copy of the listener until it runs another program, and anybody may take the port.
    package static func withRefusing<Result>(
        _ body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        guard let (descriptor, port) = hold(nil) else { throw IOError(errnoCode: errno, reason: "bind") }
        defer { close(descriptor) }
        return try await body(port)
    }

    /// Whether a process could listen on that port of 127.0.0.1 now.
    package static func isFree(_ port: Int) -> Bool {
        guard let (descriptor, _) = hold(port) else { return false }
        close(descriptor)
        return true
    }

    /// Binds a socket to a port, or to any; `nil` when that is not possible.
    private static func hold(_ port: Int?) -> (descriptor: Int32, port: Int)? {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return nil }
        if port != nil {
            // As servers do: what lingers of earlier ones is no obstacle.
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port ?? 0).bigEndian
        var length = socklen_t(MemoryLayout.size(ofValue: address))
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
