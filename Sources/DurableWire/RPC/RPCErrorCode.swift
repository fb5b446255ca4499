/// The code of an oRPC error: one of the standard ones, with its status and message, or any other text.
package struct RPCErrorCode: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let badRequest = RPCErrorCode(rawValue: "BAD_REQUEST")
    package static let unauthorized = RPCErrorCode(rawValue: "UNAUTHORIZED")
    package static let forbidden = RPCErrorCode(rawValue: "FORBIDDEN")
    package static let notFound = RPCErrorCode(rawValue: "NOT_FOUND")
    package static let methodNotSupported = RPCErrorCode(rawValue: "METHOD_NOT_SUPPORTED")
    package static let timeout = RPCErrorCode(rawValue: "TIMEOUT")
    package static let conflict = RPCErrorCode(rawValue: "CONFLICT")
    package static let payloadTooLarge = RPCErrorCode(rawValue: "PAYLOAD_TOO_LARGE")
    package static let clientClosedRequest = RPCErrorCode(rawValue: "CLIENT_CLOSED_REQUEST")
    package static let internalServerError = RPCErrorCode(rawValue: "INTERNAL_SERVER_ERROR")
    package static let serviceUnavailable = RPCErrorCode(rawValue: "SERVICE_UNAVAILABLE")
    /// What oRPC's client calls an error answer that is no oRPC error and has a status without a code.
    package static let malformedErrorResponse = RPCErrorCode(rawValue: "MALFORMED_ORPC_ERROR_RESPONSE")

    private static let standard: [(code: String, status: Int, message: String)] = [
        ("BAD_REQUEST", 400, "Bad Request"),
        ("UNAUTHORIZED", 401, "Unauthorized"),
        ("FORBIDDEN", 403, "Forbidden"),
        ("NOT_FOUND", 404, "Not Found"),
        ("METHOD_NOT_SUPPORTED", 405, "Method Not Supported"),
        ("NOT_ACCEPTABLE", 406, "Not Acceptable"),
        ("TIMEOUT", 408, "Request Timeout"),
        ("CONFLICT", 409, "Conflict"),
        ("PRECONDITION_FAILED", 412, "Precondition Failed"),
        ("PAYLOAD_TOO_LARGE", 413, "Payload Too Large"),
        ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type"),
        ("UNPROCESSABLE_CONTENT", 422, "Unprocessable Content"),
        ("TOO_MANY_REQUESTS", 429, "Too Many Requests"),
        ("CLIENT_CLOSED_REQUEST", 499, "Client Closed Request"),
        ("INTERNAL_SERVER_ERROR", 500, "Internal Server Error"),
        ("NOT_IMPLEMENTED", 501, "Not Implemented"),
        ("BAD_GATEWAY", 502, "Bad Gateway"),
        ("SERVICE_UNAVAILABLE", 503, "Service Unavailable"),
        ("GATEWAY_TIMEOUT", 504, "Gateway Timeout"),
    ]

    /// The code that an error answer of that HTTP status stands for when it does not say so itself.
    package init(status: Int) {
        let code = Self.standard.first { $0.status == status }?.code
        self = code.map(RPCErrorCode.init(rawValue:)) ?? .malformedErrorResponse
    }

    /// The status that goes with the code; 500 for one that is not standard.
    package var status: Int { Self.standard.first { $0.code == rawValue }?.status ?? 500 }

    /// The message that goes with the code; the code itself for one that is not standard.
    package var message: String { Self.standard.first { $0.code == rawValue }?.message ?? rawValue }
}

extension RPCErrorCode: CustomStringConvertible {
    package var description: String { rawValue }
}
