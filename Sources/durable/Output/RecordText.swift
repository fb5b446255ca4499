import DurableCore
import DurableWire

/// An execution in words for people.
struct RecordText {
    let record: ExecutionRecord
    /// What the relative times are relative to.
    var now = Timestamp.now
    /// Further lines, before those of the payloads.
    var details: [(name: String, value: String?)] = []

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
        if let parent = record.parent {
            let role = parent.isFinalizeOfParent ? "finalize" : "child \(parent.indexInParentChildren)"
            add("part of", "\(parent.reference.executionID)  \(parent.reference.taskID)  (\(role))")
            if let root = record.root, root != parent.reference { add("root", "\(root.executionID)  \(root.taskID)") }
        }
        add("wakes up as", record.sleepingUniqueID.map(Self.printable))
        add("created", moment(record.createdAt))
        if record.status == .ready { add("starts", moment(record.startAt)) }
        add("started", record.startedAt.map(moment))
        add("times out", record.expiresAt.map(moment))
        add("finished", record.finishedAt.map(moment))
        if let startedAt = record.startedAt, let finishedAt = record.finishedAt {
            add("took", "\(TimeSpan(milliseconds: finishedAt.milliseconds(since: startedAt)))")
        }
        add("retries", "\(record.retryAttempts) of \(record.retryOptions.maxAttempts)")
        add("worker", record.executorID)
        if !record.children.isEmpty {
            add("children", "\(record.children.count), of which \(record.activeChildrenCount) have not ended")
        }
        for detail in details { add(detail.name, detail.value.map(Self.printable)) }
        if let error = record.error {
            let nature = [error.isRetryable ? "retryable" : nil, error.isInternal ? "internal" : nil].compactMap(\.self)
            let kind = ([error.kind.rawValue] + nature).joined(separator: ", ")
            add("error", "\(Self.printable(error.message)) (\(kind))")
        }
        if record.sleepingUniqueID == nil { add("input", Self.text(of: record.input)) }
        if record.status == .completed { add("output", Self.text(of: record.output)) }
        return lines
    }

    private func moment(_ time: Timestamp) -> String {
        "\(time)  (\(time.relative(to: now)))"
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
    static func printable(_ text: String) -> String {
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
