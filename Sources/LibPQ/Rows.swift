import CLibPQ

/// What a statement returned: its rows, still in libpq's memory, or the number of rows that it changed.
///
/// Reading copies only what is asked for.
///
/// `@unchecked Sendable` without a lock: nothing changes the `PGresult` between `init` and `deinit`, and libpq's
/// accessors only read it.
package final class Rows: @unchecked Sendable, RandomAccessCollection {
    let raw: OpaquePointer
    private let rowCount: Int

    /// Takes over a successful `PGresult`.
    init(owning raw: OpaquePointer) {
        self.raw = raw
        rowCount = Int(PQntuples(raw))
    }

    deinit { PQclear(raw) }

    package var startIndex: Int { 0 }
    package var endIndex: Int { rowCount }
    package subscript(position: Int) -> Row {
        precondition(position >= 0 && position < rowCount, "row \(position) of \(rowCount)")
        return Row(rows: self, index: Int32(truncatingIfNeeded: position))
    }

    /// The number of rows that an `insert`, `update`, `delete` or `merge` touched, or a `select` returned.
    package var affected: Int {
        var count = 0
        var digits = PQcmdTuples(raw)
        while let digit = digits?.pointee, digit != 0 {
            count = count &* 10 &+ Int(digit) &- 48
            digits = digits?.successor()
        }
        return count
    }

    /// The only row of a statement that always returns one.
    package func only() throws(DatabaseError) -> Row {
        guard rowCount == 1 else { throw .decoding("\(rowCount) rows where one was expected") }
        return self[0]
    }

    /// The tag that the server finished the statement with, such as `COMMIT`.
    var commandTag: String { String(cString: PQcmdStatus(raw)) }
}
