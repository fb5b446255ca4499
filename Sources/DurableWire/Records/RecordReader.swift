/// Takes the members of an answer for what they should be.
struct RecordReader {
    let members: WireMembers

    func require<Value>(_ name: String, _ read: (JSON) -> Value?) throws(MalformedRecord) -> Value {
        guard let value = try optional(name, read) else { throw MalformedRecord(member: name) }
        return value
    }

    /// A member that may be absent; `null` is as good, which upstream writes for dates that are none.
    func optional<Value>(_ name: String, _ read: (JSON) -> Value?) throws(MalformedRecord) -> Value? {
        let json: JSON?
        do {
            json = try members[name].json()
        } catch {
            throw MalformedRecord(member: name)
        }
        guard let json, !json.isNull else { return nil }
        guard let value = read(json) else { throw MalformedRecord(member: name) }
        return value
    }
}
