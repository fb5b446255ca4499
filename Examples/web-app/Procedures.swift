import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The longest body of a call that this app takes in, in bytes: a finalize procedure may get 16 MiB of children's outputs.
let longestCall = 17 << 20

/// What a procedure may want to know about the call besides its input; all of it comes in headers.
struct Call: Sendable {
    /// The same for every attempt: what to recognize work by that an earlier attempt has done.
    let executionID: String?
    /// 0 for the first try, 1 for the first retry.
    let retryAttempt: Int

    init(_ headers: HTTPFields) {
        executionID = HTTPField.Name("durable-execution-id").flatMap { headers[$0] }
        retryAttempt = HTTPField.Name("durable-retry-attempt").flatMap { headers[$0] }.flatMap { Int($0) } ?? 0
    }
}

/// How a procedure fails on purpose.
///
/// 408, 429, 500 and 502 to 504 may be tried again; others are final.
struct ProcedureError: Error, Encodable {
    let defined = false
    let code: String
    let status: Int
    let message: String
}

/// The body of calls and answers.
///
/// This app speaks plain JSON; oRPC's annotations for dates and the like are ignored.
private struct Envelope<Value> { let json: Value }
extension Envelope: Encodable where Value: Encodable {}
extension Envelope: Decodable where Value: Decodable {}

extension RouterMethods {
    /// Serves a function as an oRPC procedure: `POST …/name` with `{"json": input}` answers `{"json": output}`.
    func procedure<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ name: String,
        run: @escaping @Sendable (Input, Call) async throws -> Output
    ) {
        post(RouterPath(name)) { request, _ in
            do {
                let body = try await request.body.collect(upTo: longestCall)
                let input = try JSONDecoder().decode(Envelope<Input>.self, from: Data(body.readableBytesView)).json
                return try answer(.ok, try await run(input, Call(request.headers)))
            } catch let error as ProcedureError {
                return try answer(.init(code: error.status), error)
            } catch let error as DecodingError {
                return try answer(
                    .badRequest,
                    ProcedureError(code: "BAD_REQUEST", status: 400, message: "Bad input: \(error)")
                )
            }
        }
    }
}

func answer(_ status: HTTPResponse.Status, _ value: some Encodable) throws -> Response {
    Response(
        status: status,
        headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(Envelope(json: value))))
    )
}
