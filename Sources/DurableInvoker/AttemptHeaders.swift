internal import DurableCore
internal import DurableWire
internal import NIOHTTP1

extension HTTPHeaders {
    /// Adds what tells a procedure which attempt of which execution calls it.
    mutating func add(_ lease: Lease) {
        let executionID = lease.executionID.description
        add(name: "content-type", value: "application/json")
        add(name: "idempotency-key", value: executionID)
        add(name: "durable-execution-id", value: executionID)
        add(name: "durable-task-id", value: lease.taskID.rawValue)
        add(name: "durable-attempt", value: String(lease.id.attempt))
        add(name: "durable-retry-attempt", value: String(lease.retryAttempts))
        add(name: "durable-deadline", value: Swift.min(lease.deadline, .latestInRFC3339).description)
        add(name: "durable-timeout-ms", value: String(lease.options.timeoutMs))
        if let error = lease.previousError { add(name: "durable-previous-error", value: error.headerValue) }
        if let trace = lease.trace { add(trace) }
    }

    /// Adds a trace as it came with the enqueueing; leaves out what cannot stand in a header, since a call without its
    /// trace is better than no call.
    private mutating func add(_ trace: TraceContext) {
        guard HeaderRules.isValue(trace.traceparent) else { return }
        add(name: "traceparent", value: trace.traceparent)
        guard let tracestate = trace.tracestate, HeaderRules.isValue(tracestate) else { return }
        add(name: "tracestate", value: tracestate)
    }
}

extension ExecutionError {
    /// The error as a header can hold it: its JSON in ASCII, a long message cut off.
    fileprivate var headerValue: String {
        var error = self
        if message.unicodeScalars.count > Self.longestInHeader {
            error.message = String(String.UnicodeScalarView(message.unicodeScalars.prefix(Self.longestInHeader))) + "…"
        }
        var value = ""
        for unit in String(decoding: error.json.encode(), as: UTF8.self).utf16 {
            if let scalar = Unicode.Scalar(unit), (0x20..<0x7F).contains(unit) {
                value.unicodeScalars.append(scalar)
            } else {
                let digits = String(unit, radix: 16)
                value += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return value
    }

    private static let longestInHeader = 500
}

extension Timestamp {
    /// The last millisecond of the year 9999, after which RFC 3339 has no notation.
    fileprivate static let latestInRFC3339 = Timestamp(microseconds: 253_402_300_799_999_000)
}
