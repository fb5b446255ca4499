import DurableCore
import HTTPTypes

extension TraceContext {
    private static let traceparentName = HTTPField.Name("traceparent")
    private static let tracestateName = HTTPField.Name("tracestate")

    /// The W3C trace context of a request; `nil` when it has none, or none that is well-formed.
    ///
    /// As the recommendation asks, a malformed `tracestate` is dropped alone, a malformed `traceparent` takes it along.
    init?(_ headers: HTTPFields) {
        guard let name = Self.traceparentName, let traceparent = headers[name], Self.isTraceparent(traceparent)
        else { return nil }
        let tracestate = Self.tracestateName.flatMap { headers[$0] }
        self.init(
            traceparent: traceparent,
            tracestate: tracestate.flatMap { Self.isTracestate($0) ? $0 : nil }
        )
    }

    /// `version-traceid-parentid-flags` in lower-case hexadecimal; versions after 00 may add more.
    private static func isTraceparent(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(isHex) })
        else { return false }
        let zero = UInt8(ascii: "0")
        let isVersionZero = parts[0].allSatisfy { $0 == zero }
        let isVersionForbidden = parts[0].allSatisfy { $0 == UInt8(ascii: "f") }
        return !isVersionForbidden && (parts.count == 4 || !isVersionZero) && text.utf8.count <= 512
            && parts[1].contains { $0 != zero } && parts[2].contains { $0 != zero }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Up to 32 `key=value` separated by commas, with spaces around them and empty ones among them, 512 bytes in all.
    private static func isTracestate(_ text: String) -> Bool {
        guard text.utf8.count <= 512 else { return false }
        let members = text.split(separator: ",").map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
            .filter { !$0.isEmpty }
        return (1...32).contains(members.count) && members.allSatisfy(isMember)
    }

    private static func isMember(_ member: Substring) -> Bool {
        let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, (1...256).contains(parts[0].utf8.count), (1...256).contains(parts[1].utf8.count)
        else { return false }
        let isKey = parts[0].utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "_-*/@".utf8.contains(byte)
        }
        let isValue = parts[1].utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
        return isKey && isValue
    }
}

extension Substring {
    fileprivate func trimming(while isPadding: (Character) -> Bool) -> Substring {
        var rest = drop(while: isPadding)
        while let last = rest.last, isPadding(last) { rest.removeLast() }
        return rest
    }
}
