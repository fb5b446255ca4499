import CLibPQ

extension ServerReport {
    /// Reads the fields of a failed result.
    init(_ result: OpaquePointer?, statement: String) {
        self.init(message: Self.field(CLIBPQ_MESSAGE, of: result) ?? "", statement: statement)
        severity = Self.field(CLIBPQ_SEVERITY, of: result)
        detail = Self.field(CLIBPQ_DETAIL, of: result)
        hint = Self.field(CLIBPQ_HINT, of: result)
        context = Self.field(CLIBPQ_CONTEXT, of: result)
        position = Self.field(CLIBPQ_POSITION, of: result)
        // The code of "cached plan must not change result type" is shared with a hundred other errors; the function in
        // the server's source that raises it is not, and unlike the message it is never translated.
        isStalePlan = Self.field(CLIBPQ_ROUTINE, of: result) == "RevalidateCachedQuery"
    }

    static func field(_ code: CLIBPQField, of result: OpaquePointer?) -> String? {
        PQresultErrorField(result, Int32(code.rawValue)).map { String(cString: $0) }
    }
}
