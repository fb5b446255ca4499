import Subprocess

/// The user a server runs as: ourselves, or, since PostgreSQL refuses root, somebody root can become.
struct ServerUser: Sendable, Hashable {
    let name: String
    let userID: UInt32
    let groupID: UInt32

    /// The user for a server with this data: the owner of what is there already, else who we are or can become.
    static func forServer(with data: String) throws(EmbeddedPostgresError) -> ServerUser {
        let owner = Platform.owner(of: data)
        guard Platform.isRoot else {
            if let owner, owner != Platform.userID {
                throw .folderOwnedByAnotherUser(folder: data, userID: owner)
            }
            return named(Platform.userID)
        }
        if let owner, owner != 0 { return named(owner) }
        for name in ["postgres", "nobody"] {
            if let ids = Platform.user(named: name) {
                return ServerUser(name: name, userID: ids.userID, groupID: ids.groupID)
            }
        }
        throw .noServerUser
    }

    private static func named(_ userID: UInt32) -> ServerUser {
        let (name, groupID) = Platform.name(ofUser: userID)
        return ServerUser(name: name, userID: userID, groupID: groupID)
    }

    private var isSomebodyElse: Bool { userID != Platform.userID }

    /// Gives a file or folder of ours to this user.
    func own(_ path: String) throws(EmbeddedPostgresError) {
        if isSomebodyElse { try Platform.changeOwner(of: path, to: self) }
    }

    /// What to put before a program so that it runs as this user; nothing when that is us.
    ///
    /// Not `PlatformOptions.userID`: Subprocess changes it in a copy of our process that has one thread, where glibc may
    /// wait for ever for another that was just being started.
    var becoming: [String] {
        isSomebodyElse ? ["setpriv", "--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups"] : []
    }

    /// How to launch a program out of reach of what the terminal sends to our process group.
    var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        // A Ctrl-C is for us: we drain first, and stop the server last.
        options.createSession = true
        return options
    }
}
