internal import OutboundHTTP

/// What may stand in the headers of a call.
enum HeaderRules {
    /// Names that an endpoint's own headers may not use: they carry the protocol or frame the message.
    private static let reserved: Set<String> = [
        "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
        "idempotency-key", "keep-alive", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade",
    ]
    private static let reservedPrefixes = ["durable-", "proxy-", "webhook-"]

    /// Everything that is wrong with an endpoint's headers; never contains a value.
    static func problems(of headers: [String: String]) -> [String] {
        var problems: [String] = []
        var seen: Set<String> = []
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            let lowered = name.lowercased()
            if !HeaderField.isName(name) {
                problems.append("\"\(printable(name))\" is not a name that a header can have")
            } else if reserved.contains(lowered) || reservedPrefixes.contains(where: lowered.hasPrefix) {
                problems.append("the header \(name) is set by the service and cannot be changed")
            } else if !seen.insert(lowered).inserted {
                problems.append("the header \(name) is given twice (case does not matter)")
            }
            if value.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
                problems.append("the value of the header \(printable(name)) must not contain a line break")
            } else if !HeaderField.isValue(value) {
                problems.append("the value of the header \(printable(name)) must be printable ASCII")
            }
        }
        return problems
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
    }
}
