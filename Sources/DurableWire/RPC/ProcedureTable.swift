/// Which procedure a request means.
///
/// As in the real server: below the prefix, one slash at either end does not matter, and otherwise the path must be, letter
/// for letter, what the client makes of the procedure's path. The method plays no part.
package struct ProcedureTable<Procedure: Sendable>: Sendable {
    private let prefix: String
    private let procedures: [String: Procedure]
    /// The same by the whole target that clients send, which almost all requests have letter for letter.
    private let targets: [String: Procedure]

    /// - Parameters:
    ///   - prefix: The path below which procedures are, as `/rpc`; empty or `/` for all paths.
    ///   - procedures: By their paths, as `["planet", "create"]`.
    package init(prefix: String, _ procedures: [[String]: Procedure]) {
        let prefix = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        let byPath: [String: Procedure] = procedures.reduce(into: [:]) { table, procedure in
            let path = procedure.key.map(PercentEncoding.encodeComponent).joined(separator: "/")
            table[path] = procedure.value
        }
        self.prefix = prefix
        self.procedures = byPath
        let targets = byPath.map { (prefix + "/" + $0.key, $0.value) }
        self.targets = Dictionary(targets.filter { RequestTarget($0.0).path == $0.0 }) { first, _ in first }
    }

    /// The procedure that a request target means; `nil` when there is none.
    package subscript(target target: String) -> Procedure? {
        // ASCII only: to `==` the Kelvin sign is a K.
        if let procedure = targets[target], target.utf8.allSatisfy({ $0 < 0x80 }) { return procedure }
        let path = RequestTarget(target).path
        guard path == prefix || path.hasPrefix(prefix + "/") else { return nil }
        var rest = path.dropFirst(prefix.count)
        if rest.first == "/" { rest.removeFirst() }
        if rest.last == "/" { rest.removeLast() }
        return procedures[String(rest)]
    }
}
