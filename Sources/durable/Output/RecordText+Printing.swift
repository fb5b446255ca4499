import DurableWire

extension RecordText {
    /// Prints the record: as lines for people, or as one line of JSON.
    func print(asJSON: Bool) throws {
        Swift.print(asJSON ? try json() : lines.joined(separator: "\n"))
    }

    /// The record as clients of a front end see it, dates as texts.
    func json() throws -> String {
        let body = try JSON(parsing: record.encode())
        return String(decoding: (body["json"] ?? .null).encode(), as: UTF8.self)
    }
}
