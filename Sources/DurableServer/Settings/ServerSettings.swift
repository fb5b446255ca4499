/// What a process of the service is and how it works.
public struct ServerSettings: Sendable {
    /// Where executions are stored.
    public var database: DatabaseSettings
    /// The path of the tasks file; `nil` is none.
    public var tasksFile: String?
    /// The front end; `nil` is none.
    public var frontEnd: FrontEndSettings?
    /// The worker; `nil` is none.
    public var worker: WorkerSettings?
    /// Whether the schema is brought up to date at start; else an old one is refused.
    public var migrates: Bool

    /// Settings as given.
    public init(
        database: DatabaseSettings = DatabaseSettings(),
        tasksFile: String? = nil,
        frontEnd: FrontEndSettings? = nil,
        worker: WorkerSettings? = nil,
        migrates: Bool = false
    ) {
        self.database = database
        self.tasksFile = tasksFile
        self.frontEnd = frontEnd
        self.worker = worker
        self.migrates = migrates
    }

    /// A front end only: `durable serve`.
    public static let serve = ServerSettings(frontEnd: FrontEndSettings())
    /// A worker only: `durable worker`.
    public static let worker = ServerSettings(worker: WorkerSettings())
    /// Both, bringing the schema up to date: `durable start`.
    public static let start = ServerSettings(frontEnd: FrontEndSettings(), worker: WorkerSettings(), migrates: true)
    /// Both, open to everybody on this machine: `durable dev`.
    public static let dev = ServerSettings(
        frontEnd: FrontEndSettings(access: .open),
        worker: WorkerSettings(),
        migrates: true
    )
}
