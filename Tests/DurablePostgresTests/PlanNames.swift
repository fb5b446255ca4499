import Foundation

/// The statements that the source of `Statements` declares; what is private there is a part of one.
enum PlanNames {
    /// Their names with those of their parameters: `ends(of parent, attempt)`.
    static func all() throws -> Set<String> {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appending(path: "Sources/DurablePostgres")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var names: Set<String> = []
        for file in files where file.lastPathComponent.hasPrefix("Statements") {
            let source = try String(contentsOf: file, encoding: .utf8)
            for match in source.matches(of: /var (\w+): SQL/) { names.insert(String(match.1)) }
            for match in source.matches(of: /(private )?func (\w+)\((.*)\) -> SQL/) where match.1 == nil {
                names.insert("\(match.2)(\(parameters(match.3).joined(separator: ", ")))")
            }
        }
        return names
    }

    /// What stands before the colons that are in no brackets.
    private static func parameters(_ list: Substring) -> [String] {
        var names: [String] = []
        var name = ""
        var depth = 0
        var isName = true
        for character in list {
            switch character {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case ":" where depth == 0 && isName:
                names.append(name.trimmingCharacters(in: .whitespaces))
                isName = false
            case "," where depth == 0:
                name = ""
                isName = true
            default: if isName { name.append(character) }
            }
        }
        return names
    }
}
