internal import Crypto
internal import DurableCore
internal import OutboundHTTP

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// What shows a web app that a call comes from this service, when it was sent, and that its body was not changed.
///
/// The scheme is that of Standard Webhooks: HMAC-SHA256 over the id, the timestamp and the body with a period between.
/// Neither the URL nor the other headers are signed.
package struct WebhookSignature: Sendable {
    /// Which attempt of which execution it is, `te_…_7`: no other call has it.
    package let id: String
    /// The moment of sending, in whole seconds since 1970-01-01 UTC.
    package let timestamp: Int64
    /// A signature by each secret, separated by spaces.
    package let signatures: String

    /// Signs the body of a call.
    ///
    /// - Parameters:
    ///   - body: Its parts, one after the other.
    ///   - secrets: The newest first; while one replaces another, the web app may know either.
    package init(id: String, timestamp: Int64, body: [[UInt8]], secrets: [SigningSecret]) {
        self.id = id
        self.timestamp = timestamp
        let start = Array("\(id).\(timestamp).".utf8)
        signatures = secrets.map { secret in
            var code = HMAC<SHA256>(key: secret.key)
            code.update(data: start)
            for part in body { code.update(data: part) }
            return "v1," + Data(code.finalize()).base64EncodedString()
        }.joined(separator: " ")
    }
}

extension RequestHead {
    /// Signs the call for an attempt, which is sent now; adds nothing when there are no secrets.
    mutating func sign(_ lease: Lease, body: [[UInt8]], with secrets: [SigningSecret]) {
        guard !secrets.isEmpty else { return }
        let signature = WebhookSignature(
            id: "\(lease.executionID)_\(lease.id.attempt)",
            // By this machine's clock, unlike all other times: the web app compares it with its own.
            timestamp: Int64(Date.now.timeIntervalSince1970),
            body: body,
            secrets: secrets
        )
        add(.webhookID, signature.id)
        add(.webhookTimestamp, String(signature.timestamp))
        add(.webhookSignature, signature.signatures)
    }
}

extension HeaderName {
    fileprivate static let webhookID = HeaderName("webhook-id")
    fileprivate static let webhookTimestamp = HeaderName("webhook-timestamp")
    fileprivate static let webhookSignature = HeaderName("webhook-signature")
}
