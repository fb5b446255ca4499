internal import DurableCore
internal import DurableWire
internal import OutboundHTTP

extension RequestHead {
    /// Adds what tells a procedure which attempt of which execution calls it.
    mutating func add(_ lease: Lease) {
        let executionID = lease.executionID.description
        add(.idempotencyKey, executionID)
        add(.executionID, executionID)
        add(.attempt, String(lease.id.attempt))
        add(.retryAttempt, String(lease.retryAttempts))
        add(.deadline, Swift.min(lease.deadline, .latestInRFC3339).description)
        add(.timeout, String(lease.options.timeoutMs))
        if let error = lease.previousError { add(.previousError, error.headerValue) }
        if let trace = lease.trace { add(trace) }
    }

    /// Adds a trace as it came with the enqueueing; leaves out what cannot stand in a header, since a call without its
    /// trace is better than no call.
    private mutating func add(_ trace: TraceContext) {
        guard add(.traceparent, trace.traceparent), let tracestate = trace.tracestate else { return }
        add(.tracestate, tracestate)
    }
}

extension HeaderName {
    fileprivate static let idempotencyKey = HeaderName("idempotency-key")
    fileprivate static let executionID = HeaderName("durable-execution-id")
    fileprivate static let attempt = HeaderName("durable-attempt")
    fileprivate static let retryAttempt = HeaderName("durable-retry-attempt")
    fileprivate static let deadline = HeaderName("durable-deadline")
    fileprivate static let timeout = HeaderName("durable-timeout-ms")
    fileprivate static let previousError = HeaderName("durable-previous-error")
    fileprivate static let traceparent = HeaderName("traceparent")
    fileprivate static let tracestate = HeaderName("tracestate")
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
