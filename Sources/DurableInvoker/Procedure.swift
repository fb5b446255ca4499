internal import DurableWire

/// A procedure of a web app, by its place in the app's router.
package struct Procedure: Sendable, Hashable {
    package let endpoint: Endpoint
    /// The keys of the routers that lead to it, separated by slashes: `add2`, `nested/add2`.
    package let path: String
    /// Where it is called.
    package let url: String

    /// Checks a procedure's path and takes it in.
    package init(endpoint: Endpoint, path: String) throws(InvalidProcedure) {
        let keys = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard keys.allSatisfy({ !$0.isEmpty }) else {
            throw InvalidProcedure(
                path: path,
                problem: "expected the keys of its routers with a slash between them, like nested/add2"
            )
        }
        guard !keys.contains(where: { $0 == "." || $0 == ".." }) else {
            throw InvalidProcedure(path: path, problem: "a key cannot be . or .., which URLs resolve")
        }
        self.endpoint = endpoint
        self.path = path
        url = Self.url(of: keys, at: endpoint.url)
    }

    /// The base without one slash at its end, the keys, and the base's query.
    private static func url(of keys: [String], at base: String) -> String {
        let query = base.drop { $0 != "?" }
        var path = base.dropLast(query.count)
        if path.hasSuffix("/") { path = path.dropLast() }
        return path + "/" + keys.map(PercentEncoding.encodeComponent).joined(separator: "/") + query
    }
}

/// A path that leads to no procedure.
package struct InvalidProcedure: Error, Sendable, Hashable, CustomStringConvertible {
    package let path: String
    package let problem: String

    package var description: String { "Invalid procedure path \"\(path)\": \(problem)" }
}
