/// How oRPC reads a body, by its headers.
enum BodyKind {
    /// `{json, meta}`, or nothing when empty.
    case json
    /// A form, or a stream of events: other ways to carry a value.
    case other(contentType: String)
    /// A file, a text, a query string: whatever it is, it carries no value.
    case none

    /// Decides by the real server's rules, in its order, and as it does with case: `Application/JSON` is a file.
    init(contentType: String?, contentDisposition: String?) {
        guard contentDisposition == nil else {
            self = .none
            return
        }
        switch contentType {
        case nil, "": self = .json
        case let type? where type.utf8.starts(with: "application/json".utf8): self = .json
        case let type? where type.utf8.starts(with: "multipart/form-data".utf8): self = .other(contentType: type)
        case let type? where type.utf8.starts(with: "text/event-stream".utf8): self = .other(contentType: type)
        default: self = .none
        }
    }
}
