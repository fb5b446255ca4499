// The C library under one roof: every other file of this target imports nothing of it.
#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The few system calls that a benchmark makes, and what Linux tells in /proc; `nil` on systems without it.
enum Host {
    /// The processor time that this process has used, in seconds.
    static var ownProcessorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The processor time that another process, with all its threads, has used, in seconds.
    static func processorTime(of process: Int32) -> Double? {
        status(of: process).map { Double($0.own) / ticksPerSecond }
    }

    /// The processor time that a process and its children have used, ended ones included, in seconds.
    static func processorTime(ofFamily parent: Int32) -> Double? {
        guard let children = read("/proc/\(parent)/task/\(parent)/children"), let status = status(of: parent)
        else { return nil }
        let living = children.split(separator: " ").compactMap { Int32($0) }.compactMap(Self.status(of:))
        return Double(living.reduce(status.own + status.children) { $0 + $1.own }) / ticksPerSecond
    }

    /// The memory that a process has in use, in bytes.
    static func residentMemory(of process: Int32) -> Double? {
        guard
            let pages = read("/proc/\(process)/statm")?.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The parent of a process, provided that it runs that program.
    static func parent(of process: Int32, running program: String) -> Int32? {
        guard let status = status(of: process), status.program == program else { return nil }
        return status.parent
    }

    /// Whether a process has ended, be it that nobody has taken note yet; `nil` where that cannot be told.
    static func hasEnded(_ process: Int32) -> Bool? {
        guard read("/proc/self/stat") != nil else { return nil }
        return status(of: process).map { $0.state == "Z" } ?? true
    }

    /// The processor time that all processes of the machine have used, in seconds.
    static var machineProcessorTime: Double? {
        guard let line = read("/proc/stat")?.split(separator: "\n").first else { return nil }
        // user nice system idle iowait irq softirq
        let ticks = line.split(separator: " ").dropFirst().prefix(7).compactMap { Int($0) }
        guard ticks.count == 7 else { return nil }
        return Double(ticks.reduce(0, +) - ticks[3] - ticks[4]) / ticksPerSecond
    }

    private struct Status {
        let program: Substring
        let state: Substring
        let parent: Int32
        /// In ticks.
        let own: Int
        let children: Int
    }

    private static func status(of process: Int32) -> Status? {
        // 17 (name) S 1 …; the name may hold anything.
        guard let text = read("/proc/\(process)/stat"), let start = text.firstIndex(of: "("),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ").dropFirst().prefix(15)
        let numbers = fields.map { Int($0) ?? 0 }
        guard numbers.count == 15, let state = fields.first else { return nil }
        return Status(
            program: text[text.index(after: start)..<end],
            state: state,
            parent: Int32(truncatingIfNeeded: numbers[1]),
            own: numbers[11] + numbers[12],
            children: numbers[13] + numbers[14]
        )
    }

    private static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            #if canImport(Darwin)
                let count = Darwin.read(file, &buffer, buffer.count)
            #elseif canImport(Musl)
                let count = Musl.read(file, &buffer, buffer.count)
            #else
                let count = Glibc.read(file, &buffer, buffer.count)
            #endif
            guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += buffer[..<count]
        }
    }

    // MARK: this process

    /// Whether somebody reads standard error as it is written.
    static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Seconds since 1970 by this machine's clock.
    static var unixSeconds: Int { time(nil) }

    static func writeError(_ line: String) {
        let text = line + "\n"
        text.withCString { _ = write(STDERR_FILENO, $0, text.utf8.count) }
    }

    /// Ends this process at once, without tidying up.
    static func exitNow(_ code: Int32) -> Never { _exit(code) }

    /// Blocks until standard input ends.
    static func readInputToEnd() {
        var byte: UInt8 = 0
        #if canImport(Darwin)
            while Darwin.read(STDIN_FILENO, &byte, 1) > 0 {}
        #elseif canImport(Musl)
            while Musl.read(STDIN_FILENO, &byte, 1) > 0 {}
        #else
            while Glibc.read(STDIN_FILENO, &byte, 1) > 0 {}
        #endif
    }

    /// A port of 127.0.0.1 on which nobody listens.
    ///
    /// Below those that outgoing connections get: one of them could take it before somebody listens on it.
    static func freePort() throws(BenchError) -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 15_000..<32_000)
            if isFree(port) { return port }
        }
        throw BenchError("no port of 127.0.0.1 is free")
    }

    private static func isFree(_ port: Int) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
