internal import DurableCore
internal import DurableWire
internal import NIOHTTP1
internal import OutboundHTTP

extension OutboundAnswer {
    /// What it means for an attempt; a failure that may be tried again comes with the delay that the web app asks for.
    ///
    /// - Parameter isParent: Whether children may come with it.
    func outcome(of lease: Lease, isParent: Bool) -> Outcome {
        let response = ProcedureResponse(status: status, contentType: headers.first(name: "content-type"), body: body)
        switch ResponseClassification.classify(response, ofParent: isParent) {
        case .failed(let error, _) where error.isRetryable && status >= 400:
            return .failed(error, retryAfterMs: Double(retryAfterSeconds(of: lease)) * 1000)
        case let outcome:
            return outcome
        }
    }

    /// What `retry-after` asks for; a date there is compared with the web app's own clock, else with the storage's.
    private func retryAfterSeconds(of lease: Lease) -> Int64 {
        guard let header = headers.first(name: "retry-after") else { return 0 }
        let date = headers.first(name: "date").flatMap { HTTPDate.seconds($0) }
        return RetryAfter.seconds(header, now: date ?? lease.startedAt.microseconds / 1_000_000) ?? 0
    }
}
