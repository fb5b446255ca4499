// The C library under one roof: every other file of this target imports nothing of it.
#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The few system calls this target makes, with Swift's types and errors.
enum Platform {
    static var isRoot: Bool { geteuid() == 0 }

    static var userID: UInt32 { geteuid() }

    /// Makes a folder of a fresh name and returns its path; only this user may enter it.
    static func makeTemporaryFolder(prefix: String) throws(EmbeddedPostgresError) -> String {
        var template = Array("\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw failure("make a folder", prefix) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Makes a folder, which only this user may enter, and the folders above it as far as they are missing.
    static func makeFolder(_ path: String) throws(EmbeddedPostgresError) {
        let names = path.split(separator: "/")
        for depth in 1...max(names.count, 1) {
            let folder = "/" + names.prefix(depth).joined(separator: "/")
            guard mkdir(folder, depth == names.count ? 0o700 : 0o755) == 0 || errno == EEXIST else {
                throw failure("make the folder", folder)
            }
        }
    }

    static func owner(of path: String) -> UInt32? {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_uid : nil
    }

    static func changeOwner(of path: String, to user: ServerUser) throws(EmbeddedPostgresError) {
        guard chown(path, user.userID, user.groupID) == 0 else { throw failure("change the owner of", path) }
    }

    static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }

    /// The path without symbolic links, or nil when it does not exist.
    static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Opens (and creates) a file and takes its exclusive lock; nil when somebody else has it.
    ///
    /// The lock lasts until the descriptor is closed, which the kernel does at the latest when this process ends.
    static func lockFile(at path: String) throws(EmbeddedPostgresError) -> Int32? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
        let reason = errno
        close(descriptor)
        if reason == EWOULDBLOCK { return nil }
        throw failure("lock", path, reason)
    }

    /// Gives the lock back.
    ///
    /// Said explicitly: a child that another thread has just forked has a copy of the descriptor until it becomes its
    /// program, and as long as there is a copy, closing ours is not enough.
    static func unlockFile(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    static func signal(_ signal: Int32, to processID: Int32) {
        kill(processID, signal)
    }

    /// Whether this process is a PostgreSQL server at work in this folder, and not a stranger that got its old number.
    static func isServer(_ processID: Int32, in folder: String) -> Bool {
        guard processID > 1, kill(processID, 0) == 0 || errno == EPERM else { return false }
        #if os(Linux)
            // The server's working directory is its data folder. A zombie has none.
            return resolve("/proc/\(processID)/cwd") == resolve(folder)
        #else
            return true
        #endif
    }

    /// The user and group ids of a named user.
    static func user(named name: String) -> (userID: UInt32, groupID: UInt32)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var strings = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &strings, strings.count, &found) == 0, found != nil else { return nil }
        return (entry.pw_uid, entry.pw_gid)
    }

    /// The name of a user, or its number where it has none.
    static func name(ofUser userID: UInt32) -> (name: String, groupID: UInt32) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var strings = [CChar](repeating: 0, count: 16384)
        return strings.withUnsafeMutableBufferPointer { strings in
            // The entry points into the buffer.
            guard let start = strings.baseAddress,
                getpwuid_r(userID, &entry, start, strings.count, &found) == 0, found != nil, let name = entry.pw_name
            else { return ("\(userID)", getegid()) }
            return (String(cString: name), entry.pw_gid)
        }
    }

    /// A port of 127.0.0.1 on which nobody listens: the given one, or any.
    ///
    /// Any is below those that outgoing connections get: one of them could take it while the server restarts.
    static func reservePort(_ wanted: Int?) throws(EmbeddedPostgresError) -> Int {
        if let wanted { return try reserve(wanted) }
        for _ in 0..<100 {
            if let port = try? reserve(.random(in: 15_000..<32_000)) { return port }
        }
        return try reserve(0)
    }

    private static func reserve(_ port: Int) throws(EmbeddedPostgresError) -> Int {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw failure("open", "a socket") }
        defer { close(descriptor) }
        // As PostgreSQL does: connections of an earlier server that linger are no obstacle.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))

        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        var length = socklen_t(MemoryLayout.size(ofValue: address))
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else {
            if errno == EADDRINUSE { throw .portTaken(port) }
            throw failure("listen on", "127.0.0.1:\(port)")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func failure(
        _ operation: String,
        _ path: String,
        _ number: Int32 = errno
    ) -> EmbeddedPostgresError {
        .system(operation: operation, path: path, message: String(cString: strerror(number)))
    }
}
