import DurableWire
import Foundation
import Testing

/// Mutated documents, judged by the scanner and by a second reader that shares nothing with it.
@Suite("JSON grammar, fuzzed")
struct JSONFuzzTests {
    @Test("The scanner and a recursive reader agree on 20,000 mutated documents", .timeLimit(.minutes(1)))
    func agreement() throws {
        var random = SplitMix(state: 42)
        var accepted = 0
        for _ in 0..<20_000 {
            let text = mutated(&random)
            var oracle = Oracle(text)
            let expected = oracle.accepts()
            let scanned = (try? Envelope(Array(#"{"json":"#.utf8) + text + Array("}".utf8))) != nil
            let parsed = (try? JSON(parsing: text)) != nil
            #expect(scanned == expected, "\(Array(text))")
            #expect(parsed == expected, "\(Array(text))")
            if expected { accepted += 1 }
        }
        // Were all of them broken, nothing would be compared.
        #expect(accepted > 2000)
        #expect(accepted < 18_000)
    }

    /// Foundation takes some texts that are no JSON, and refuses lone surrogates and huge numbers, which are.
    @Test("What Foundation reads as well reads the same", .timeLimit(.minutes(1)))
    func foundation() throws {
        var random = SplitMix(state: 7)
        var compared = 0
        for _ in 0..<5000 {
            let text = mutated(&random)
            guard let ours = try? JSON(parsing: text),
                let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            else { continue }
            let again = try JSONSerialization.jsonObject(with: Data(ours.encode()), options: .fragmentsAllowed)
            #expect((theirs as? NSObject) == (again as? NSObject), "\(String(decoding: text, as: UTF8.self))")
            compared += 1
        }
        #expect(compared > 500)
    }

    private static let seeds = [
        #"{"a":[1,-2.5e+3,"x\n\u00e9\ud83d\udc34",null,true,false],"b":{"":{}},"ž":"🐴"}"#,
        #"[[],[[]],{"k":[{"k":0}]}," "]"#, #""\ud800 lone""#, "-0.0e-0", #"{"taskId":"add1","input":{"n":0}}"#,
        "[1,2,3]",
    ]

    private static let alphabet =
        Array(#"{}[]",:\/bfnrtu0123456789+-.eE aé"#.utf8) + [0x09, 0x0A, 0x00, 0x1F, 0x80, 0xC3, 0xED, 0xF0]

    private func mutated(_ random: inout SplitMix) -> [UInt8] {
        var text = Array(Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)].utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let index = Int.random(in: 0...text.count, using: &random)
            let byte = Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text.insert(byte, at: index)
            case 1 where index < text.count: text[index] = byte
            case 2 where index < text.count: text.remove(at: index)
            case 3 where index < text.count:
                let other = Int.random(in: 0..<text.count, using: &random)
                text.swapAt(index, other)
            default: break
            }
        }
        return text
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// RFC 8259's grammar, written down rule by rule over Unicode scalars.
private struct Oracle {
    private let scalars: [Unicode.Scalar]?
    private var index = 0

    init(_ text: [UInt8]) {
        scalars = String(validating: text, as: UTF8.self).map { Array($0.unicodeScalars) }
    }

    mutating func accepts() -> Bool {
        guard scalars != nil, value() else { return false }
        return peek == nil
    }

    private var peek: Unicode.Scalar? { scalars.flatMap { index < $0.count ? $0[index] : nil } }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    private mutating func space() { while let next = peek, " \t\n\r".unicodeScalars.contains(next) { index += 1 } }

    private mutating func value() -> Bool {
        space()
        defer { space() }
        switch peek {
        case "{":
            return list("}") { oracle in
                oracle.space()
                guard oracle.string() else { return false }
                oracle.space()
                return oracle.take(":") && oracle.value()
            }
        case "[": return list("]") { $0.value() }
        case "\"": return string()
        case "t": return "true".unicodeScalars.allSatisfy { take($0) }
        case "f": return "false".unicodeScalars.allSatisfy { take($0) }
        case "n": return "null".unicodeScalars.allSatisfy { take($0) }
        default: return number()
        }
    }

    private mutating func list(_ end: Unicode.Scalar, _ element: (inout Oracle) -> Bool) -> Bool {
        index += 1
        space()
        if take(end) { return true }
        repeat {
            guard element(&self) else { return false }
        } while take(",")
        return take(end)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let next = peek {
            index += 1
            if next == "\"" { return true }
            if next.value < 0x20 { return false }
            guard next == "\\" else { continue }
            guard let escape = peek else { return false }
            index += 1
            if escape == "u" {
                for _ in 0..<4 {
                    guard let digit = peek, digit.properties.isASCIIHexDigit else { return false }
                    index += 1
                }
            } else if !"\"\\/bfnrt".unicodeScalars.contains(escape) {
                return false
            }
        }
        return false
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") {
            guard digits() else { return false }
        }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while let next = peek, ("0"..."9").contains(next) { index += 1 }
        return index > start
    }
}
