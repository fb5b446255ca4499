/// PostgreSQL's five-character code for what went wrong.
///
/// A `switch` matches on the named codes and needs a `default`: the server has hundreds.
package struct SQLState: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }

    package static let uniqueViolation = SQLState("23505")
    package static let foreignKeyViolation = SQLState("23503")
    package static let checkViolation = SQLState("23514")
    package static let notNullViolation = SQLState("23502")
    package static let readOnlyTransaction = SQLState("25006")
    package static let failedTransaction = SQLState("25P02")
    package static let unknownPreparedStatement = SQLState("26000")
    package static let serializationFailure = SQLState("40001")
    package static let deadlockDetected = SQLState("40P01")
    package static let syntaxError = SQLState("42601")
    package static let undefinedTable = SQLState("42P01")
    package static let undefinedFunction = SQLState("42883")
    package static let undefinedSchema = SQLState("3F000")
    package static let insufficientPrivilege = SQLState("42501")
    package static let lockNotAvailable = SQLState("55P03")
    package static let queryCancelled = SQLState("57014")
    package static let adminShutdown = SQLState("57P01")
    package static let crashShutdown = SQLState("57P02")
    package static let cannotConnectNow = SQLState("57P03")
    package static let featureNotSupported = SQLState("0A000")

    /// Whether the code belongs to a class, the first two characters of it.
    package func isInClass(_ prefix: String) -> Bool { rawValue.hasPrefix(prefix) }

    /// Whether the connection is of no more use after this error.
    ///
    /// A server that became read-only counts: behind the same address there is, or will be, another that can write.
    var endsConnection: Bool {
        switch self {
        case .readOnlyTransaction, .adminShutdown, .crashShutdown, .cannotConnectNow: true
        default: isInClass("08")
        }
    }

    /// Whether the same statement may succeed when it is tried again.
    var isTransient: Bool {
        switch self {
        case .serializationFailure, .deadlockDetected, .lockNotAvailable, .unknownPreparedStatement: true
        default: endsConnection || isInClass("53") || isInClass("57")
        }
    }

    package static func ~= (pattern: SQLState, value: SQLState?) -> Bool { pattern == value }
}

extension SQLState: CustomStringConvertible {
    package var description: String { rawValue }
}
