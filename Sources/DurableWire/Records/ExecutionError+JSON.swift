package import DurableCore

extension ExecutionError {
    /// The error as records show it.
    package var json: JSON {
        .object([
            JSON.Member("errorType", .string(kind.rawValue)),
            JSON.Member("message", .string(message)),
            JSON.Member("isRetryable", .bool(isRetryable)),
            JSON.Member("isInternal", .bool(isInternal)),
        ])
    }

    /// Reads what ``json`` writes; `nil` for anything else.
    package init?(_ json: JSON) {
        guard let kind = json["errorType"]?.string.flatMap(Kind.init(rawValue:)),
            let message = json["message"]?.string,
            let isRetryable = json["isRetryable"]?.bool,
            let isInternal = json["isInternal"]?.bool
        else { return nil }
        self.init(kind: kind, message: message, isRetryable: isRetryable, isInternal: isInternal)
    }
}
