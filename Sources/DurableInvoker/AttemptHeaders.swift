internal import DurableCore
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

extension Timestamp {
    /// The last millisecond of the year 9999, after which RFC 3339 has no notation.
    fileprivate static let latestInRFC3339 = Timestamp(microseconds: 253_402_300_799_999_000)
}
