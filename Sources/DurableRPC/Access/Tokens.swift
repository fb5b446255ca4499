/// The tokens that a front end accepts.
package struct Tokens: Sendable {
    package let all: [Token]

    package init(_ all: [Token]) {
        self.all = all
    }

    /// The token that an `Authorization` header presents, as `Bearer TOKEN` or as the bare token.
    ///
    /// Takes the same time whichever token matches, and whether one does: hashes are compared, whole, with every entry.
    func token(presentedBy authorization: String) -> Token? {
        let digest = Token.digest(of: Self.text(in: authorization).utf8)
        var match: Token?
        for token in all {
            let difference = zip(token.digest, digest).reduce(0) { $0 | ($1.0 ^ $1.1) }
            if difference == 0, token.digest.count == digest.count { match = token }
        }
        return match
    }

    private static func text(in authorization: String) -> Substring {
        let scheme = "bearer "
        let text =
            authorization.prefix(scheme.count).lowercased() == scheme
            ? authorization.dropFirst(scheme.count) : authorization[...]
        return text.drop { $0 == " " }
    }
}
