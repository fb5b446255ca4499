package import DurableCore

/// Writes a body `{"json": …, "meta": …}` around a value of our own making, with other people's payloads inside it.
///
/// Payloads are copied in as they are; their annotations move to where the payload now stands. Dates write their own.
package struct EnvelopeWriter {
    private var json: [UInt8] = []
    private var meta: [UInt8] = []
    /// The steps to the value that is being written, each with a comma before it, as they stand in an annotation.
    private var path: [UInt8] = []
    private var needsComma = false

    /// Writes a body.
    ///
    /// - Parameter write: Writes exactly one value.
    package static func encode(_ write: (inout EnvelopeWriter) -> Void) -> [UInt8] {
        var writer = EnvelopeWriter()
        write(&writer)
        let isAnnotated = !writer.meta.isEmpty
        if isAnnotated { writer.meta.append(UInt8(ascii: "]")) }
        return Envelope.encode(Payload(json: writer.json, meta: isAnnotated ? writer.meta : nil))
    }

    // MARK: Containers

    package mutating func object(_ writeMembers: (inout EnvelopeWriter) -> Void) {
        container("{", "}", writeMembers)
    }

    package mutating func array<Element>(
        _ elements: some Sequence<Element>,
        _ writeElement: (inout EnvelopeWriter, Element) -> Void
    ) {
        container("[", "]") { array in
            for (index, element) in elements.enumerated() {
                array.part(step: String(index)) { writeElement(&$0, element) }
            }
        }
    }

    /// Writes a member of the object that is being written.
    package mutating func member(_ name: String, _ writeValue: (inout EnvelopeWriter) -> Void) {
        var quoted: [UInt8] = []
        JSONText.write(name, to: &quoted)
        part(step: String(decoding: quoted, as: UTF8.self)) { writer in
            writer.json += quoted
            writer.json.append(UInt8(ascii: ":"))
            writeValue(&writer)
        }
    }

    private mutating func container(
        _ opening: Unicode.Scalar,
        _ closing: Unicode.Scalar,
        _ write: (inout EnvelopeWriter) -> Void
    ) {
        json.append(UInt8(ascii: opening))
        needsComma = false
        write(&self)
        json.append(UInt8(ascii: closing))
        needsComma = true
    }

    private mutating func part(step: String, _ write: (inout EnvelopeWriter) -> Void) {
        if needsComma { json.append(UInt8(ascii: ",")) }
        let outside = path.count
        path.append(UInt8(ascii: ","))
        path += step.utf8
        write(&self)
        path.removeLast(path.count - outside)
        needsComma = true
    }

    // MARK: Values

    package mutating func value(_ value: JSON) { value.write(to: &json) }
    package mutating func value(_ value: String) { JSONText.write(value, to: &json) }

    package mutating func value(_ moment: Timestamp) {
        JSONText.write(moment.description, to: &json)
        annotate(code: "1", path: path[...])
    }

    /// Writes a payload; `undefined` becomes the annotated `null` that it is in an array.
    package mutating func value(_ payload: Payload) {
        guard let bytes = payload.json else {
            json += "null".utf8
            return annotate(code: "3", path: path[...])
        }
        json += bytes
        if let meta = payload.meta { move(meta) }
    }

    package mutating func member(_ name: String, _ value: String) { member(name) { $0.value(value) } }
    package mutating func member(_ name: String, _ value: Bool) { member(name) { $0.value(JSON.bool(value)) } }
    package mutating func member(_ name: String, _ value: Int) { member(name) { $0.value(JSON.number(value)) } }
    package mutating func member(_ name: String, _ value: Double) { member(name) { $0.value(JSON.number(value)) } }
    package mutating func member(_ name: String, _ value: JSON) { member(name) { $0.value(value) } }

    /// Writes a member that is a date; none when there is no date.
    package mutating func member(_ name: String, _ value: Timestamp?) {
        guard let value else { return }
        member(name) { $0.value(value) }
    }

    /// Writes a member that is a payload; none when that is `undefined`.
    package mutating func member(_ name: String, _ value: Payload) {
        guard value.json != nil else { return }
        member(name) { $0.value(value) }
    }

    // MARK: Annotations

    private mutating func annotate(code: String, path: ArraySlice<UInt8>) {
        beginAnnotation()
        meta += code.utf8
        meta += path
        meta.append(UInt8(ascii: "]"))
    }

    private mutating func beginAnnotation() {
        meta.append(meta.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
        meta.append(UInt8(ascii: "["))
    }

    /// Repeats a payload's annotations, the path to the payload between code and path of each.
    ///
    /// What is no list of annotations is left out: a reader would refuse all that stands around it.
    private mutating func move(_ annotations: [UInt8]) {
        let before = meta.count
        do throws(JSONSyntaxError) {
            try annotations.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
                var cursor = JSONCursor(UnsafeRawBufferPointer(buffer))
                guard try cursor.peek() == .array else { return }
                var isMore = try cursor.enterArray()
                while isMore {
                    if try cursor.peek() == .array {
                        try move(annotation: &cursor)
                    } else {
                        _ = try cursor.skipValue()
                    }
                    isMore = try cursor.nextElement()
                }
            }
        } catch {
            meta.removeLast(meta.count - before)
        }
    }

    private mutating func move(annotation cursor: inout JSONCursor) throws(JSONSyntaxError) {
        guard try cursor.enterArray() else { return }
        beginAnnotation()
        meta += cursor.bytes[try cursor.skipValue()]
        meta += path
        while try cursor.nextElement() {
            meta.append(UInt8(ascii: ","))
            meta += cursor.bytes[try cursor.skipValue()]
        }
        meta.append(UInt8(ascii: "]"))
    }
}
