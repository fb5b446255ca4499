/// The JavaScript types that oRPC's `meta` restores, by their codes on the wire.
package enum RichType: Int, Sendable, Hashable, CaseIterable {
    case bigInt = 0
    case date = 1
    case nan = 2
    case undefined = 3
    case url = 4
    case regExp = 5
    case set = 6
    case map = 7
}

extension RichType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bigInt: "BigInt"
        case .date: "Date"
        case .nan: "NaN"
        case .undefined: "undefined"
        case .url: "URL"
        case .regExp: "RegExp"
        case .set: "Set"
        case .map: "Map"
        }
    }
}
