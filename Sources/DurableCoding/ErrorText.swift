#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an error says to people: for a value that does not fit, where and why; otherwise its own words.
package func text(of error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(_, let context), DecodingError.valueNotFound(_, let context),
        DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context):
        located(context.debugDescription, at: context.codingPath)
    case EncodingError.invalidValue(_, let context):
        located(context.debugDescription, at: context.codingPath)
    case let error as any LocalizedError:
        error.errorDescription ?? String(describing: error)
    default:
        String(describing: error)
    }
}

/// The reason after the path, written as one would in Swift: `lines[0].price`.
private func located(_ reason: String, at path: [any CodingKey]) -> String {
    let place = path.reduce(into: "") { place, key in
        if key is PathKey, let index = key.intValue {
            place += "[\(index)]"
        } else {
            place += place.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
    return place.isEmpty ? reason : "\(place): \(reason)"
}
