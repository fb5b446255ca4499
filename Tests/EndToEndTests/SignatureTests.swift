import DurableClient
import DurableCore
import DurableTestKit
import Foundation
import Testing

@Suite("Signatures, and the example web apps that verify them", .timeLimit(.minutes(2)))
struct SignatureTests {
    private static let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    private static let old = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"
    private static let other = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"

    @Test("A web app accepts what is signed with its secret", arguments: ExampleApp.runnable)
    func accepted(app: ExampleApp) async throws {
        let signed = SignedCall(with: Self.new)
        let signature = try #require(signed.headers["webhook-signature"])
        let calls = [
            "signed now": signed,
            "four minutes ago": SignedCall(with: Self.new, secondsAgo: 240),
            "by a clock that is fast": SignedCall(with: Self.new, secondsAgo: -240),
            "with the new secret first": SignedCall(with: Self.new, Self.old),
            "with the new secret last": SignedCall(with: Self.old, Self.new),
            "with other schemes": signed.with("webhook-signature", "v2,x v1a,eA== v1,eA== v1,?? \(signature)"),
        ]
        try await app.with(signingSecret: Self.new) { url in
            for (name, call) in calls {
                let status = try await call.status(from: url)
                #expect(status == 200, "\(name)")
            }
        }
    }

    @Test("A web app with two secrets accepts either; with or without whsec_", arguments: ExampleApp.runnable)
    func twoSecrets(app: ExampleApp) async throws {
        try await app.with(signingSecret: "\(Self.new) \(Self.old.dropFirst(6))") { url in
            let statuses = [
                try await SignedCall(with: Self.new).status(from: url),
                try await SignedCall(with: Self.old).status(from: url),
                try await SignedCall(with: Self.other).status(from: url),
            ]
            #expect(statuses == [200, 200, 401])
        }
    }

    @Test("A web app refuses everything else with 401", arguments: ExampleApp.runnable)
    func refused(app: ExampleApp) async throws {
        let signed = SignedCall(with: Self.new)
        let signature = try #require(signed.headers["webhook-signature"])
        var calls = [
            "another id": signed.with("webhook-id", "te_01920000000070008000000000000001_2"),
            "another time": signed.with("webhook-timestamp", "\(Int(Date.now.timeIntervalSince1970) - 60)"),
            "six minutes ago": SignedCall(with: Self.new, secondsAgo: 360),
            "in six minutes": SignedCall(with: Self.new, secondsAgo: -360),
            "the least time there is": SignedCall(with: Self.new, timestamp: "\(Int.min)"),
            "no time": SignedCall(with: Self.new, timestamp: "now"),
            "another secret": SignedCall(with: Self.other),
            "another scheme": signed.with("webhook-signature", signature.replacing("v1,", with: "v2,")),
            "half a signature": signed.with("webhook-signature", String(signature.prefix(20))),
            "nothing for a signature": signed.with("webhook-signature", "v1,"),
            "unsigned": SignedCall(),
        ]
        for header in signed.headers.keys { calls["without \(header)"] = signed.with(header, nil) }
        calls["another body"] = signed
        calls["another body"]?.body = #"{"json":{"n":2}}"#
        calls["the same body, written otherwise"] = signed
        calls["the same body, written otherwise"]?.body = #"{"json": {"n": 1}}"#
        try await app.with(signingSecret: Self.new) { url in
            for (name, call) in calls {
                let status = try await call.status(from: url)
                #expect(status == 401, "\(name)")
            }
        }
    }

    @Test("A web app without a secret takes every call", arguments: ExampleApp.runnable)
    func noSecret(app: ExampleApp) async throws {
        try await app.with(signingSecret: nil) { url in
            let status = try await SignedCall().status(from: url)
            #expect(status == 200)
        }
    }

    @Test(
        "A web app whose secret is none does not start: an empty one would let everybody in",
        arguments: ExampleApp.runnable,
        ["", " ", "whsec_", "whsec_c2hvcnQ="]
    )
    func badSecret(app: ExampleApp, secret: String) async throws {
        let process = try app.start(port: try freePort(), signingSecret: secret)
        let exitCode = await process.exitCode()
        #expect(exitCode == 1)
        #expect(!process.output.contains("c2hvcnQ"))
        await process.end()
    }

    @Test(
        "A worker's calls pass while secrets are rotated, and no log or record has one",
        arguments: ExampleApp.runnable
    )
    func worker(app: ExampleApp) async throws {
        // The worker signs with both, the web app still knows the old one only.
        try await app.with(signingSecret: Self.old) { url in
            try await Deployment.with { _ in
                """
                endpoints:
                  app: { url: "\(url)", signingSecrets: ["${NEW_SECRET}", "${OLD_SECRET}"] }
                  down: { url: "http://127.0.0.1:9", signingSecrets: ["${NEW_SECRET}", "${OLD_SECRET}"] }
                tasks:
                  add1: { procedure: app/add1, timeoutMs: 20000 }
                  retrying: { procedure: down/x, timeoutMs: 20000 }
                """
            } _: { deployment in
                let worker = try deployment.start(
                    ["worker", "--log-level", "trace"],
                    environment: ["NEW_SECRET": Self.new, "OLD_SECRET": Self.old]
                )
                let passing = try await deployment.add1.enqueue(.init(n: 41))
                let failing = try await deployment.retrying.enqueue(.init(n: 41))
                let executions = try await deployment.finished([passing, failing])
                #expect(executions.first { $0.id == passing }?.status == .completed)
                #expect(executions.first { $0.id == failing }?.status == .failed)
                try await eventually("the failing call is logged") { worker.output.contains("brought no answer") }
                let texts = [worker.output] + executions.map { "\($0)" }
                for secret in [Self.new, Self.old] {
                    #expect(!texts.contains { $0.contains(secret.dropFirst(6)) })
                }
            }
        }
    }

    @Test(
        "A call that the web app refuses fails the execution for good, with what the web app says",
        arguments: ExampleApp.runnable
    )
    func wrongSecret(app: ExampleApp) async throws {
        try await app.with(signingSecret: Self.new) { url in
            try await Deployment.with { _ in
                """
                endpoints: { app: { url: "\(url)", signingSecrets: "${SECRET}" } }
                tasks: { add1: { procedure: app/add1, timeoutMs: 20000, retryOptions: { maxAttempts: 5 } } }
                """
            } _: { deployment in
                try deployment.start(["worker"], environment: ["SECRET": Self.other])
                let id = try await deployment.add1.enqueue(.init(n: 41))
                let execution = try await deployment.finished([id]).first
                #expect(execution?.status == .failed)
                #expect(execution?.error?.message == "The call is not signed as it should be")
                #expect(execution?.retryAttempts == 0)
            }
        }
    }
}
