import DurableCore
import DurableServer
import Testing

@Suite("Settings")
struct ServerSettingsTests {
    private static let own = TaskDefinition(id: "swift", options: TaskOptions(timeoutMs: 1000))

    private func read(
        _ defaults: ServerSettings,
        flags: [Setting: String] = [:],
        environment: [String: String] = [:]
    ) -> (settings: ServerSettings, problems: [String]) {
        var reader = SettingsReader(flags: flags, environment: environment)
        let settings = ServerSettings(reading: &reader, over: defaults)
        reader.report(settings.problems(environment: environment, ownTasks: [Self.own], place: reader.place(of:)))
        do {
            try reader.finish()
            return (settings, [])
        } catch {
            return (settings, error.problems.map(\.description))
        }
    }

    @Test("a flag wins over its variable, and a variable over the default")
    func precedence() {
        let environment = ["DURABLE_PORT": "1", "DURABLE_HOST": "::1", "DURABLE_OPEN": "yes", "DATABASE_URL": "host=a"]
        let (settings, problems) = read(.start, flags: [.port: "2", .databaseURL: "host=b"], environment: environment)
        #expect(problems == [])
        #expect(settings.frontEnd?.port == 2)
        #expect(settings.frontEnd?.host == "::1")
        #expect(settings.frontEnd?.rpcPrefix == "/rpc")
        #expect(settings.frontEnd?.access == .open)
        #expect(settings.database.url == "host=b")
        #expect(settings.database.schema == "durable")
        #expect(settings.worker?.concurrency == 100)
    }

    @Test("a switch can be turned off by its flag, and an empty variable counts as not set")
    func switches() {
        let (settings, problems) = read(
            .start,
            flags: [.migrate: "false", .open: "true"],
            environment: ["DURABLE_MIGRATE": "true", "DURABLE_PORT": ""]
        )
        #expect(problems == [])
        #expect(settings.migrates == false)
        #expect(settings.frontEnd?.port == 8080)
    }

    @Test("a URL past the pooler goes with a pooler, and both must be URLs")
    func pooler() {
        let urls = [Setting.databaseURL: "host=pooler", .directDatabaseURL: "host=postgres"]
        let (pooled, none) = read(
            .serve,
            flags: urls.merging([.open: "true"]) { $1 },
            environment: ["DURABLE_POOLED": "1"]
        )
        #expect(none == [])
        #expect(pooled.database.isPooled)
        #expect(pooled.database.directConfiguration != nil)

        let (alone, _) = read(.serve, flags: [.databaseURL: "host=pooler", .pooled: "true"])
        #expect(alone.database.directConfiguration == nil)

        let (_, unused) = read(.serve, flags: urls.merging([.open: "true"]) { $1 })
        #expect(unused.count == 1)
        #expect(unused.first?.hasPrefix("--direct-database-url: ") == true)
        #expect(unused.first?.contains("--pooled") == true)

        let wrong = [Setting.directDatabaseURL: "postgresql://me:s3cret@host:port/x", .pooled: "true", .open: "true"]
        let (_, problems) = read(.serve, flags: wrong)
        #expect(problems.count == 1)
        #expect(problems.first?.contains("s3cret") == false)
    }

    @Test("durations and days are read in their units, and 0 days keep executions for ever")
    func units() {
        let (settings, problems) = read(
            .worker,
            flags: [.leaseSeconds: "2.5", .drainSeconds: "0", .retainDays: "0", .healthPort: "81", .maxChildren: "7"]
        )
        #expect(problems == [])
        #expect(settings.worker?.lease == .milliseconds(2500))
        #expect(settings.worker?.drain == .zero)
        #expect(settings.worker?.retention == nil)
        #expect(settings.worker?.maxChildren == 7)
        #expect(settings.worker?.health == HealthSettings(port: 81))
        #expect(settings.frontEnd == nil)
    }

    @Test("everything that is wrong is reported at once, where it was given, and without secrets")
    func everything() {
        let (_, problems) = read(
            .start,
            flags: [.port: "http", .tasks: "/nowhere/tasks.yaml", .databaseURL: "postgresql://me:s3cret@host:port/x"],
            environment: [
                "DURABLE_CONCURRENCY": "0", "DURABLE_MIGRATE": "perhaps", "DURABLE_SCHEMA": "pg_durable",
                "DURABLE_TOKEN_APP": "s3cret",
            ]
        )
        #expect(problems.count == 7)
        for place in [
            "--port: ", "--tasks", "--database-url: ", "DURABLE_CONCURRENCY: ", "DURABLE_MIGRATE: ", "DURABLE_SCHEMA: ",
            "DURABLE_TOKEN_APP: ",
        ] {
            let file = place == "--tasks" ? "/nowhere/tasks.yaml: " : place
            #expect(problems.contains { $0.hasPrefix(file) }, "\(place)")
        }
        #expect(!problems.description.contains("s3cret"))
    }

    @Test("a front end without tokens has to be told that it is open")
    func tokensOrOpen() {
        #expect(read(.serve).problems.count == 1)
        #expect(read(.serve).problems.first?.contains("--open") == true)
        #expect(read(.serve, flags: [.open: "true"]).problems == [])
        #expect(read(.serve, environment: ["DURABLE_TOKEN_APP": "enqueue,read:abc"]).problems == [])
    }

    @Test("an open front end stays on loopback unless it is told otherwise")
    func loopback() {
        let open: [Setting: String] = [.open: "true", .host: "0.0.0.0"]
        #expect(read(.serve, flags: open).problems.count == 1)
        #expect(read(.serve, flags: open.merging([.openToNetwork: "true"]) { $1 }).problems == [])
        for host in ["localhost", "127.0.0.2", "::1"] {
            #expect(read(.serve, flags: [.open: "true", .host: host]).problems == [])
        }
    }

    @Test("tokens and --open exclude each other; dev is open unless there are tokens")
    func dev() {
        let token = ["DURABLE_TOKEN_APP": "read:abc"]
        #expect(read(.serve, flags: [.open: "true"], environment: token).problems.count == 1)
        #expect(read(.dev).settings.frontEnd?.access == .open)
        #expect(read(.dev, environment: token).settings.frontEnd?.access == .tokens(file: nil))
    }

    @Test("a worker needs tasks, from the tasks file or of its own")
    func workerWithoutTasks() {
        let worker = ServerSettings.worker
        #expect(worker.problems(environment: [:], ownTasks: []).count == 1)
        #expect(worker.problems(environment: [:], ownTasks: [Self.own]) == [])
    }

    @Test("every setting has its own flag and variable")
    func names() {
        #expect(Set(Setting.allCases.map(\.flag)).count == Setting.allCases.count)
        #expect(Set(Setting.allCases.map(\.variable)).count == Setting.allCases.count)
        #expect(Setting.databaseURL.variable == "DATABASE_URL")
        #expect(Setting.leaseSeconds.variable == "DURABLE_LEASE_SECONDS")
        #expect(Setting.leaseSeconds.flag == "--lease-seconds")
    }
}
