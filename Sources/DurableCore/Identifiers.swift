/// The name of a task, as it stands in its definition: ASCII letters, digits and underscores, 1 to 255 of them.
///
/// Any text can be asked for, so a `TaskID` need not be valid; definitions check theirs with ``validate()``.
public struct TaskID: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { self.rawValue = value }

    /// Refuses a name that no task may have.
    public func validate() throws(InvalidTask) {
        if rawValue.isEmpty {
            throw InvalidTask("Task id cannot be empty")
        }
        if rawValue.utf16.count > 255 {
            throw InvalidTask("Task id cannot be longer than 255 characters [idLength=\(rawValue.utf16.count)]")
        }
        let isWord = rawValue.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        if !isWord {
            throw InvalidTask("Task id can only contain alphanumeric characters and underscores")
        }
    }
}

extension TaskID: CustomStringConvertible {
    public var description: String { rawValue }
}

/// The identity of one execution: `te_` and 32 hexadecimal digits.
///
/// The digits are a version 7 UUID, so ids sort roughly by the time of enqueueing, and `psql` finds the row of
/// `te_0192…` under the `uuid` with the same digits. Clients treat the text as opaque.
public struct ExecutionID: Sendable, Hashable, Comparable {
    private let halves: Halves

    public var bits: UInt128 { halves.bits }

    public init(bits: UInt128) { halves = Halves(bits) }

    /// Reads the text form; `nil` when the text is no execution id.
    public init?(_ text: some StringProtocol) {
        guard let bits = UInt128(prefixed: "te_", text) else { return nil }
        self.init(bits: bits)
    }

    /// A fresh id for an execution that is enqueued now.
    public static func fresh(at now: Timestamp) -> ExecutionID {
        let milliseconds = UInt128(truncatingIfNeeded: now.microseconds / 1000) & 0xFFFF_FFFF_FFFF
        let random = UInt128.random(in: 0...UInt128.max)
        let version: UInt128 = 0x7 << 76
        let variant: UInt128 = 0b10 << 62
        let randomA = random & (0xFFF << 64)
        let randomB = random & 0x3FFF_FFFF_FFFF_FFFF
        return ExecutionID(bits: milliseconds << 80 | version | randomA | variant | randomB)
    }

    /// The smallest id that an execution enqueued at that time can have.
    public static func lowest(at time: Timestamp) -> ExecutionID {
        ExecutionID(bits: (UInt128(truncatingIfNeeded: max(0, time.microseconds) / 1000) & 0xFFFF_FFFF_FFFF) << 80)
    }

    public static func < (left: ExecutionID, right: ExecutionID) -> Bool { left.halves < right.halves }
}

extension ExecutionID: CustomStringConvertible {
    public var description: String { bits.text(prefix: "te_") }
}

/// The identity of one worker process, fresh at every start: `de_` and 32 hexadecimal digits.
public struct WorkerID: Sendable, Hashable {
    private let halves: Halves

    public var bits: UInt128 { halves.bits }

    public init(bits: UInt128) { halves = Halves(bits) }

    /// Reads the text form; `nil` when the text is no worker id.
    public init?(_ text: some StringProtocol) {
        guard let bits = UInt128(prefixed: "de_", text) else { return nil }
        self.init(bits: bits)
    }

    public static func random() -> WorkerID { WorkerID(bits: .random(in: 0...UInt128.max)) }
}

extension WorkerID: CustomStringConvertible {
    public var description: String { bits.text(prefix: "de_") }
}

/// 128 bits as two words.
///
/// Not one `UInt128`: passed on the stack to an `async` function it arrives misaligned and crashes the process (Swift 6.3 on
/// x86-64).
private struct Halves: Sendable, Hashable, Comparable {
    let high: UInt64
    let low: UInt64

    init(_ bits: UInt128) {
        high = UInt64(truncatingIfNeeded: bits >> 64)
        low = UInt64(truncatingIfNeeded: bits)
    }

    var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

    static func < (left: Halves, right: Halves) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension UInt128 {
    private static let digits = Array("0123456789abcdef".utf8)

    fileprivate init?(prefixed prefix: String, _ text: some StringProtocol) {
        let bytes = text.utf8
        guard bytes.count == prefix.utf8.count + 32, text.hasPrefix(prefix) else { return nil }
        var value: UInt128 = 0
        for byte in bytes.dropFirst(prefix.utf8.count) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt128(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt128(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self = value
    }

    fileprivate func text(prefix: StaticString) -> String {
        let start = prefix.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: start + 32) { text in
            prefix.withUTF8Buffer { _ = text.initialize(from: $0) }
            for digit in 0..<32 {
                let half = UInt64(truncatingIfNeeded: digit < 16 ? self >> 64 : self)
                let nibble = half >> UInt64(60 - 4 * (digit % 16)) & 0xF
                text.initializeElement(at: start + digit, to: Self.digits[Int(nibble)])
            }
            return start + 32
        }
    }
}
