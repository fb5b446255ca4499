import Crypto

/// One file of `migrations/`, embedded in the program so that a binary and its schema cannot disagree.
package struct Migration: Sendable, Hashable {
    package let version: Int
    /// The file's name without its ending.
    package let name: String
    package let sql: String

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.version = Int(name.prefix(4)) ?? 0
        self.sql = String(decoding: bytes, as: UTF8.self)
    }

    /// Every migration, in order.
    ///
    /// A test compares the list with the folder.
    package static let all = [
        Migration("0001_executions", PackageResources._001_executions_sql),
        Migration("0002_families", PackageResources._002_families_sql),
        Migration("0003_room", PackageResources._003_room_sql),
        Migration("0004_checks", PackageResources._004_checks_sql),
    ]

    /// SHA-256 of the file, in hexadecimal: an applied file must never change.
    package var checksum: String {
        SHA256.hash(data: Array(sql.utf8)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// Whether programs that do not know this migration must not work with the schema any more: the file says so in its
    /// first line.
    package var isBreaking: Bool { sql.hasPrefix("--! breaking-change") }
}

/// How one migration stands in a database.
package struct MigrationStatus: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case pending
        case applied
        /// Applied, but from a file with other contents.
        case edited
        /// Applied by a newer program; this one can work with the schema all the same.
        case newer
        /// Applied by a newer program; this one must not work with the schema any more.
        case breaking
    }

    package let version: Int
    package let name: String
    package let state: State
    /// When it was applied, in microseconds since 1970.
    package let appliedAt: Int64?

    init(_ migration: Migration, applied: AppliedMigration?) {
        version = migration.version
        name = migration.name
        state = applied.map { $0.checksum == migration.checksum ? .applied : .edited } ?? .pending
        appliedAt = applied?.appliedAt
    }

    init(unknown applied: AppliedMigration) {
        version = applied.version
        name = applied.name
        state = applied.isBreaking ? .breaking : .newer
        appliedAt = applied.appliedAt
    }
}

/// A row of the table `migrations`.
struct AppliedMigration: Sendable, Hashable {
    let version: Int
    let name: String
    let checksum: String
    let isBreaking: Bool
    let appliedAt: Int64
}

/// Why a schema cannot be migrated or worked with.
///
/// Says what to do.
package enum MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
    case pending(schema: String, name: String)
    case edited(schema: String, name: String)
    case newer(schema: String, name: String)
    case encoding(String)

    package var description: String {
        switch self {
        case .pending(let schema, let name):
            "The schema \"\(schema)\" lacks migration \(name): run `durable migrate`, or start with --migrate"
        case .edited(let schema, let name):
            "Migration \(name) was applied to the schema \"\(schema)\" with other contents than this program has; "
                + "applied migrations must not be edited. Use the program that applied it, or restore the file"
        case .newer(let schema, let name):
            "The schema \"\(schema)\" has migration \(name) of a newer program, which this one cannot work with: "
                + "use the newer program"
        case .encoding(let encoding):
            "The database's encoding is \(encoding); it has to be UTF8. Create the database with encoding 'UTF8'"
        }
    }
}
