/// Why a private PostgreSQL could not be started: what, where, and what to do about it.
package enum EmbeddedPostgresError: Error, Hashable, CustomStringConvertible {
    /// No folder holds the server's programs; with a version, none of that major version.
    case binariesNotFound(searched: [String], majorVersion: Int?)
    /// `PG_BIN` names a folder without the server's programs, or with those of another major version.
    case unusableBinaries(folder: String, reason: String)
    /// The user that is to run the server may not enter or write this folder.
    case folderNotAccessible(folder: String, blockedAt: String, user: String)
    /// Another process of ours is running a server on this folder.
    case folderInUse(String)
    /// The data folder belongs to somebody else, and PostgreSQL insists on its owner.
    case folderOwnedByAnotherUser(folder: String, userID: UInt32)
    /// Something else listens on the port.
    case portTaken(Int)
    /// We are root, which PostgreSQL refuses to run as, and there is no user to become.
    case noServerUser
    /// The server is running already, or is being started.
    case alreadyRunning
    /// A program of PostgreSQL ended with an error.
    case commandFailed(command: String, output: String)
    /// The server stopped before it was ready; the end of its log.
    case startFailed(log: String)
    /// The server was not ready in time; the end of its log.
    case startTimedOut(log: String)
    /// The operating system refused.
    case system(operation: String, path: String, message: String)

    package var description: String {
        switch self {
        case .binariesNotFound(let searched, let majorVersion):
            let what = majorVersion.map { "PostgreSQL \($0)" } ?? "PostgreSQL"
            let package = majorVersion.map { "postgresql-\($0)" } ?? "postgresql"
            let brew = majorVersion.map { "postgresql@\($0)" } ?? "postgresql"
            let why = majorVersion == nil ? "" : " The data folder was made by that version."
            return """
                The server programs of \(what) (initdb, postgres, pg_ctl) are not installed.\(why) \
                Install them with "apt-get install \(package)" or "brew install \(brew)", or set PG_BIN to their folder. \
                Searched: \(searched.isEmpty ? "PATH" : searched.joined(separator: ", ")).
                """
        case .unusableBinaries(let folder, let reason):
            return "PG_BIN is \(folder), which cannot be used: \(reason). Correct it or unset it."
        case .folderNotAccessible(let folder, let blockedAt, let user):
            return """
                PostgreSQL would run as the user "\(user)", who may not use \(blockedAt). \
                Choose another data folder than \(folder), or give that user access.
                """
        case .folderInUse(let folder):
            return "Another process is using the data folder \(folder). Stop it first, or choose another folder."
        case .folderOwnedByAnotherUser(let folder, let userID):
            return "The data folder \(folder) belongs to user \(userID). Run as that user, or choose another folder."
        case .portTaken(let port):
            return "Port \(port) on 127.0.0.1 is taken. Stop what listens there, or choose another port."
        case .noServerUser:
            return """
                PostgreSQL does not run as root, and there is neither a user "postgres" nor a user "nobody" to run it as. \
                Run as an ordinary user, or create one of the two.
                """
        case .alreadyRunning:
            return "The PostgreSQL server is running already."
        case .commandFailed(let command, let output):
            return "\(command) failed: \(output)"
        case .startFailed(let log):
            return "PostgreSQL did not start. Its log ends with:\n\(log)"
        case .startTimedOut(let log):
            return "PostgreSQL was not ready in time. Its log ends with:\n\(log)"
        case .system(let operation, let path, let message):
            return "Could not \(operation) \(path): \(message)."
        }
    }
}
