import Foundation
import Testing

/// One of the example web apps, run as people run it.
enum ExampleApp: CaseIterable {
    case swift
    case node

    /// Those that can run here: a machine need not have Node.
    static var runnable: [ExampleApp] { nodeProgram == nil ? [.swift] : allCases }

    private static var nodeProgram: URL? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { URL(filePath: String($0)).appending(path: "node") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path()) }
    }

    func start(port: Int, signingSecret: String?) throws -> DurableProcess {
        let arguments = ["--port", "\(port)", "--durable-url", "http://127.0.0.1:9/rpc"]
        let environment = signingSecret.map { ["WEB_APP_SIGNING_SECRET": $0] } ?? [:]
        switch self {
        case .swift:
            let program = DurableProcess.binary.deletingLastPathComponent().appending(path: "example-web-app")
            return try DurableProcess(arguments, of: program, environment: environment)
        case .node:
            let script = URL(filePath: #filePath).appending(path: "../../../Examples/node/web-app.mjs").standardized
            let program = try #require(Self.nodeProgram)
            return try DurableProcess([script.path()] + arguments, of: program, environment: environment)
        }
    }

    /// Runs the body with the app listening; the body is given the URL of its procedures.
    func with(signingSecret: String?, _ body: (String) async throws -> Void) async throws {
        let port = try freePort()
        let process = try start(port: port, signingSecret: signingSecret)
        do {
            let url = "http://127.0.0.1:\(port)/rpc"
            try await eventually("the web app answers") { (try? await SignedCall().status(from: url)) != nil }
            try await body(url)
        } catch {
            print("--- \(self):\n\(process.output)")
            await process.end()
            throw error
        }
        await process.end()
    }
}
