/// Keeps other processes of ours off a data folder, until it is released or this process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ folder: DataFolder, user: ServerUser) throws(EmbeddedPostgresError) {
        guard let descriptor = try Platform.lockFile(at: folder.lock) else { throw .folderInUse(folder.path) }
        self.descriptor = descriptor
        try user.own(folder.lock)
    }

    deinit {
        Platform.unlockFile(descriptor)
    }
}
