/// The name of a header that is added to single calls, ready to be sent.
///
/// Made once, of a text in the source.
package struct HeaderName: Sendable {
    /// The name, a colon and a space.
    let bytes: [UInt8]

    /// - Precondition: The text is a token, as RFC 9110 defines names of headers.
    package init(_ name: StaticString) {
        let text = name.description
        precondition(HeaderField.isName(text), "\(text) is no name of a header")
        bytes = Array((text + ": ").utf8)
    }
}

/// What may stand in a header, so that nothing can be smuggled into a request.
package enum HeaderField {
    /// Whether a text is a token, as RFC 9110 defines names of headers.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether a text can be sent as the value of a header: printable ASCII, spaces and tabs.
    package static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
    }
}
