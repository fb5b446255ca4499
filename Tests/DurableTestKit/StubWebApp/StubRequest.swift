/// A request as it came over the wire.
package struct StubRequest: Sendable {
    package let method: String
    /// Path and query, as sent.
    package let uri: String
    /// Names in lower case, in the order in which they came.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Which connection it came over, counted from 0.
    package let connection: Int
    /// Which request of the app's life it is, counted from 0.
    package let number: Int

    /// The value of a header; several are joined with a comma.
    package subscript(name: String) -> String? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}
