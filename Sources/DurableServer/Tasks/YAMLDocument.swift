import Yams

/// A YAML text as a tree whose nodes know their places.
///
/// Yams refuses a mapping with a key that is there twice and with it the whole text. To report what else is wrong, the
/// earlier of two equal keys is renamed to a stand-in of the same length and the text is parsed again.
struct YAMLDocument {
    struct Problem: Hashable {
        var line: Int
        var column: Int
        var message: String
    }

    /// The tree; `nil` when there is none, because the text is empty or wrong.
    private(set) var root: Node?
    private(set) var problems: [Problem] = []
    private var standIns: Set<String> = []

    /// Parses a text; never fails, but collects problems.
    init(parsing text: String) {
        var text = text
        while true {
            do {
                root = try Yams.compose(yaml: text)
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let key = keys.first ?? ""
                problems.append(
                    Problem(
                        line: context.mark.line,
                        column: context.mark.column,
                        message: "\"\(key)\" is given again further down; keep one of them"
                    )
                )
                guard let renamed = rename(key, at: context.mark, in: text) else { return }
                text = renamed
            } catch {
                problems.append(Problem(error, in: text))
                return
            }
        }
    }

    /// Whether a key is the stand-in of one that is there twice.
    func isDuplicate(_ key: String) -> Bool { standIns.contains(key) }

    private mutating func rename(_ key: String, at mark: Mark, in text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1), !key.isEmpty else { return nil }
        let scalars = lines[mark.line - 1].unicodeScalars
        guard var start = scalars.index(scalars.startIndex, offsetBy: mark.column - 1, limitedBy: scalars.endIndex)
        else {
            return nil
        }
        if start < scalars.endIndex, scalars[start] == "\"" || scalars[start] == "'" {
            scalars.formIndex(after: &start)
        }
        // A character for private use, another one for each stand-in.
        guard scalars[start...].starts(with: key.unicodeScalars),
            let end = scalars.index(start, offsetBy: key.unicodeScalars.count, limitedBy: scalars.endIndex),
            let letter = Unicode.Scalar(0xE000 + standIns.count), standIns.count < 1000
        else { return nil }
        let standIn = String(repeating: String(letter), count: key.unicodeScalars.count)
        standIns.insert(standIn)
        lines[mark.line - 1] = Substring(String(scalars[..<start]) + standIn + String(scalars[end...]))
        return lines.joined(separator: "\n")
    }
}

extension YAMLDocument.Problem {
    /// What the parser says, without the text that it says it about.
    fileprivate init(_ error: any Error, in text: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init(
                line: mark.line,
                column: mark.column,
                message: [context?.text, problem].compactMap(\.self).joined(separator: ": ")
            )
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            self.init(
                line: before.count { $0.isNewline } + 1,
                column: before.reversed().prefix { !$0.isNewline }.count + 1,
                message: problem
            )
        default:
            self.init(line: 1, column: 1, message: "not readable as YAML")
        }
    }
}
