import DurableCore
import DurableWire

/// An execution with its history and what is below it, in words for people.
struct InspectionText {
    let inspection: InspectionRecord
    /// What the relative times are relative to.
    var now = Timestamp.now

    var lines: [String] {
        let details: [(name: String, value: String?)] = [
            ("why", inspection.reason),
            ("priority", inspection.priority == 0 ? nil : "\(inspection.priority)"),
            ("lost workers", inspection.leaseLosses == 0 ? nil : "\(inspection.leaseLosses)"),
        ]
        var lines = RecordText(record: inspection.execution, now: now, details: details).lines
        if !inspection.attempts.isEmpty { lines += ["", "Attempts"] + timeline }
        if !inspection.children.isEmpty {
            lines += ["", "Below it"] + Self.tree(inspection.children, of: inspection.childCount, indent: "  ")
        }
        return lines
    }

    private var timeline: [String] {
        var table = Table(["  #", "WORKER", "STARTED", "TOOK", "END", "ERROR"])
        for attempt in inspection.attempts {
            let took = attempt.endedAt.map { "\(TimeSpan(milliseconds: $0.milliseconds(since: attempt.startedAt)))" }
            table.add([
                "  \(attempt.attempt)",
                RecordText.printable(attempt.workerName ?? attempt.workerID?.description ?? ""),
                "\(attempt.startedAt) (\(attempt.startedAt.relative(to: now)))",
                took ?? "", attempt.end.rawValue, Self.line(attempt.error?.message ?? ""),
            ])
        }
        return table.text.split(separator: "\n").map(String.init)
    }

    private static func tree(_ children: [Descendant], of count: Int, indent: String) -> [String] {
        let untold = count - children.count
        // Of a chain the latest are told of.
        let isEndTold = (children.first { !$0.isFinalize }?.index ?? 0) > 0
        let omission = untold > 0 ? ["\(indent)… \(untold) more"] : []
        let lines = children.flatMap { child in
            let place = child.isFinalize ? "finalize" : "\(child.index)"
            let error = child.error.map { ": \(line($0.message))" } ?? ""
            let head = "\(place)  \(child.reference.executionID)  \(child.reference.taskID)  "
            return [indent + head + child.status.rawValue + error]
                + tree(child.children, of: child.childCount, indent: indent + "  ")
        }
        return isEndTold ? omission + lines : lines + omission
    }

    /// A text on one line, as far as it fits.
    private static func line(_ text: String) -> String {
        let line = RecordText.printable(String(text.map { $0.isNewline ? " " : $0 }))
        return line.count <= 120 ? line : line.prefix(119) + "…"
    }

    /// Prints it: as lines for people, or as one line of JSON, as a front end answers it with dates as texts.
    func print(asJSON: Bool) throws {
        Swift.print(asJSON ? try JSON.text(ofBody: inspection.encode()) : lines.joined(separator: "\n"))
    }
}
