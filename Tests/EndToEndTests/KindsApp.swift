import DurableClient
import DurableCore
import DurableTestKit
import Foundation
import Synchronization

/// A web app with tasks of every kind, and nothing of them written in Swift.
final class KindsApp: Sendable {
    /// The members that others are made of.
    static func members(_ url: String) -> String {
        """
        endpoints: { app: { url: "\(url)" } }
        tasks:
          add2: { procedure: app/add2, timeoutMs: 60000 }
          double: { procedure: app/double, timeoutMs: 60000 }

        """
    }

    static func tasks(_ url: String) -> String {
        members(url) + """
              hang: { procedure: app/hang, timeoutMs: 60000 }
              boom: { procedure: app/boom, timeoutMs: 60000 }
              sum: { procedure: app/sum, timeoutMs: 60000 }
              split: { procedure: app/split, timeoutMs: 60000, finalize: sum }
              spawn: { procedure: app/spawn, timeoutMs: 60000, parent: true }
              strict: { procedure: app/spawn, timeoutMs: 60000, onChildFailure: fail }
              pipeline: { sequential: [add2, double, add2] }
              check: { procedure: app/check, timeoutMs: 60000 }
              poll: { looping: check, maxAttempts: 20, sleepMsBeforeRun: 50 }
              approval: { sleeping: true, timeoutMs: 60000 }
            """
    }

    private let checks = Mutex(0)
    private let hangs = Mutex(0)

    /// How often `hang` has been called.
    var hanging: Int { hangs.withLock(\.self) }

    /// - Parameter double: What `double` does instead of doubling, now and then.
    func answer(_ request: StubRequest, double: (StubRequest) -> StubAnswer? = { _ in nil }) async -> StubAnswer {
        switch request.uri.split(separator: "/").last {
        case "add2": return Self.number(request.number + 2)
        case "double": return double(request) ?? Self.number(request.number * 2)
        // As many children as the input says.
        case "split":
            let children = (0..<request.number).map { #"{"taskId":"add2","input":{"n":\#($0)}}"# }
            return .json(#"{"json":{"output":null,"children":[\#(children.joined(separator: ","))]}}"#)
        // The input is the answer.
        case "spawn": return .json(request.body)
        case "sum": return Self.number(Self.outputs(in: request).reduce(0, +))
        case "check":
            let count = checks.withLock { checks in
                checks += 1
                return checks
            }
            return .json(#"{"json":{"isDone":\#(count == 3),"output":{"n":\#(count)}}}"#)
        case "hang":
            hangs.withLock { $0 += 1 }
            return .hang
        // Fails once both of its siblings are hanging.
        case "boom":
            while hanging < 2, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            return .orpcError("BAD_REQUEST", status: 400, message: "boom")
        default: return .status(404)
        }
    }

    private static func number(_ n: Int) -> StubAnswer { .json(#"{"json":{"n":\#(n)}}"#) }

    /// The numbers that the children of a finalize execution's input brought.
    private static func outputs(in request: StubRequest) -> [Int] {
        struct Body: Decodable {
            struct Input: Decodable { var children: [Child] }
            struct Child: Decodable { var output: Deployment.Number }
            var json: Input
        }
        let body = try? JSONDecoder().decode(Body.self, from: Data(request.body))
        return body?.json.children.map(\.output.n) ?? []
    }
}

/// What the procedure `spawn` is asked to answer.
struct Spawn: Encodable, Sendable {
    struct Options: Encodable, Sendable { var timeoutMs: Int }

    struct Child: Encodable, Sendable {
        var taskId: String
        var input: Input
        var options: Options?
    }

    enum Input: Encodable, Sendable {
        case number(Int)
        case text(String)
        case spawn(Spawn)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .number(let n): try Deployment.Number(n: n).encode(to: encoder)
            case .text(let text): try text.encode(to: encoder)
            case .spawn(let spawn): try spawn.encode(to: encoder)
            }
        }
    }

    var children: [Child]

    static func child(_ task: String, _ n: Int = 0) -> Child { Child(taskId: task, input: .number(n)) }
}
