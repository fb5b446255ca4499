import Crypto
import DurableCore
import DurableInvoker
import DurableTestKit
import Foundation
import Testing

@Suite("Signed calls", .timeLimit(.minutes(1)))
struct SigningTests {
    /// 32 bytes: 0, 1, 2 and so on.
    private static let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    /// 24 bytes: 100, 101, 102 and so on; without the prefix.
    private static let old = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"

    private func secrets(_ texts: String...) throws -> [SigningSecret] {
        try Endpoint(name: "web-app", url: "http://h", signingSecrets: texts).signingSecrets
    }

    /// What a receiver of Standard Webhooks computes, as its specification has it.
    private func signature(of request: StubRequest, _ secret: String) throws -> String {
        let key = try #require(Data(base64Encoded: secret.replacing("whsec_", with: "")))
        let id = try #require(request["webhook-id"])
        let timestamp = try #require(request["webhook-timestamp"])
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(timestamp).\(request.text)".utf8),
            using: SymmetricKey(data: key)
        )
        return "v1," + Data(code).base64EncodedString()
    }

    // Made with OpenSSL 3: printf '%s' 'ID.TIMESTAMP.BODY' |
    //     openssl dgst -sha256 -mac HMAC -macopt hexkey:THE-SECRET-IN-HEX -binary | base64
    @Test(
        "A signature is the one that OpenSSL makes",
        arguments: [
            (new, #"{"json":{"n":1}}"#, "v1,vBDf1j3el8d9dWx3g2s8Ey4a9mA6s1l/X8AHnXXzuWs="),
            (new, #"{"json":"日本語 😀"}"#, "v1,Qr89JAisEJQlrHZu9XiORQZff26AVkeUD1Rb70aYPf8="),
            (new, "{}", "v1,E6iyPRRk5Cxnl4JDxmOlLLVCXF/L4s1mmQ5jhQjRy5o="),
            (old, #"{"json":{"n":1}}"#, "v1,iS5H9SCn8IQwq/+DteD1WL2TIhlmJ+ju0wfB8M1QbNE="),
            (old, #"{"json":"日本語 😀"}"#, "v1,SfdCzJj+LtSVLNMF8BBb1DmTn/a2lyP74b58oOclw/o="),
        ]
    )
    func vectors(secret: String, body: String, expected: String) throws {
        let signature = WebhookSignature(
            id: "te_01920000000070008000000000000001_7",
            timestamp: 1_700_000_000,
            body: [Array(body.utf8)],
            secrets: try secrets(secret)
        )
        #expect(signature.signatures == expected)
    }

    @Test("A call carries the attempt's id, the time of sending, and a signature by each secret, the newest first")
    func received() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            let before = Date.now.timeIntervalSince1970
            try await Calls.withInvoker(url: app.url, signingSecrets: [Self.new, Self.old]) { invoker in
                for payload in Payloads.all {
                    _ = await invoker.invoke(Calls.attempt(Calls.lease(input: payload, attempt: 7)))
                }
            }
            #expect(app.requests.count == Payloads.all.count)
            for request in app.requests {
                #expect(request["webhook-id"] == "te_01920000000070008000000000000001_7")
                let timestamp = try #require(request["webhook-timestamp"].flatMap { Int($0) })
                #expect(timestamp >= Int(before) && Double(timestamp) <= Date.now.timeIntervalSince1970)
                let expected = try [signature(of: request, Self.new), signature(of: request, Self.old)]
                #expect(request["webhook-signature"] == expected.joined(separator: " "))
            }
        }
    }

    @Test("A later attempt has another id and another signature")
    func attempts() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            try await Calls.withInvoker(url: app.url, signingSecrets: [Self.new]) { invoker in
                for attempt in 1...2 { _ = await invoker.invoke(Calls.attempt(Calls.lease(attempt: attempt))) }
            }
            #expect(app.requests.map { $0["webhook-id"]?.suffix(2) } == ["_1", "_2"])
            #expect(Set(app.requests.map { $0["webhook-signature"] }).count == 2)
        }
    }

    @Test("Without a secret there are no such headers")
    func unsigned() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            _ = try await Calls.call(url: app.url)
            let request = try #require(app.requests.first)
            #expect(!request.headers.contains { $0.name.hasPrefix("webhook-") })
        }
    }

    @Test("Base64 with and without whsec_ is the same secret, from 24 to 64 bytes")
    func accepted() throws {
        #expect(try secrets(Self.old) == secrets("whsec_" + Self.old))
        #expect(try secrets(Self.old) != secrets(Self.new))
        let longest = try secrets(Data(count: 64).base64EncodedString())
        #expect(longest.count == 1)
    }

    @Test(
        "What is no secret is refused, and nothing of it is quoted",
        arguments: [
            ("", "these are 0"), ("whsec_", "these are 0"), ("whsec_c2VjcmV0", "these are 6"),
            (Data(count: 23).base64EncodedString(), "these are 23"),
            (Data(count: 65).base64EncodedString(), "these are 65"), ("my secret passphrase, quite long", "base64,"),
            (new + "\n", "base64,"), ("whsk_" + old, "base64,"), (String(new.dropLast()), "base64,"),
        ]
    )
    func refused(text: String, hint: String) throws {
        let error = #expect(throws: InvalidEndpoint.self) { try secrets(text) }
        let description = try #require(error?.description)
        #expect(description.hasPrefix("Invalid endpoint web-app: the signing secret must be base64"))
        #expect(description.contains(hint))
        for part in [text, String(text.dropFirst(6))] where !part.isEmpty { #expect(!description.contains(part)) }
    }

    @Test("Each of several secrets that are none is named by its number")
    func refusedAmongSeveral() {
        let error = #expect(throws: InvalidEndpoint.self) { try secrets("?", Self.new, "c2hvcnQ=") }
        #expect(error?.problems.map { $0.prefix(20) } == ["signing secret 1 mus", "signing secret 3 mus"])
    }

    @Test("Describing or dumping an endpoint shows nothing of its secrets")
    func descriptions() throws {
        let endpoint = try Endpoint(name: "web-app", url: "http://h", signingSecrets: [Self.new, Self.old])
        let procedure = try Procedure(endpoint: endpoint, path: "add2")
        var texts = [String(describing: procedure), String(reflecting: procedure), "\(endpoint.signingSecrets)"]
        var dumped = ""
        dump(procedure, to: &dumped)
        texts.append(dumped)
        for text in texts {
            #expect(text.contains("signing secret"))
            // Neither as text nor as bytes: 100, 101, 102 and "def".
            for part in ["AAECAwQF", "ZGVmZ2hp", "100, 101", "- 101", "defghi", "SymmetricKey"] {
                #expect(!text.contains(part))
            }
        }
    }
}
