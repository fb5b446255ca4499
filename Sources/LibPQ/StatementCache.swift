/// The statements that one connection has prepared; bounded, the least recently used goes first.
struct StatementCache {
    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private let owner: String
    private var entries: [SQL.Template: Entry] = [:]
    private var uses: UInt64 = 0
    private var names = 0

    /// - Parameter owner: Begins every name. No two connections have the same one, so that a statement is not mistaken for
    ///   another connection's when a pooler nobody told us about hands out that connection's session.
    init(capacity: Int, owner: String) {
        self.capacity = capacity
        self.owner = owner
    }

    /// The name that the statement was prepared under.
    mutating func name(for template: SQL.Template) -> String? {
        guard let index = entries.index(forKey: template) else { return nil }
        uses += 1
        entries.values[index].lastUse = uses
        return entries.values[index].name
    }

    /// A name that this connection has never used: one that a failed `prepare` left behind is not taken again.
    mutating func freshName() -> String {
        names += 1
        return "\(owner)_\(names)"
    }

    /// Remembers a prepared statement; returns the name of one to deallocate when there are too many.
    mutating func insert(_ template: SQL.Template, name: String) -> String? {
        uses += 1
        entries[template] = Entry(name: name, lastUse: uses)
        guard entries.count > capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return nil
        }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    /// Forgets the statement of that text; returns its name.
    mutating func remove(_ text: String) -> String? {
        guard let index = entries.firstIndex(where: { $0.key.text == text }) else { return nil }
        return entries.remove(at: index).value.name
    }
}
