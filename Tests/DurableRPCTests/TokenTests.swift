import DurableRPC
import Foundation
import Testing

@Suite("Reading tokens")
struct TokenTests {
    /// SHA-256 of "secret", of "other" and of nothing.
    static let secret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    static let other = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
    static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    static func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID())")
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }

    static func problems(of text: String, _ environment: [String: String] = [:]) throws -> [String] {
        var problems: [String] = []
        try withFile(text) { path in
            do throws(TokenProblems) {
                _ = try Tokens.load(file: path, environment: environment)
            } catch {
                problems = error.problems.map { $0.replacing(path, with: "tokens") }
            }
        }
        return problems
    }

    @Test("tokens come from a file with comments and blank lines, and from the environment")
    func load() throws {
        try Self.withFile("# ours\n\nweb enqueue,read \(Self.secret)\r\n  ops\tadmin  \(Self.other.uppercased())\n") {
            path in
            let tokens = try Tokens.load(
                file: path,
                environment: ["DURABLE_TOKEN_CI": "enqueue:a:b", "DURABLE_TOKENS": path, "HOME": "/"]
            )
            #expect(tokens.all.map(\.name) == ["web", "ops", "ci"])
            #expect(tokens.all.map(\.roles) == [[.enqueue, .read], [.admin], [.enqueue]])
        }
    }

    @Test("every problem is told at once, with its line, and without the token")
    func everyProblem() throws {
        let problems = try Self.problems(
            of: """
                web enqueue
                web enqueue,write \(Self.secret)
                ops admin 1234
                web read \(Self.other)
                again read \(Self.secret)
                none read \(Self.empty)
                """,
            ["DURABLE_TOKEN_": "read:x", "DURABLE_TOKEN_A": "hunter2", "DURABLE_TOKEN_B": "read:hünter2"]
        )
        #expect(
            problems == [
                "tokens:1: expected three words, name role[,role] sha256-of-token, got 2",
                "tokens:2: unknown role \"write\"; the roles are enqueue, read, admin",
                "tokens:3: expected the token's SHA-256 as 64 hexadecimal digits, got 4 characters; "
                    + "make it with: printf %s \"$TOKEN\" | sha256sum",
                "tokens:4: the name web is taken by tokens:2",
                "tokens:5: the token of again is the same as that of web in tokens:2",
                "tokens:6: the token of none is empty",
                "DURABLE_TOKEN_: the token's name is missing after DURABLE_TOKEN_",
                "DURABLE_TOKEN_A: expected role[,role]:token, found no colon",
                "DURABLE_TOKEN_B: the token has characters that no header can carry; use visible ASCII only",
            ]
        )
        #expect(!problems.joined().contains("unter2"))
    }

    @Test("no token at all is a problem")
    func none() throws {
        let problems = try Self.problems(of: "# nothing\n")
        #expect(
            problems == [
                "There are no tokens; write a tokens file, or set DURABLE_TOKEN_<NAME>=role[,role]:token"
            ]
        )
    }

    @Test("a file that is not there is a problem")
    func noFile() {
        #expect(throws: TokenProblems.self) {
            _ = try Tokens.load(file: "/nowhere/tokens", environment: ["DURABLE_TOKEN_A": "read:x"])
        }
    }
}
