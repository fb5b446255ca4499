import DurableInvoker
import Yams

extension TasksFileReader {
    /// A member of `endpoints`: its name, and where and how it is called.
    ///
    /// `Endpoint` decides what is acceptable. It is asked about each part alone as well, so that every problem is found
    /// and has its own line.
    mutating func endpoint(_ member: Member) -> Endpoint? {
        let before = problems.count
        let name = "Endpoint \(member.key)"
        if member.key.isEmpty || member.key.contains("/") {
            report(member.mark, "The name of an endpoint cannot be empty or contain \"/\", got \"\(member.key)\"")
        }
        guard case .mapping = member.node else {
            report(member.mark, "\(name) must be a mapping with at least \"url\"")
            return nil
        }
        let fields = members(of: member.node, name, known: ["url", "headers", "signingSecrets"])
        if fields["url"] == nil { report(member.mark, "\(name) has no url") }
        let url = fields["url"].flatMap { invocationText(of: $0, "\(name): url") }
        if let url { check(member.key, at: url.mark, url: url.value) }
        var headers: [String: String] = [:]
        for header in members(of: fields["headers"], "\(name): headers").all {
            let text = invocationText(of: header.node, "\(name): the header \"\(header.key)\"")
            check(member.key, at: header.mark, headers: [header.key: text?.value ?? ""])
            headers[header.key] = text?.value
        }
        let secrets = signingSecrets(fields, of: member.key)
        guard problems.count == before, purpose == .invocation, let url else { return nil }
        return check(member.key, at: member.mark, url: url.value, headers: headers, signingSecrets: secrets)
    }

    /// One secret or a list of them.
    ///
    /// Nothing where secrets should be is a problem: whoever writes the key expects that calls are signed.
    private mutating func signingSecrets(_ fields: Members, of endpoint: String) -> [String] {
        guard let member = fields.all.first(where: { $0.key == "signingSecrets" }) else { return [] }
        let name = "Endpoint \(endpoint): signingSecrets"
        let nodes: [Node]
        switch member.node {
        case .sequence(let list): nodes = Array(list)
        case .scalar where !member.node.isNothing: nodes = [member.node]
        case .scalar: nodes = []
        default:
            report(member.node.mark, "\(name) must be a text or a list of texts")
            return []
        }
        if nodes.isEmpty { report(member.mark, "\(name) is empty; give a secret, or leave it out to sign nothing") }
        var secrets: [String] = []
        for node in nodes {
            guard let text = invocationText(of: node, name) else { continue }
            check(endpoint, at: text.mark, signingSecrets: [text.value])
            secrets.append(text.value)
        }
        return secrets
    }

    @discardableResult
    private mutating func check(
        _ name: String,
        at mark: Mark?,
        url: String = "http://localhost",
        headers: [String: String] = [:],
        signingSecrets: [String] = []
    ) -> Endpoint? {
        do {
            return try Endpoint(name: name, url: url, headers: headers, signingSecrets: signingSecrets)
        } catch {
            for problem in error.problems { report(mark, "Endpoint \(name): \(problem)") }
            return nil
        }
    }

    /// A text that is needed to call the endpoint only: one with variables is left alone when nobody is going to.
    private mutating func invocationText(of node: Node, _ name: String) -> Text? {
        if purpose == .definitions, case .scalar(let scalar) = node, Substitution.isNeeded(in: scalar.string) {
            return nil
        }
        return text(of: node, name)
    }
}
