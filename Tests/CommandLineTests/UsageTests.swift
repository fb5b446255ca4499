import Testing

@Suite("Command line, without a database")
struct UsageTests {
    static let commands = [
        "dev", "start", "serve", "worker", "migrate", "enqueue", "show", "list", "wake", "cancel", "retry", "prune",
        "tasks", "bench",
    ]

    @Test("the help names every command")
    func help() async throws {
        try await Program.with { durable in
            let help = try await durable("--help")
            #expect(help.exitCode == 0)
            for command in Self.commands { #expect(help.output.contains("\n  \(command) "), "\(command)") }
        }
    }

    @Test("each command's help has an example and names the variables of its flags", arguments: commands)
    func commandHelp(command: String) async throws {
        try await Program.with { durable in
            let help = try await durable(command, "--help")
            #expect(help.exitCode == 0)
            #expect(help.output.contains("  durable \(command)"))
            #expect(help.output.contains("[DATABASE_URL]"))
        }
    }

    @Test(
        "each benchmark's help has an example and names the database's variable",
        arguments: ["storage", "enqueue", "http", "latency", "fanout", "backlog", "pinned", "clean"]
    )
    func benchmarkHelp(benchmark: String) async throws {
        try await Program.with { durable in
            let help = try await durable("bench", benchmark, "--help")
            #expect(help.exitCode == 0)
            #expect(help.output.contains("  durable bench \(benchmark)"))
            #expect(help.output.contains("[DATABASE_URL]"))
        }
    }

    @Test("an unknown flag is a matter of usage")
    func unknownFlag() async throws {
        try await Program.with { durable in
            let result = try await durable("serve", "--prot", "1")
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("--prot"))
        }
    }

    @Test("everything that is wrong with a configuration is said at once, before anything starts")
    func problems() async throws {
        let environment = ["DURABLE_LEASE_SECONDS": "soon", "DURABLE_TOKEN_APP": "nobody:s3cret"]
        try await Program.with(environment: environment) { durable in
            try durable.write("tasks: { add-1: 5, a: {} }\n", to: "tasks.yaml")
            let result = try await durable("start", "--port", "http", "--log-format", "xml")
            #expect(result.exitCode == 64)
            #expect(result.output == "")
            #expect(
                result.errorLines.map { $0.split(separator: ": ").first.map(String.init) } == [
                    "8 things are wrong:", "  --log-format", "  --port", "  DURABLE_LEASE_SECONDS",
                    "  DURABLE_TOKEN_APP",
                    "  tasks.yaml:1:10", "  tasks.yaml:1:10", "  tasks.yaml:1:20", "  tasks.yaml:1:20",
                ]
            )
            #expect(!result.errors.contains("s3cret"))
        }
    }

    @Test("a worker without tasks is told how to have some")
    func noTasks() async throws {
        try await Program.with { durable in
            let result = try await durable("worker")
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("tasks.yaml"))
        }
    }

    @Test("input that is no JSON is refused before anything is asked", arguments: ["{n: 1}", "", "1 2"])
    func input(text: String) async throws {
        try await Program.with { durable in
            let result = try await durable("enqueue", "add1", text)
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("not JSON"))
        }
    }

    @Test("options out of range are refused before anything is asked")
    func options() async throws {
        try await Program.with { durable in
            let result = try await durable("enqueue", "add1", "1", "--options", #"{"timeoutMs": 0}"#)
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("Invalid timeout value for task add1"))
        }
    }

    @Test(
        "times and priorities that are none are refused",
        arguments: [["--expires-in", "soon"], ["--expires-in", "5"], ["--priority", "101"], ["--priority", "high"]]
    )
    func limits(flags: [String]) async throws {
        try await Program.with { durable in
            let result = try await durable("enqueue", "add1", "1", flags[0], flags[1])
            #expect(result.exitCode == 64)
            #expect(result.errors.contains(flags[1]))
        }
    }

    @Test("a sleeper is woken up with an output or with a failure, not with both")
    func wakeUp() async throws {
        try await Program.with { durable in
            let both = try await durable("wake", "payment", "u", "--output", "1", "--failed", "no")
            #expect(both.exitCode == 64)
            #expect(both.errors.contains("--failed"))
            let noJSON = try await durable("wake", "payment", "u", "--output", "yes")
            #expect(noJSON.exitCode == 64)
            #expect(noJSON.errors.contains("The output is not JSON"))
        }
    }

    @Test("a status that does not exist is refused with those that do")
    func status() async throws {
        try await Program.with { durable in
            let result = try await durable("list", "--status", "done")
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("timed_out"))
        }
    }

    @Test("a database or a front end that is not there is a failure with a reason", .timeLimit(.minutes(1)))
    func unreachable() async throws {
        try await Program.with { durable in
            let list = try await durable("list", "--database-url", "postgresql://me:s3cret@127.0.0.1:1/x")
            #expect(list.exitCode == 1)
            #expect(list.errors.contains("cannot connect to PostgreSQL"))
            #expect(!list.errors.contains("s3cret"))

            let show = try await durable("show", "te_1", "--task", "a", "--url", "http://127.0.0.1:1/rpc")
            #expect(show.exitCode == 1)
            #expect(show.errors.contains("cannot be reached"))
        }
    }

    @Test("a front end has to be told the task of an execution", arguments: ["show", "cancel", "retry"])
    func taskOfExecution(command: String) async throws {
        try await Program.with { durable in
            let result = try await durable(command, "te_1", "--url", "http://127.0.0.1:1/rpc")
            #expect(result.exitCode == 64)
            #expect(result.errors.contains("--task"))
        }
    }
}
