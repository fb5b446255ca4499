/// What matters of an HTTP request to a procedure.
package struct RPCRequest: Sendable {
    package var method: String
    /// The request target: path and query, as in the request line.
    package var target: String
    package var contentType: String?
    package var contentDisposition: String?
    package var body: [UInt8]

    package init(
        method: String = "POST",
        target: String,
        contentType: String? = nil,
        contentDisposition: String? = nil,
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.contentType = contentType
        self.contentDisposition = contentDisposition
        self.body = body
    }

    /// Reads the input: from the body, or with GET from the query's last `data`.
    ///
    /// Every method but GET counts as POST, as in the real server, which also refuses a GET only after it has read the
    /// input: a malformed one is a 400, not a 405.
    ///
    /// - Throws: ``RPCError/malformedRequest`` or ``RPCError/methodNotSupported``; `log` is told why.
    package func input(
        allowingGET: Bool = false,
        log: (MalformedBody) -> Void = { _ in }
    ) throws(RPCError) -> WireValue {
        do throws(MalformedBody) {
            if method != "GET" { return try bodyInput() }
            let input = try value(RequestTarget(target).lastParameter("data") ?? [])
            if allowingGET { return input }
        } catch {
            log(error)
            throw .malformedRequest
        }
        throw .methodNotSupported
    }

    private func bodyInput() throws(MalformedBody) -> WireValue {
        switch BodyKind(contentType: contentType, contentDisposition: contentDisposition) {
        case .json: try value(body)
        case .none: .undefined
        case .other(let contentType): throw .unsupported(contentType: contentType)
        }
    }

    private func value(_ body: [UInt8]) throws(MalformedBody) -> WireValue {
        try Envelope(body, maximumDepth: Envelope.keptDepth).value
    }
}
