import DurableCore
import DurableInvoker
import DurableServer
import Testing

@Suite("Tasks file")
struct TasksFileTests {
    private static let example = """
        endpoints:
          web-app:
            url: http://localhost:3000/rpc
            headers:
              authorization: "${WEB_APP_TOKEN}"
            signingSecrets: ["${WEB_APP_SIGNING_SECRET}"]
        tasks:
          add2:
            procedure: web-app/math/add2
            timeoutMs: 5000
            sleepMsBeforeRun: 1.5
            retryOptions: { maxAttempts: 3, baseDelayMs: 1000, delayMultiplier: 2, maxDelayMs: 30000, jitter: 0.2 }
          add1:
            procedure: web-app/add1
            timeoutMs: 1e3
        """

    private func read(
        _ text: String,
        for purpose: TasksFile.Purpose = .invocation,
        environment: [String: String] = [:]
    ) throws -> TasksFile {
        try TasksFile(reading: text, named: "tasks.yaml", for: purpose, environment: environment)
    }

    private func problems(
        of text: String,
        for purpose: TasksFile.Purpose = .invocation,
        environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try read(text, for: purpose, environment: environment)
            return []
        } catch let error as ConfigurationError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test("gives tasks in the order of the file, with their options, procedures and endpoints")
    func readsEverything() throws {
        let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        let file = try read(
            Self.example,
            environment: ["WEB_APP_TOKEN": "Bearer s3cret", "WEB_APP_SIGNING_SECRET": secret]
        )

        let retryOptions = RetryOptions(
            maxAttempts: 3,
            baseDelayMs: 1000,
            delayMultiplier: 2,
            maxDelayMs: 30000,
            jitter: 0.2
        )
        #expect(
            file.tasks == [
                .init(
                    definition: TaskDefinition(
                        id: "add2",
                        options: TaskOptions(timeoutMs: 5000, retryOptions: retryOptions, sleepMsBeforeRun: 1.5)
                    ),
                    procedure: .init(endpoint: "web-app", path: "math/add2")
                ),
                .init(
                    definition: TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 1000)),
                    procedure: .init(endpoint: "web-app", path: "add1")
                ),
            ]
        )
        #expect(file.endpoints["web-app"]?.url == "http://localhost:3000/rpc")
        #expect(file.endpoints["web-app"]?.headers == ["authorization": "Bearer s3cret"])
        #expect(file.endpoints["web-app"]?.signingSecrets.count == 1)
    }

    @Test("reports five mistakes at once, each with its line")
    func fiveMistakes() {
        let text = """
            endpoints:
              web-app:
                url: localhost:3000/rpc
            tasks:
              add-1:
                procedure: web-app/add1
                timeoutMs: 5000
              add2:
                procedure: webapp/add2
                timeoutMs: soon
                retryOptions: { maxAttempts: 3, baseDelay: 1000 }
            """
        #expect(
            problems(of: text) == [
                "tasks.yaml:3:10: Endpoint web-app: the url must begin with http:// or https://",
                "tasks.yaml:5:3: Task id can only contain alphanumeric characters and underscores (got \"add-1\")",
                "tasks.yaml:9:16: Task add2: there is no endpoint \"webapp\" (did you mean \"web-app\"?)",
                "tasks.yaml:10:16: Task add2: timeoutMs must be an integer, got \"soon\"",
                "tasks.yaml:11:37: Task add2: retryOptions has no key \"baseDelay\" (did you mean \"baseDelayMs\"?); "
                    + "known are maxAttempts, baseDelayMs, delayMultiplier, maxDelayMs, jitter",
            ]
        )
    }

    @Test("reports every option out of range at its own line")
    func ranges() {
        let text = """
            endpoints: { app: { url: "http://app" } }
            tasks:
              a:
                procedure: app/a
                timeoutMs: 0
                sleepMsBeforeRun: -1
                retryOptions:
                  maxAttempts: 1001
                  baseDelayMs: 3600001
                  delayMultiplier: 11
                  maxDelayMs: 86400001
                  jitter: 2
            """
        let found = problems(of: text)
        #expect(found.map { $0.split(separator: ":")[1] } == ["5", "6", "8", "9", "10", "11", "12"])
        #expect(
            found.first == "tasks.yaml:5:16: Invalid timeout value for task a: expected an integer from 1 to "
                + "9007199254740991, got 0"
        )
    }

    @Test("reports a task and a key that are given twice, and what else is wrong")
    func duplicates() {
        let text = """
            endpoints: { app: { url: "http://app" } }
            tasks:
              a: { procedure: app/a, timeoutMs: 1 }
              b: { procedure: app/b, timeoutMs: 1, timeoutMs: 2 }
              a: { procedure: app/a, timeoutMs: x }
            """
        #expect(
            problems(of: text) == [
                "tasks.yaml:3:3: \"a\" is given again further down; keep one of them",
                "tasks.yaml:4:26: \"timeoutMs\" is given again further down; keep one of them",
                "tasks.yaml:5:37: Task a: timeoutMs must be an integer, got \"x\"",
            ]
        )
    }

    @Test(
        "reports what is no tasks file at all",
        arguments: [
            ("- a", "tasks.yaml:1:1: A tasks file must be a mapping of keys to values"),
            (
                "tasks: { a: 1 }",
                "tasks.yaml:1:10: Task a must be a mapping with at least \"procedure\" and \"timeoutMs\""
            ),
            (
                "task:\n",
                "tasks.yaml:1:1: A tasks file has no key \"task\" (did you mean \"tasks\"?); known are endpoints, tasks"
            ),
            ("endpoints: { a: http://x }", "tasks.yaml:1:14: Endpoint a must be a mapping with at least \"url\""),
            ("tasks: [", "tasks.yaml:2:1: while parsing a flow node: did not find expected node content"),
        ]
    )
    func shapes(text: String, problem: String) {
        #expect(problems(of: text) == [problem])
    }

    @Test("an empty file has no tasks", arguments: ["", "# nothing yet\n", "tasks:\nendpoints: {}\n"])
    func empty(text: String) throws {
        let file = try read(text)
        #expect(file.tasks.isEmpty)
    }

    @Test(
        "refuses headers that HTTP does not allow or that the service sets",
        arguments: ["content-length", "Durable-Attempt", "webhook-id", "a b", "\"\""]
    )
    func headers(name: String) {
        let text = "endpoints: { app: { url: 'http://app', headers: { \(name): x } } }"
        #expect(problems(of: text).count == 1)
    }

    @Test(
        "refuses URLs that no procedure can be called at",
        arguments: [
            "ftp://app", "http://", "http://app#x", "http://user:password@app", "http://app:0",
            "http://app:99999", "http://ä", "http://a b", "http://[::1",
        ]
    )
    func urls(url: String) {
        let found = problems(of: "endpoints: { app: { url: \"\(url)\" } }")
        #expect(found.count == 1)
        #expect(!found.description.contains("password@"))
    }

    @Test(
        "accepts usual URLs",
        arguments: ["http://app", "HTTPS://app.example/rpc/", "http://[::1]:3000/rpc", "http://1.2.3.4:80"]
    )
    func goodURLs(url: String) {
        #expect(problems(of: "endpoints: { app: { url: \"\(url)\" } }") == [])
    }

    @Test("names every variable that is not set, once for each place")
    func unsetVariables() {
        let text = """
            endpoints:
              app:
                url: "http://${HOST}:${PORT}"
            """
        #expect(
            problems(of: text, environment: ["HOST": "app"]) == [
                "tasks.yaml:3:10: Endpoint app: url: the environment variable PORT is not set"
            ]
        )
    }

    @Test("a front end needs none of an endpoint's variables")
    func frontEnd() throws {
        let file = try read(Self.example, for: .definitions)
        #expect(file.definitions.map(\.id) == ["add2", "add1"])
        #expect(file.endpoints.isEmpty)
    }

    @Test("a variable's value is data: it cannot become YAML, and it is never quoted in a message")
    func values() throws {
        let text = """
            endpoints: { app: { url: "http://app", headers: { x: "${X}", y: "$${X} costs $5" } } }
            tasks: { a: { procedure: app/a, timeoutMs: "${TIMEOUT}" } }
            """
        let file = try read(text, environment: ["X": "}, tasks: {", "TIMEOUT": "250"])
        #expect(file.endpoints["app"]?.headers == ["x": "}, tasks: {", "y": "${X} costs $5"])
        #expect(file.definitions.first?.options.timeoutMs == 250)

        let found = problems(of: text, environment: ["X": "line\r\nbreak-s3cret", "TIMEOUT": "s3cret"])
        #expect(found.count == 2)
        #expect(!found.description.contains("s3cret"))
    }
}
