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
    let template: Template
    let parameters: Parameters

    package init(stringLiteral value: String) {
        self.init(template: Template(value), parameters: Parameters())
    }

    package init(stringInterpolation: StringInterpolation) {
        self.init(template: stringInterpolation.template, parameters: stringInterpolation.parameters)
    }

    /// A statement without parameters whose text is not a literal.
    package init(unescaped text: String) {
        self.init(stringLiteral: text)
    }

    private init(template: Template, parameters: Parameters) {
        self.template = template
        self.parameters = parameters
    }

    /// As the server gets it.
    package var text: String { template.text }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var template = Template()
        fileprivate var parameters = Parameters()

        package init(literalCapacity: Int, interpolationCount: Int) {
            template.reserve(interpolationCount)
            parameters.reserve(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { template.append(literal) }

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
        package mutating func appendInterpolation(unescaped fragment: String) { template.append(fragment) }

        /// A part of the statement that was written apart.
        package mutating func appendInterpolation(_ part: SQL) {
            template.append(part.template)
            parameters.append(part.parameters)
        }

        private mutating func append<Value: Bindable>(_ value: Value?, as binding: Binding) {
            parameters.append(value, as: binding)
            template.appendParameter(binding, isArray: false)
        }

        private mutating func append<Value: Bindable>(array values: [Value], as binding: Binding) {
            parameters.append(array: values, as: binding)
            template.appendParameter(binding, isArray: true)
        }

        private mutating func append<Value: Bindable>(array values: [Value?], as binding: Binding) {
            parameters.append(array: values, as: binding)
            template.appendParameter(binding, isArray: true)
        }
    }
}

extension SQL {
    /// The statement behind words of another, which has no parameters: `explain`.
    package func preceded(by words: String) -> SQL {
        var template = Template(words + " ")
        template.append(self.template)
        return SQL(template: template, parameters: parameters)
    }
}
