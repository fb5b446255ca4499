import DurableWire
import HTTPTypes
import Hummingbird
import NIOCore

/// What a request is answered with: always a JSON body, with oRPC's status and content type.
struct Answer: Sendable {
    /// `OK`, or the code of the error.
    let code: String
    private let status: HTTPResponse.Status
    private let headers: HTTPFields
    private let body: [UInt8]

    private static let jsonHeaders: HTTPFields = [.contentType: "application/json"]

    /// A success.
    init(body: [UInt8]) {
        code = "OK"
        status = .ok
        headers = Self.jsonHeaders
        self.body = body
    }

    /// A refusal.
    init(_ error: RPCError, retryAfterSeconds: Int? = nil) {
        code = error.code.rawValue
        status = HTTPResponse.Status(code: error.status)
        var headers = Self.jsonHeaders
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if error.code == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        self.headers = headers
        body = error.encode()
    }

    func response(to request: Request) -> Response {
        let response = Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
        // HTTP allows no body here; the procedure was called all the same, as with oRPC's own server.
        return request.method == .head ? response.createHeadResponse() : response
    }
}
