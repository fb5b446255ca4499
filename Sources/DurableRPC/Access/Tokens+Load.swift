#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Tokens {
    /// The prefix of the environment variables that hold a token each: `DURABLE_TOKEN_<NAME>=role[,role]:token`.
    package static let environmentPrefix = "DURABLE_TOKEN_"

    /// Reads the tokens of a file and of the environment.
    ///
    /// A line of the file is `name role[,role] sha256`, the last being the token's SHA-256 in hexadecimal
    /// (`printf %s "$TOKEN" | sha256sum`). Blank lines and what follows a `#` at a line's beginning are skipped.
    ///
    /// - Parameter file: The path of the file; `nil` when there is none.
    /// - Throws: Every problem at once. That there is no token at all is one.
    package static func load(file: String?, environment: [String: String]) throws(TokenProblems) -> Tokens {
        var reader = TokenReader()
        if let file { reader.readFile(at: file) }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(environmentPrefix) {
            reader.readVariable(name, value)
        }
        return try reader.finish()
    }
}

/// Collects tokens and problems from several sources.
private struct TokenReader {
    private var tokens: [Token] = []
    private var places: [String] = []
    private var problems: [String] = []

    mutating func readFile(at path: String) {
        guard let data = FileManager.default.contents(atPath: path) else {
            problems.append("\(path): the tokens file cannot be read; check the path and its permissions")
            return
        }
        let lines = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            readLine(line, at: "\(path):\(index + 1)")
        }
    }

    private mutating func readLine(_ line: Substring, at place: String) {
        let words = line.split { $0 == " " || $0 == "\t" }
        guard let first = words.first, !first.hasPrefix("#") else { return }
        guard words.count == 3 else {
            problems.append("\(place): expected three words, name role[,role] sha256-of-token, got \(words.count)")
            return
        }
        let roles = roles(words[1], at: place)
        guard let digest = Self.digest(hexadecimal: words[2]) else {
            problems.append(
                "\(place): expected the token's SHA-256 as 64 hexadecimal digits, got \(words[2].count) characters; "
                    + "make it with: printf %s \"$TOKEN\" | sha256sum"
            )
            return
        }
        add(name: String(first), roles: roles, digest: digest, at: place)
    }

    mutating func readVariable(_ variable: String, _ value: String) {
        let name = variable.dropFirst(Tokens.environmentPrefix.count).lowercased()
        if name.isEmpty {
            problems.append("\(variable): the token's name is missing after \(Tokens.environmentPrefix)")
        }
        guard let colon = value.firstIndex(of: ":") else {
            problems.append("\(variable): expected role[,role]:token, found no colon")
            return
        }
        let roles = roles(value[..<colon], at: variable)
        let text = value[value.index(after: colon)...]
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            problems.append("\(variable): the token has characters that no header can carry; use visible ASCII only")
            return
        }
        add(name: name, roles: roles, digest: Token.digest(of: text.utf8), at: variable)
    }

    private mutating func roles(_ list: Substring, at place: String) -> Set<Role> {
        var roles: Set<Role> = []
        for word in list.split(separator: ",", omittingEmptySubsequences: false) {
            if let role = Role(rawValue: String(word)) {
                roles.insert(role)
            } else {
                let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("\(place): unknown role \"\(word)\"; the roles are \(known)")
            }
        }
        return roles
    }

    private mutating func add(name: String, roles: Set<Role>, digest: [UInt8], at place: String) {
        if digest == Token.digest(of: []) {
            problems.append("\(place): the token of \(name) is empty")
        }
        for (token, other) in zip(tokens, places) {
            if token.name == name {
                problems.append("\(place): the name \(name) is taken by \(other)")
            }
            if token.digest == digest {
                problems.append("\(place): the token of \(name) is the same as that of \(token.name) in \(other)")
            }
        }
        tokens.append(Token(name: name, roles: roles, digest: digest))
        places.append(place)
    }

    private static func digest(hexadecimal text: Substring) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    func finish() throws(TokenProblems) -> Tokens {
        var problems = problems
        if problems.isEmpty, tokens.isEmpty {
            problems.append(
                "There are no tokens; write a tokens file, or set \(Tokens.environmentPrefix)<NAME>=role[,role]:token"
            )
        }
        guard problems.isEmpty else { throw TokenProblems(problems: problems) }
        return Tokens(tokens)
    }
}
