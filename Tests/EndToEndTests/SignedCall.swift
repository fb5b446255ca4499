import Crypto
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A call of `add1` that is made by hand, signed or not, and perhaps tampered with.
///
/// Its signatures are made here and not by the service's own code, so that the two check each other.
struct SignedCall {
    var headers: [String: String] = [:]
    var body = #"{"json":{"n":1}}"#

    /// A call without a signature.
    init() {}

    /// A call that is signed with each of the secrets.
    init(
        with secrets: String...,
        id: String = "te_01920000000070008000000000000001_1",
        timestamp: String? = nil,
        secondsAgo: Int = 0
    ) {
        let timestamp = timestamp ?? "\(Int(Date.now.timeIntervalSince1970) - secondsAgo)"
        let signatures = secrets.map { secret in
            let key = SymmetricKey(data: Data(base64Encoded: secret.replacing("whsec_", with: "")) ?? Data())
            let code = HMAC<SHA256>.authenticationCode(for: Data("\(id).\(timestamp).\(body)".utf8), using: key)
            return "v1," + Data(code).base64EncodedString()
        }
        headers["webhook-id"] = id
        headers["webhook-timestamp"] = timestamp
        headers["webhook-signature"] = signatures.joined(separator: " ")
    }

    /// The same call with one header set, or without it.
    func with(_ header: String, _ value: String?) -> SignedCall {
        var call = self
        call.headers[header] = value
        return call
    }

    /// Sends it to a web app and returns the status of the answer.
    func status(from url: String) async throws -> Int {
        var request = URLRequest(url: try #require(URL(string: url + "/add1")))
        request.httpMethod = "POST"
        request.httpBody = Data(body.utf8)
        request.setValue("application/json", forHTTPHeaderField: "content-type")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (_, response) = try await URLSession.shared.data(for: request)
        return try #require(response as? HTTPURLResponse).statusCode
    }
}
