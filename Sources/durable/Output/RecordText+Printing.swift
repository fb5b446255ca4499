import DurableWire

extension RecordText {
    /// Prints the record: as lines for people, or as one line of JSON.
    func print(asJSON: Bool) throws {
        Swift.print(asJSON ? try json() : lines.joined(separator: "\n"))
    }

    /// The record as clients of a front end see it, dates as texts.
    func json() throws -> String {
        try JSON.text(ofBody: record.encode())
    }
}

extension JSON {
    /// The value that a body carries, as one line.
    static func text(ofBody body: [UInt8]) throws -> String {
        String(decoding: (try JSON(parsing: body)["json"] ?? .null).encode(), as: UTF8.self)
    }
}
