/// Payloads that the engine makes out of others: the results of children for their parent, the answer of a loop.
///
/// The values in them are copied byte for byte; their type annotations get the path to their new place in front.
extension Payload {
    /// `{output, children: [{taskId, executionId, status, output | error}]}`: what a finalize execution gets, and what a
    /// parent without one completes with.
    init(output: Payload, children: [ChildEnd]) {
        var body = ResultWriter()
        body.append("{")
        if output.json != nil {
            body.append(#""output":"#)
            body.append(output, at: #""output""#)
            body.append(",")
        }
        body.append(#""children":["#)
        for (index, child) in children.enumerated() {
            if index > 0 { body.append(",") }
            body.append(#"{"taskId":"#)
            body.append(quoting: child.child.taskID.rawValue)
            body.append(#","executionId":"\#(child.child.executionID)","status":"\#(child.ending.status.rawValue)""#)
            if let output = child.ending.output, output.json != nil {
                body.append(#","output":"#)
                body.append(output, at: #""children",\#(index),"output""#)
            }
            if let error = child.ending.error {
                body.append(#","error":{"errorType":"\#(error.kind.rawValue)","message":"#)
                body.append(quoting: error.message)
                body.append(#","isRetryable":\#(error.isRetryable),"isInternal":\#(error.isInternal)}"#)
            }
            body.append("}")
        }
        body.append("]}")
        self = body.payload
    }

    /// `{isSuccess: true, output}`, or `{isSuccess: false}` for a loop that never was done.
    init(loopResult output: Payload?) {
        var body = ResultWriter()
        body.append(#"{"isSuccess":\#(output != nil)"#)
        if let output, output.json != nil {
            body.append(#","output":"#)
            body.append(output, at: #""output""#)
        }
        body.append("}")
        self = body.payload
    }
}

/// What an iteration of a loop answers.
enum LoopAnswer: Hashable {
    case notYet
    case done(Payload)

    static let expectation = "expected {isDone: true, output} or {isDone: false}"

    /// Reads `{isDone, output}`; `nil` for anything else.
    init?(_ payload: Payload) {
        guard let json = payload.json else { return nil }
        var scanner = PayloadScanner(json[...])
        guard let members = scanner.members(), let isDone = members["isDone"] else { return nil }
        if isDone.elementsEqual("false".utf8) {
            self = .notYet
        } else if isDone.elementsEqual("true".utf8) {
            let meta = payload.meta.flatMap { Annotations.below("output", $0) }
            self = .done(Payload(json: members["output"].map(Array.init), meta: meta))
        } else {
            return nil
        }
    }
}

private struct ResultWriter {
    private var json: [UInt8] = []
    private var meta: [UInt8] = []

    var payload: Payload {
        Payload(json: json, meta: meta.isEmpty ? nil : [UInt8(ascii: "[")] + meta + [UInt8(ascii: "]")])
    }

    mutating func append(_ text: String) {
        json.append(contentsOf: text.utf8)
    }

    mutating func append(quoting text: String) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                json.append(UInt8(ascii: "\\"))
                json.append(byte)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                append("\\u00")
                json.append(digits[Int(byte >> 4)])
                json.append(digits[Int(byte & 0xF)])
            default:
                json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    /// - Parameter path: The elements of the path to the value's new place, as JSON, separated by commas.
    mutating func append(_ value: Payload, at path: String) {
        guard let bytes = value.json else { return }
        json.append(contentsOf: bytes)
        guard let annotations = value.meta else { return }
        for moved in Annotations.moved(annotations, below: path) {
            if !meta.isEmpty { meta.append(UInt8(ascii: ",")) }
            meta.append(contentsOf: moved)
        }
    }
}

/// Type annotations, `[[code, ...path], ...]`, for values that change their place.
private enum Annotations {
    static func moved(_ annotations: [UInt8], below path: String) -> [[UInt8]] {
        entries(annotations).map { entry in
            var moved = [UInt8(ascii: "[")] + Array(entry.code) + [UInt8(ascii: ",")] + Array(path.utf8)
            for element in entry.path {
                moved.append(UInt8(ascii: ","))
                moved.append(contentsOf: element)
            }
            moved.append(UInt8(ascii: "]"))
            return moved
        }
    }

    /// Those of the value under that name, as it stands by itself; `nil` when there are none.
    static func below(_ name: String, _ annotations: [UInt8]) -> [UInt8]? {
        var kept: [UInt8] = []
        for entry in entries(annotations) {
            guard let first = entry.path.first, PayloadScanner.text(first) == name else { continue }
            kept.append(UInt8(ascii: kept.isEmpty ? "[" : ","))
            kept.append(UInt8(ascii: "["))
            kept.append(contentsOf: entry.code)
            for element in entry.path.dropFirst() {
                kept.append(UInt8(ascii: ","))
                kept.append(contentsOf: element)
            }
            kept.append(UInt8(ascii: "]"))
        }
        return kept.isEmpty ? nil : kept + [UInt8(ascii: "]")]
    }

    private static func entries(_ annotations: [UInt8]) -> [(
        code: ArraySlice<UInt8>, path: ArraySlice<ArraySlice<UInt8>>
    )] {
        var scanner = PayloadScanner(annotations[...])
        return (scanner.elements() ?? []).compactMap { entry in
            var scanner = PayloadScanner(entry)
            guard let elements = scanner.elements(), let code = elements.first else { return nil }
            return (code, elements.dropFirst())
        }
    }
}
