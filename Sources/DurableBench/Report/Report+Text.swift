import DurableWire

extension Report {
    /// The report for people: for each case a table of figures, the median first, then the rounds.
    package var text: String {
        var lines = [title]
        for tested in cases {
            lines += ["", tested.name]
            lines += Self.table(
                tested.median.figures.map { figure in
                    [figure.metric.title]
                        + ([figure.value] + tested.rounds.map { $0[figure.metric] ?? .nan }).map {
                            Self.number($0, digits: figure.metric.digits)
                        }
                }
            )
        }
        if !ratios.isEmpty {
            lines += ["", "Ratios"]
            lines += Self.table(
                ratios.map { ratio in
                    [ratio.name] + ([ratio.median ?? .nan] + ratio.rounds).map { Self.number($0, digits: 2) }
                }
            )
        }
        if !notes.isEmpty { lines += [""] + notes }
        return lines.joined(separator: "\n")
    }

    private var title: String {
        let facts = (server + parameters).map { "\($0.name) \(Self.plain($0.value))" }
        return "\(benchmark): \(facts.joined(separator: ", ")). Each line: the median, then the rounds."
    }

    private static func plain(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .array(let elements): elements.map(plain).joined(separator: "/")
        default: String(decoding: value.encode(), as: UTF8.self)
        }
    }

    /// Rows whose first cells are names and whose other cells are numbers.
    private static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? "  " + cell + padding : padding + cell
            }
            return cells.joined(separator: "  ")
        }
    }

    /// A number with so many digits after the point, and its thousands set apart.
    static func number(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value.magnitude * scale).rounded())
        var whole = String(scaled / Int(scale))
        var index = whole.endIndex
        while whole.distance(from: whole.startIndex, to: index) > 3 {
            index = whole.index(index, offsetBy: -3)
            whole.insert(",", at: index)
        }
        let fraction = String(scaled % Int(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + whole }
        return sign + whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
