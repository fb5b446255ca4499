import NIOCore
import OutboundHTTP
import Testing

/// What the tests of the client have in common.
enum Calls {
    /// Lends a client that is shut down afterwards.
    static func withClient<Result>(
        _ change: (inout OutboundConfiguration) -> Void = { _ in },
        _ body: (OutboundClient) async throws -> Result
    ) async throws -> Result {
        var configuration = OutboundConfiguration()
        change(&configuration)
        let client = OutboundClient(configuration)
        let result: Result
        do {
            result = try await body(client)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        return result
    }

    /// The failure of a call that should fail.
    static func failure(
        location: SourceLocation = #_sourceLocation,
        _ call: () async throws -> OutboundAnswer
    ) async throws -> OutboundFailure {
        let error = await #expect(throws: OutboundFailure.self, sourceLocation: location) { _ = try await call() }
        return try #require(error, sourceLocation: location)
    }
}

extension OutboundClient {
    /// Posts a text to a URL.
    func post(
        _ body: String = "{}",
        to url: String,
        limit: Int = 1 << 20,
        within time: TimeAmount = .seconds(20),
        isRepeatable: Bool = true
    ) async throws -> OutboundAnswer {
        let template = try template(postingTo: url, isRepeatable: isRepeatable)
        let message = template.request(capacity: body.utf8.count).finished(with: [Array(body.utf8)])
        return try await send(message, limit: limit, by: .now() + time)
    }
}

extension OutboundAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension OutboundFailure {
    var isAsked: Bool { if case .asked = progress { true } else { false } }
    var isConnecting: Bool { if case .connecting = progress { true } else { false } }
    var isWaiting: Bool { if case .waiting = progress { true } else { false } }

    /// What had come of the answer.
    var answer: OutboundAnswer? { if case .answering(let answer) = progress { answer } else { nil } }
}

/// Waits for a condition to come true.
func eventually(
    within limit: Duration = .seconds(20),
    location: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
    #expect(condition(), "it did not come true within \(limit)", sourceLocation: location)
}
