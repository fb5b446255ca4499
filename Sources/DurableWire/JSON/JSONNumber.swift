/// Numbers as JavaScript writes them.
enum JSONNumber {
    /// The text that JavaScript makes of a finite number, which is also JSON: `1`, `0.5`, `1e+21`, `1e-7`.
    static func text(_ number: Double) -> String {
        // Swift and JavaScript both choose the fewest digits that read back as the same number; only the dress differs.
        let (isNegative, digits, exponent) = decimal(number)
        guard !digits.isEmpty else { return "0" }
        let sign = isNegative ? "-" : ""
        switch exponent {
        case digits.count...21:
            return sign + digits + String(repeating: "0", count: exponent - digits.count)
        case 1...21:
            return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -exponent) + digits
        default:
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let power = exponent - 1
            return sign + digits.prefix(1) + fraction + "e" + (power < 0 ? "-" : "+") + String(abs(power))
        }
    }

    /// The property name that JavaScript makes of a number in a JSON text.
    static func key(ofNumber text: String) -> [UInt8] {
        let isPlainIndex =
            text.utf8.count < 16 && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
            && (text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0"))
        if isPlainIndex { return Array(text.utf8) }
        let number = Double(text) ?? .nan
        if number.isInfinite { return Array((number < 0 ? "-Infinity" : "Infinity").utf8) }
        return Array(Self.text(number).utf8)
    }

    /// The number as `0.digits × 10^exponent`, digits without zeros at either end.
    private static func decimal(_ number: Double) -> (isNegative: Bool, digits: String, exponent: Int) {
        let parts = "\(number.magnitude)".split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = mantissa[0].drop { $0 == "0" }
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = Substring(whole + fraction)
        var exponent = whole.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let withoutZeros = digits.drop { $0 == "0" }
        if whole.isEmpty { exponent -= digits.count - withoutZeros.count }
        digits = withoutZeros
        while digits.last == "0" { digits.removeLast() }
        return (number < 0, String(digits), exponent)
    }
}
