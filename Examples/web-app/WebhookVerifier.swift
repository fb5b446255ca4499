import Crypto
import Foundation

/// Tells the durable execution service's calls from anybody else's, by the signatures of Standard Webhooks.
///
/// The service signs its calls when the tasks file gives its endpoint `signingSecrets`. A signature covers the id, the time
/// and the body of a call, but neither its URL nor its other headers: have the connection protected as well, by https.
struct WebhookVerifier: Sendable {
    struct BadSecret: Error, CustomStringConvertible {
        let description = "Expected whsec_ and base64 of at least 24 bytes, or several such secrets with spaces between"
    }

    /// How far the service's clock and this one may be apart; an older call may be somebody's recording.
    private static let tolerance: TimeInterval = 5 * 60

    private let keys: [SymmetricKey]

    /// - Parameter secrets: One, or several with spaces between: while one replaces another, either will do.
    init(secrets: String) throws {
        keys = try secrets.split(whereSeparator: \.isWhitespace).map { secret in
            let base64 = secret.hasPrefix("whsec_") ? secret.dropFirst(6) : secret
            guard let bytes = Data(base64Encoded: String(base64)), bytes.count >= 24 else { throw BadSecret() }
            return SymmetricKey(data: bytes)
        }
        guard !keys.isEmpty else { throw BadSecret() }
    }

    /// Whether a call was signed with one of the secrets, and just now.
    ///
    /// - Parameters:
    ///   - body: The bytes as they came; parsed and written again, they could be others.
    ///   - id: The header `webhook-id`.
    ///   - timestamp: The header `webhook-timestamp`.
    ///   - signatures: The header `webhook-signature`.
    func accepts(_ body: Data, id: String?, timestamp: String?, signatures: String?) -> Bool {
        guard let id, let timestamp, let signatures, let seconds = Int(timestamp),
            abs(Date.now.timeIntervalSince1970 - Double(seconds)) <= Self.tolerance
        else { return false }
        let given = signatures.split(separator: " ")
            .filter { $0.hasPrefix("v1,") }
            .compactMap { Data(base64Encoded: String($0.dropFirst(3))) }
        let signed = Data("\(id).\(timestamp).".utf8) + body
        return keys.contains { key in
            let expected = HMAC<SHA256>.authenticationCode(for: signed, using: key)
            // This == takes the same time wherever the two differ: nobody can guess a signature byte by byte.
            return given.contains { expected == $0 }
        }
    }
}
