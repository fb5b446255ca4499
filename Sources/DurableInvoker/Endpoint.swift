internal import OutboundHTTP

/// A web app whose procedures are called: the base URL of its RPC handler, the headers that every call carries, and what
/// calls are signed with.
package struct Endpoint: Sendable, Hashable {
    package let name: String
    /// `http` or `https`, a host, perhaps a path and a query; as `RPCLink` takes it.
    package let url: String
    /// What the web app wants to see on every call, like `authorization`; never logged, never stored.
    package let headers: [String: String]
    /// What every call is signed with, the newest first; calls are not signed when there is none.
    package let signingSecrets: [SigningSecret]

    /// Checks an endpoint and takes it in.
    ///
    /// - Parameter signingSecrets: As Standard Webhooks writes them, `whsec_` and base64 of 24 to 64 bytes, or the base64
    ///   alone; the newest first.
    /// - Throws: ``InvalidEndpoint`` with everything that is wrong, never with the value of a header or a secret.
    package init(
        name: String,
        url: String,
        headers: [String: String] = [:],
        signingSecrets: [String] = []
    ) throws(InvalidEndpoint) {
        var problems = Self.problems(ofURL: url) + HeaderRules.problems(of: headers)
        var secrets: [SigningSecret] = []
        for (index, text) in signingSecrets.enumerated() {
            do {
                secrets.append(try SigningSecret(text))
            } catch {
                let which = signingSecrets.count == 1 ? "the signing secret" : "signing secret \(index + 1)"
                problems.append("\(which) \(error.problem)")
            }
        }
        guard problems.isEmpty else { throw InvalidEndpoint(name: name, problems: problems) }
        self.name = name
        self.url = url
        self.headers = headers
        self.signingSecrets = secrets
    }

    private static func problems(ofURL url: String) -> [String] {
        do throws(InvalidTarget) {
            _ = try Target(url)
            return []
        } catch {
            switch error {
            case .notASCII:
                return ["the url must be ASCII without spaces; percent-encode its path, write its host in Punycode"]
            case .scheme: return ["the url must begin with http:// or https://"]
            case .user:
                return ["the url must not contain a user or password; send them in an authorization header"]
            case .fragment: return ["the url must not contain a fragment (#…)"]
            case .host: return ["the url is not a valid URL with a host"]
            case .port: return ["the url's port must be from 1 to 65535"]
            }
        }
    }
}

/// An endpoint that cannot be used, with every reason why.
package struct InvalidEndpoint: Error, Sendable, Hashable, CustomStringConvertible {
    package let name: String
    /// One sentence for each problem, without a period.
    package let problems: [String]

    package var description: String { "Invalid endpoint \(name): " + problems.joined(separator: "; ") }
}
