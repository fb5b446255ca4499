/// Why a body cannot be read as oRPC's `{json, meta}`, without a word of what is in it.
package enum MalformedBody: Error, Sendable, Hashable {
    case syntax(JSONSyntaxError)
    /// The body is `null`, which has no members, not even absent ones.
    case null
    /// `meta` is no list.
    case metaIsNoList
    /// More annotations than anybody needs.
    case tooManyAnnotations(limit: Int)
    /// The annotation at that index (from 0) cannot be applied to the value.
    case annotation(index: Int, AnnotationProblem)
    /// A content type that carries an input in a way that is not supported here.
    case unsupported(contentType: String)
}

/// What is wrong with one type annotation.
package enum AnnotationProblem: Sendable, Hashable {
    case malformed
    /// No value stands where it points at, or it stands in one that has become a Set, a Map or the like.
    case missingValue
    /// The value there cannot become what the annotation says.
    case unfitValue(RichType)
}

extension MalformedBody: CustomStringConvertible {
    package var description: String {
        switch self {
        case .syntax(let error): error.description
        case .null: "the body is null instead of an object with json and meta"
        case .metaIsNoList: "meta is not a list of type annotations"
        case .tooManyAnnotations(let limit): "meta has more than \(limit) type annotations and path elements"
        case .annotation(let index, .malformed): "type annotation \(index) of meta is malformed"
        case .annotation(let index, .missingValue):
            "type annotation \(index) of meta points at a value that is not there"
        case .annotation(let index, .unfitValue(let type)):
            "type annotation \(index) of meta points at a value that cannot become a \(type)"
        case .unsupported(let contentType): "bodies of type \(contentType) are not supported"
        }
    }
}
