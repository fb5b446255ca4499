package import DurableCore

/// An error as it travels in an oRPC body.
package struct RPCError: Error, Sendable, Hashable {
    /// Whether the procedure declares the error in its contract; ours never do.
    package let isDefined: Bool
    package let code: RPCErrorCode
    /// The HTTP status; below 200 or at least 400, for a client takes all others for a success.
    package let status: Int
    package let message: String
    package let data: Payload

    /// - Parameters:
    ///   - status: `nil`, or one that would pass for a success, is the code's own.
    ///   - message: `nil`, or an empty one, is the code's own.
    package init(
        _ code: RPCErrorCode,
        status: Int? = nil,
        message: String? = nil,
        data: Payload = .undefined,
        isDefined: Bool = false
    ) {
        self.isDefined = isDefined
        self.code = code
        self.status = status.flatMap { Self.isErrorStatus($0) ? $0 : nil } ?? code.status
        self.message = message.flatMap { $0.isEmpty ? nil : $0 } ?? code.message
        self.data = data
    }

    package static func isErrorStatus(_ status: Int) -> Bool { status < 200 || status >= 400 }

    /// The answer to a body that cannot be read, in oRPC's own words.
    package static let malformedRequest = RPCError(
        .badRequest,
        message: "Malformed request. Ensure the request body is properly formatted and "
            + "the 'Content-Type' header is set correctly."
    )

    /// The answer to whatever must not be told, in oRPC's own words, which are not the code's standard message.
    package static let internalError = RPCError(.internalServerError, message: "Internal server error")

    package static let methodNotSupported = RPCError(.methodNotSupported)
    package static let notFound = RPCError(.notFound)
}

extension RPCError: CustomStringConvertible {
    package var description: String { "\(status) \(code): \(message)" }
}

extension RPCError {
    /// The body that carries the error: exactly oRPC's members, in its order, without `data` when that is undefined.
    package func encode() -> [UInt8] {
        EnvelopeWriter.encode { body in
            body.object { error in
                error.member("defined", isDefined)
                error.member("code", code.rawValue)
                error.member("status", status)
                error.member("message", message)
                error.member("data", data)
            }
        }
    }

    /// Reads an error out of an answer's value; `nil` unless the value is exactly an oRPC error.
    ///
    /// Exactly is: an object with the members `defined`, `code`, `status` and `message`, of the right types and with a
    /// status that no success has, perhaps with `data`, and with nothing else.
    package init?(_ value: WireValue) {
        guard let members = value.members, members.areNamed(among: Self.memberNames),
            let isDefined = members.plain("defined")?.bool,
            let code = members.plain("code")?.string,
            let status = members.plain("status")?.integer, Self.isErrorStatus(status),
            let message = members.plain("message")?.string
        else { return nil }
        self.init(
            RPCErrorCode(rawValue: code),
            status: status,
            message: message,
            data: members["data"].payload,
            isDefined: isDefined
        )
    }

    private static let memberNames: Set<[UInt8]> = Set(
        ["defined", "code", "status", "message", "data"].map { Array($0.utf8) }
    )
}

extension WireMembers {
    /// A member that is nothing but JSON: an annotated one is of another type than it seems.
    fileprivate func plain(_ name: String) -> JSON? {
        let value = self[name]
        guard value.type == nil else { return nil }
        return try? value.json()
    }
}
