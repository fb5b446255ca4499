import Synchronization

/// Refuses an input that a task cannot take, before an execution is stored.
package typealias InputCheck = @Sendable (Payload) throws(InvalidTask) -> Void

/// Which tasks exist: those this process was told of, and those that workers have registered in the storage.
///
/// A task that is not known here is looked for in the storage again, but not more than once a second, so that asking for
/// tasks that do not exist costs nothing.
package actor TaskCatalog {
    /// Behind a lock rather than the actor, so that a task is known as soon as it is registered.
    private let own: Mutex<[TaskID: TaskDefinition]>
    /// Of tasks whose inputs this process can judge.
    private let checks: Mutex<[TaskID: InputCheck]>
    private let storage: any Storage
    private let clock = ContinuousClock()
    private var registered: [TaskID: TaskDefinition] = [:]
    private var refreshedAt: ContinuousClock.Instant?
    private var refreshing: Task<[TaskDefinition], any Error>?

    /// How long an answer of the storage is good for.
    private static let freshness = Duration.seconds(1)

    package init(storage: any Storage, own: [TaskDefinition] = [], checks: [TaskID: InputCheck] = [:]) {
        self.storage = storage
        self.checks = Mutex(checks)
        self.own = Mutex(Dictionary(own.map { ($0.id, $0) }) { _, last in last })
    }

    /// Replaces the tasks that this process knows by itself.
    package func replaceOwn(_ tasks: [TaskDefinition]) {
        own.withLock { $0 = Dictionary(tasks.map { ($0.id, $0) }) { _, last in last } }
    }

    /// Adds a task to those that this process knows by itself.
    package nonisolated func addOwn(_ task: TaskDefinition, check: InputCheck? = nil) {
        own.withLock { $0[task.id] = task }
        if let check { checks.withLock { $0[task.id] = check } }
    }

    /// Refuses an input that the task cannot take, as far as this process can tell.
    nonisolated func check(_ input: Payload, for id: TaskID) throws(InvalidTask) {
        try checks.withLock { $0[id] }?(input)
    }

    /// The definition of a task, or `nil` when nobody ever defined it.
    ///
    /// Registered definitions are re-read once they are a second old, so that a deploy of workers is noticed.
    package nonisolated func definition(of id: TaskID) async throws(StorageError) -> TaskDefinition? {
        if let task = own.withLock({ $0[id] }) { return task }
        return try await registeredDefinition(of: id)
    }

    private func registeredDefinition(of id: TaskID) async throws(StorageError) -> TaskDefinition? {
        if isStale { try await refresh(tolerating: registered[id] != nil) }
        return registered[id]
    }

    /// The definitions of those of the tasks that somebody ever defined.
    package func definitions(of ids: Set<TaskID>) async throws(StorageError) -> [TaskID: TaskDefinition] {
        var found: [TaskID: TaskDefinition] = [:]
        for id in ids { found[id] = try await definition(of: id) }
        return found
    }

    private var isStale: Bool {
        refreshedAt.map { $0.advanced(by: Self.freshness) < clock.now } ?? true
    }

    /// Re-reads the storage once for all who ask meanwhile.
    ///
    /// - Parameter tolerating: Whether a failure may be ignored, since an older answer is there.
    private func refresh(tolerating: Bool) async throws(StorageError) {
        let reading = refreshing ?? Task { [storage] in try await storage.tasks() }
        refreshing = reading
        do {
            let tasks = try await reading.value
            registered = Dictionary(tasks.map { ($0.id, $0) }) { _, last in last }
            refreshedAt = clock.now
            refreshing = nil
        } catch {
            refreshing = nil
            if tolerating { return }
            throw error as? StorageError ?? .unavailable(reason: "reading the tasks was cancelled")
        }
    }
}
