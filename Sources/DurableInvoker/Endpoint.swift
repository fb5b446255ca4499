internal import AsyncHTTPClient

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
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return ["the url must be ASCII without spaces; percent-encode its path, write its host in Punycode"]
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.count).hasPrefix("://") else {
            return ["the url must begin with http:// or https://"]
        }
        let rest = url.dropFirst(scheme.count + 3)
        if rest.prefix(while: { $0 != "/" && $0 != "?" && $0 != "#" }).contains("@") {
            return ["the url must not contain a user or password; send them in an authorization header"]
        }
        if rest.contains("#") {
            return ["the url must not contain a fragment (#…)"]
        }
        guard let request = try? HTTPClient.Request(url: url) else { return ["the url is not a valid URL with a host"] }
        guard (1...65_535).contains(request.port) else { return ["the url's port must be from 1 to 65535"] }
        return []
    }
}

/// An endpoint that cannot be used, with every reason why.
package struct InvalidEndpoint: Error, Sendable, Hashable, CustomStringConvertible {
    package let name: String
    /// One sentence for each problem, without a period.
    package let problems: [String]

    package var description: String { "Invalid endpoint \(name): " + problems.joined(separator: "; ") }
}
