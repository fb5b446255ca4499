import DurableCore
import LibPQ
import Logging

extension DatabaseError {
    /// What the core is told: whether to try again, and words without SQL or data.
    var storageError: StorageError {
        switch sqlState {
        case .undefinedTable, .undefinedSchema, .undefinedFunction, SQLState("42703"):
            .schemaMismatch(
                reason: "The database does not have the schema that this program needs; run `durable migrate` (\(self))"
            )
        default:
            isTransient || kind == .cancelled || kind == .closed
                ? .unavailable(reason: description) : .rejected(reason: description)
        }
    }
}

extension InsertFailure {
    var storageError: StorageError {
        switch self {
        case .database(let error): error.storageError
        case .conflict(let index): .idempotencyConflict(index: index)
        case .sleeperConflict(let index): .sleeperConflict(index: index)
        }
    }
}

extension PostgresStorage {
    /// Translates the database's errors at the border; what only a developer may see goes to the log at debug level.
    func storing<T>(_ body: () async throws(DatabaseError) -> T) async throws(StorageError) -> T {
        do {
            return try await body()
        } catch {
            if !error.isTransient {
                logger.debug("PostgreSQL refused", metadata: ["error": "\(error.debugDescription)"])
            }
            throw error.storageError
        }
    }

    func decode<T>(_ body: () throws(DatabaseError) -> T) throws(StorageError) -> T {
        do {
            return try body()
        } catch {
            throw error.storageError
        }
    }

    func decodeAll<T>(_ rows: Rows, _ decode: (Row) throws(DatabaseError) -> T) throws(StorageError) -> [T] {
        try self.decode { () throws(DatabaseError) in
            var values: [T] = []
            values.reserveCapacity(rows.count)
            for row in rows { values.append(try decode(row)) }
            return values
        }
    }
}
