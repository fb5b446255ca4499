internal import Crypto

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A secret that this service shares with a web app; calls that are signed with it can only come from one of the two.
///
/// Whatever describes it, be it a log, a message or a debugger, does so without its bytes.
package struct SigningSecret: Sendable {
    /// How long a secret may be, in bytes: what Standard Webhooks asks for.
    static let lengths = 24...64

    let key: SymmetricKey

    /// Reads a secret as Standard Webhooks writes it: `whsec_` and base64, or the base64 alone.
    init(_ text: String) throws(InvalidSigningSecret) {
        let base64 = text.hasPrefix("whsec_") ? String(text.dropFirst(6)) : text
        guard let bytes = Data(base64Encoded: base64) else { throw .notBase64 }
        guard Self.lengths.contains(bytes.count) else { throw .length(bytes.count) }
        key = SymmetricKey(data: bytes)
    }
}

extension SigningSecret: Hashable {
    package func hash(into hasher: inout Hasher) {
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "signing secret" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no signing secret; says nothing of what the text is.
enum InvalidSigningSecret: Error {
    case notBase64
    /// How many bytes there are.
    case length(Int)

    /// The rest of a sentence that begins with which secret it is.
    var problem: String {
        switch self {
        case .notBase64: "must be base64, with or without whsec_ before it"
        case .length(let count):
            "must be base64 of \(SigningSecret.lengths.lowerBound) to \(SigningSecret.lengths.upperBound) bytes, "
                + "these are \(count); \"openssl rand -base64 32\" makes one"
        }
    }
}
