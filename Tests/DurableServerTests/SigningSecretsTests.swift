import DurableInvoker
import DurableServer
import Testing

@Suite("Signing secrets in a tasks file")
struct SigningSecretsTests {
    private static let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    private static let old = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"

    private func problems(
        of text: String,
        for purpose: TasksFile.Purpose = .invocation,
        environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try TasksFile(reading: text, named: "tasks.yaml", for: purpose, environment: environment)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(
        "are one text or a list of texts, the newest first, with the variables in place",
        arguments: [
            (#"["${NEW}", "${OLD}"]"#, [new, old]),
            (#"["whsec_${OLD}", "\#(new)"]"#, [old, new]),
            (#""${NEW}""#, [new]),
            (old, [old]),
        ]
    )
    func values(value: String, expected: [String]) throws {
        let file = try TasksFile(
            reading: "endpoints: { app: { url: 'http://app', signingSecrets: \(value) } }",
            named: "tasks.yaml",
            for: .invocation,
            environment: ["NEW": Self.new, "OLD": Self.old]
        )
        let endpoint = try Endpoint(name: "app", url: "http://app", signingSecrets: expected)
        #expect(file.endpoints["app"] == endpoint)
    }

    @Test("that are none are reported each at its own place, and nothing of them is quoted")
    func problems() {
        let text = """
            endpoints:
              app:
                url: http://app
                signingSecrets:
                  - "${SHORT}"
                  - s3cret of mine
                  - "${MISSING}"
                  - { a: b }
                  - "${GOOD}"
              other:
                url: http://other
                signingSecrets: whsec_
            """
        let length = "the signing secret must be base64 of 24 to 64 bytes, these are"
        let hint = #""openssl rand -base64 32" makes one"#
        #expect(
            problems(of: text, environment: ["SHORT": "whsec_czNjcmV0", "GOOD": Self.new]) == [
                "tasks.yaml:5:9: Endpoint app: \(length) 6; \(hint)",
                "tasks.yaml:6:9: Endpoint app: the signing secret must be base64, with or without whsec_ before it",
                "tasks.yaml:7:9: Endpoint app: signingSecrets: the environment variable MISSING is not set",
                "tasks.yaml:8:9: Endpoint app: signingSecrets must be a text",
                "tasks.yaml:12:21: Endpoint other: \(length) 0; \(hint)",
            ]
        )
    }

    @Test("cannot be left empty: whoever writes the key expects signatures", arguments: ["", "[]", "~"])
    func empty(value: String) {
        let text = "endpoints:\n  app:\n    url: http://app\n    signingSecrets: \(value)\n"
        #expect(
            problems(of: text) == [
                "tasks.yaml:4:5: Endpoint app: signingSecrets is empty; give a secret, or leave it out to sign nothing"
            ]
        )
    }

    @Test("are neither a mapping nor anything else")
    func mapping() {
        #expect(
            problems(of: "endpoints: { app: { url: 'http://app', signingSecrets: { a: b } } }") == [
                "tasks.yaml:1:56: Endpoint app: signingSecrets must be a text or a list of texts"
            ]
        )
    }

    @Test("in variables are not needed by a front end; those in the file itself are checked all the same")
    func frontEnd() {
        let text = "endpoints: { app: { url: 'http://app', signingSecrets: ['${MISSING}', short] } }"
        #expect(
            problems(of: text, for: .definitions) == [
                "tasks.yaml:1:71: Endpoint app: the signing secret must be base64, with or without whsec_ before it"
            ]
        )
    }
}
