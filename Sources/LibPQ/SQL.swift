/// A statement and its parameters, written as one string: what is interpolated becomes a parameter.
///
///     let statement: SQL = "update t set state = \(state) where id = any(\(ids))"
///     // update t set state = $1::text where id = any($2::uuid[])
///
/// Values that can be interpolated: `Int64`, `Int`, `Int32`, `Double`, `Bool`, `String`, `[UInt8]` (`bytea`),
/// `UInt128` (`uuid`), optionals of them, arrays of them and arrays of optionals; with a label, `json:` (bytes) and
/// `timestamp:` (microseconds since 1970). They travel in binary and never become part of the text, so the text is the
/// same at every call and a connection prepares it once.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    package let text: String
    let parameters: Parameters

    package init(stringLiteral value: String) {
        text = value
        parameters = Parameters()
    }

    package init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        parameters = stringInterpolation.parameters
    }

    /// A statement without parameters whose text is not a literal.
    package init(unescaped text: String) {
        self.init(stringLiteral: text)
    }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var text = ""
        fileprivate var parameters = Parameters()

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
            parameters.reserve(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }

        package mutating func appendInterpolation<Value: Bindable>(_ value: Value?) {
            append(value, as: Value.binding)
        }

        package mutating func appendInterpolation<Value: Bindable>(_ values: [Value]) {
            append(array: values, as: Value.binding)
        }

        package mutating func appendInterpolation<Value: Bindable>(_ values: [Value?]) {
            append(array: values, as: Value.binding)
        }

        /// A JSON document as its UTF-8 bytes, sent as `json`, which keeps them as they are.
        package mutating func appendInterpolation(json document: [UInt8]?) {
            append(document, as: .json)
        }

        package mutating func appendInterpolation(json documents: [[UInt8]?]) {
            append(array: documents, as: .json)
        }

        /// A moment in microseconds since 1970-01-01 UTC, sent as `timestamptz`; one too large for PostgreSQL is refused by it.
        package mutating func appendInterpolation(timestamp microseconds: Int64?) {
            append(microseconds.map(PostgresTime.init(unixMicroseconds:)), as: .timestamptz)
        }

        package mutating func appendInterpolation(timestamp microseconds: [Int64?]) {
            append(array: microseconds.map { $0.map(PostgresTime.init(unixMicroseconds:)) }, as: .timestamptz)
        }

        /// Text that becomes part of the statement as it is, such as the name of a schema.
        ///
        /// Never for anything that a client sent.
        package mutating func appendInterpolation(unescaped fragment: String) { text += fragment }

        /// A part of the statement that was written apart.
        ///
        /// One with parameters stands in front of all others: their numbers are in its text already.
        package mutating func appendInterpolation(_ part: SQL) {
            precondition(parameters.count == 0 || part.parameters.count == 0, "a part's parameters come first")
            text += part.text
            if parameters.count == 0 { parameters = part.parameters }
        }

        private mutating func append<Value: Bindable>(_ value: Value?, as binding: Binding) {
            parameters.append(value, as: binding)
            appendPlaceholder(binding, suffix: "")
        }

        private mutating func append<Value: Bindable>(array values: [Value], as binding: Binding) {
            parameters.append(array: values, as: binding)
            appendPlaceholder(binding, suffix: "[]")
        }

        private mutating func append<Value: Bindable>(array values: [Value?], as binding: Binding) {
            parameters.append(array: values, as: binding)
            appendPlaceholder(binding, suffix: "[]")
        }

        private mutating func appendPlaceholder(_ binding: Binding, suffix: String) {
            text += "$\(parameters.count)::"
            text += binding.name.description
            text += suffix
        }
    }
}

extension SQL {
    /// The statement behind words of another, which has no parameters: `explain`.
    package func preceded(by words: String) -> SQL {
        SQL(text: words + " " + text, parameters: parameters)
    }

    private init(text: String, parameters: Parameters) {
        self.text = text
        self.parameters = parameters
    }
}
