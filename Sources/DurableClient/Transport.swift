import AsyncHTTPClient
import DurableCoding
import DurableCore
import DurableWire
import NIOCore
import NIOHTTP1

/// Carries calls to the service and its answers back.
struct Transport: Sendable {
    private let base: String
    private let authorization: String?

    /// One for all clients of the process, as `HTTPClient.shared` is, with settings that fit: no redirects, which would
    /// turn a POST into a GET; no silent retries; connections enough for many long polls at once.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    /// The largest answer in bytes: a record with its input and its output.
    private static let largestAnswer = 8 << 20

    init(url: String, token: String?) throws(DurableClientError) {
        let rest = ["http://", "https://"].lazy.filter { url.hasPrefix($0) }.map { url.dropFirst($0.count) }.first
        guard let rest, let first = rest.first, first != "/", !rest.contains(where: { "?# ".contains($0) }) else {
            throw .invalidURL(url)
        }
        base = url.last == "/" ? String(url.dropLast()) : url
        authorization = token.map { "Bearer \($0)" }
    }

    /// - Throws: ``DurableClientError``, or `CancellationError`.
    func call(_ procedure: String, body: [UInt8], timeout: Duration) async throws -> WireValue {
        var request = HTTPClientRequest(url: "\(base)/\(procedure)")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        if let authorization { request.headers.add(name: "authorization", value: authorization) }
        request.body = .bytes(body)
        return try await Self.send(request, timeout: timeout)
    }

    /// Sends a request and reads its answer, all of it within the time: the client's own deadline ends with the head of the
    /// answer, and a body may drip for ever.
    private static func send(_ request: HTTPClientRequest, timeout: Duration) async throws -> WireValue {
        try await withThrowingTaskGroup(of: WireValue.self) { group in
            group.addTask {
                do {
                    let response = try await http.execute(request, deadline: .now() + TimeAmount(timeout))
                    let body = try await response.body.collect(upTo: largestAnswer)
                    return try read(response, Array(body.readableBytesView))
                } catch let error as DurableClientError {
                    throw error
                } catch is NIOTooManyBytesError {
                    throw DurableClientError.unexpectedAnswer(reason: "it is longer than \(largestAnswer) bytes")
                } catch {
                    throw failure(error)
                }
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw DurableClientError.timedOut
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private static func failure(_ error: any Error) -> any Error {
        if error is CancellationError || Task.isCancelled { return CancellationError() }
        if case HTTPClientError.deadlineExceeded? = error as? HTTPClientError { return DurableClientError.timedOut }
        return DurableClientError.unreachable(reason: String(describing: error))
    }

    private static func read(_ response: HTTPClientResponse, _ body: [UInt8]) throws(DurableClientError) -> WireValue {
        let envelope = try? Envelope(body)
        let status = Int(response.status.code)
        switch status {
        case 400...:
            let error =
                envelope.flatMap { RPCError($0.value) } ?? RPCError(RPCErrorCode(status: status), status: status)
            throw .refused(DurableClientError.Refusal(error, retryAfter: retryAfter(response.headers)))
        case 200..<300:
            guard let envelope, envelope.isExact else {
                let type = response.headers.first(name: "content-type") ?? "no content type"
                throw .unexpectedAnswer(reason: "status \(status), \(type)")
            }
            return envelope.value
        default:
            throw .unexpectedAnswer(reason: "status \(status)")
        }
    }

    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        headers.first(name: "retry-after")
            .flatMap { RetryAfter.seconds($0, now: Timestamp.wallClock().microseconds / 1_000_000) }
            .map { .seconds($0) }
    }
}

extension DurableClientError.Refusal {
    fileprivate init(_ error: RPCError, retryAfter: Duration?) {
        code = error.code.rawValue
        status = error.status
        message = error.message
        self.retryAfter = retryAfter
    }
}
