import DurableCore
import DurableWire

/// An execution in words for people.
struct RecordText {
    let record: ExecutionRecord
    /// What the relative times are relative to.
    var now = Timestamp.now
    /// Further lines: what a database tells and a front end does not.
    var details: [(name: String, value: String)] = []

    /// The longest text of an input or output that is shown.
    private static let longestPayload = 4000

    var lines: [String] {
        var lines = ["\(record.executionID)  \(record.taskID)  \(record.status.rawValue)"]
        func add(_ name: String, _ value: String?) {
            guard let value else { return }
            let label = name + String(repeating: " ", count: max(1, 12 - name.count))
            lines.append(
                "  " + label + value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
            )
        }
        add("created", moment(record.createdAt))
        if record.status == .ready { add("starts", moment(record.startAt)) }
        add("started", record.startedAt.map(moment))
        add("times out", record.expiresAt.map(moment))
        add("finished", record.finishedAt.map(moment))
        if let startedAt = record.startedAt, let finishedAt = record.finishedAt {
            add("took", Self.duration(finishedAt.milliseconds(since: startedAt)))
        }
        add("retries", "\(record.retryAttempts) of \(record.retryOptions.maxAttempts)")
        add("worker", record.executorID)
        for detail in details { add(detail.name, detail.value) }
        if let error = record.error {
            let nature = [error.isRetryable ? "retryable" : nil, error.isInternal ? "internal" : nil].compactMap(\.self)
            let kind = ([error.kind.rawValue] + nature).joined(separator: ", ")
            add("error", "\(Self.printable(error.message)) (\(kind))")
        }
        add("input", Self.text(of: record.input))
        if record.status == .completed { add("output", Self.text(of: record.output)) }
        return lines
    }

    private func moment(_ time: Timestamp) -> String {
        "\(time)  (\(Self.relative(time, to: now)))"
    }

    /// `3 min ago`, `in 2 s`, `now`.
    static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        let milliseconds = time.milliseconds(since: now)
        if milliseconds.magnitude < 1000 { return "now" }
        let text = duration(milliseconds.magnitude)
        return milliseconds > 0 ? "in \(text)" : "\(text) ago"
    }

    private static func duration(_ milliseconds: Double) -> String {
        let units: [(name: String, milliseconds: Double)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000),
        ]
        guard let unit = units.first(where: { milliseconds >= $0.milliseconds }) else {
            return "\(Int(milliseconds)) ms"
        }
        return "\(Int(milliseconds / unit.milliseconds)) \(unit.name)"
    }

    private static func text(of payload: Payload) -> String {
        guard let bytes = payload.json else { return "nothing" }
        var text = (try? JSON(parsing: bytes))?.pretty() ?? String(decoding: bytes, as: UTF8.self)
        if text.count > longestPayload {
            text = text.prefix(longestPayload) + "\n… (\(bytes.count) bytes in all; --json shows everything)"
        }
        return printable(text) + (payload.meta.map { "\n  types " + String(decoding: $0, as: UTF8.self) } ?? "")
    }

    /// Without characters that a terminal would act on.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
                    return isControl ? "\u{FFFD}" : scalar
                }
            )
        )
    }
}
