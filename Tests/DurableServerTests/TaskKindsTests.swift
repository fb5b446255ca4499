import DurableCore
import DurableServer
import Foundation
import Testing

@Suite("Kinds of tasks in a tasks file")
struct TaskKindsTests {
    private static let head = """
        endpoints: { app: { url: "http://app" } }
        tasks:
          add2: { procedure: app/add2, timeoutMs: 5000, sleepMsBeforeRun: 7 }
          check: { procedure: app/check, timeoutMs: 1000 }
          sum: { procedure: app/sum, timeoutMs: 2000 }

        """

    private func read(_ lines: String, others: [TaskDefinition] = []) throws -> TasksFile {
        let indented = lines.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
        return try TasksFile(
            reading: Self.head + indented,
            named: "tasks.yaml",
            for: .invocation,
            environment: [:],
            others: others
        )
    }

    /// The kind that one task more has.
    private func kind(_ task: String, others: [TaskDefinition] = []) throws -> TaskKind? {
        try read("task: \(task)", others: others).definitions.last?.kind
    }

    /// What is wrong with lines after the first five, without the name of the file.
    private func problems(_ lines: String) -> [String] {
        do {
            _ = try read(lines)
            return []
        } catch let error as ConfigurationError {
            return error.problems.map { "\($0)".replacing("tasks.yaml:", with: "") }
        } catch {
            return ["\(error)"]
        }
    }

    private static let add2 = TaskDefinition(
        id: "add2",
        options: TaskOptions(timeoutMs: 5000, sleepMsBeforeRun: 7)
    )
    private static let check = TaskDefinition(id: "check", options: TaskOptions(timeoutMs: 1000))
    private static let sum = TaskDefinition(id: "sum", options: TaskOptions(timeoutMs: 2000))

    @Test("a task is a parent when it says so, or has what only parents have")
    func parents() throws {
        #expect(try kind("{ procedure: app/x, timeoutMs: 1 }") == .single)
        #expect(try kind("{ procedure: app/x, timeoutMs: 1, parent: false }") == .single)
        #expect(
            try kind("{ procedure: app/x, timeoutMs: 1, parent: true }")
                == .parent(finalize: nil, onChildFailure: .continue)
        )
        #expect(
            try kind("{ procedure: app/x, timeoutMs: 1, onChildFailure: fail }")
                == .parent(finalize: nil, onChildFailure: .fail)
        )
        #expect(
            try kind("{ procedure: app/x, timeoutMs: 1, finalize: sum }")
                == .parent(finalize: Self.sum, onChildFailure: .continue)
        )
    }

    @Test("a sequence and a loop are made of whole tasks, which may stand further down and be made of tasks themselves")
    func chains() throws {
        let file = try read(
            """
            outer: { looping: inner, maxAttempts: 20, sleepMsBeforeRun: [100, 200.5] }
            inner: { sequential: [add2, split, approval], sleepMsBeforeRun: 50 }
            split: { procedure: app/split, timeoutMs: 1, finalize: sum }
            approval: { sleeping: true, timeoutMs: 86400000 }
            """
        )
        let tasks = Dictionary(uniqueKeysWithValues: file.tasks.map { ($0.definition.id, $0) })
        let split = TaskDefinition(
            id: "split",
            options: TaskOptions(timeoutMs: 1),
            kind: .parent(finalize: Self.sum, onChildFailure: .continue)
        )
        let approval = TaskDefinition(id: "approval", options: TaskOptions(timeoutMs: 86_400_000), kind: .sleeping)
        var options = TaskDefinition.chainOptions
        options.sleepMsBeforeRun = 50
        let inner = TaskDefinition(id: "inner", options: options, kind: .sequence([Self.add2, split, approval]))
        #expect(tasks["inner"]?.definition == inner)
        #expect(
            tasks["outer"]?.definition.kind
                == .loop(LoopPlan(iteration: inner, maxAttempts: 20, delaysMs: [100, 200.5]))
        )
        #expect(tasks["outer"]?.procedure == nil && tasks["approval"]?.procedure == nil)
        #expect(tasks["split"]?.procedure == .init(endpoint: "app", path: "split"))
    }

    @Test("a loop without delays leaves them to its iteration; one delay goes for all")
    func delays() throws {
        #expect(
            try kind("{ looping: check, maxAttempts: 1 }") == .loop(LoopPlan(iteration: Self.check, maxAttempts: 1))
        )
        #expect(
            try kind("{ looping: check, maxAttempts: 1000000, sleepMsBeforeRun: 5 }")
                == .loop(LoopPlan(iteration: Self.check, maxAttempts: 1_000_000, delaysMs: [5]))
        )
    }

    @Test("the example's tasks file has one task of each kind")
    func example() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../Examples/web-app/tasks.yaml").standardized.path()
        let file = try TasksFile(at: path, for: .definitions, environment: [:])
        let kinds = Dictionary(uniqueKeysWithValues: file.definitions.map { ($0.id, $0.kind) })
        #expect(kinds["add1"] == .single)
        #expect(kinds["squares"]?.isParent == true)
        #expect(kinds["add3"]?.isChain == true && kinds["delivery"]?.isChain == true)
        #expect(kinds["approval"] == .sleeping)
    }

    @Test("tasks written in Swift may be members")
    func swiftTasks() throws {
        let swift = TaskDefinition(id: "swift", options: TaskOptions(timeoutMs: 3))
        #expect(try kind("{ sequential: [swift, add2] }", others: [swift]) == .sequence([swift, Self.add2]))
    }

    @Test("every mistake is reported at once, each at its own line")
    func everything() {
        let lines = """
            a: { sequential: [add2, ad2, null] }
            b: { sequential: add2, timeoutMs: 5 }
            c: { looping: check, maxAttempts: 0, sleepMsBeforeRun: [1, -1, x], procedure: app/c }
            d: { looping: chekc }
            e: { sleeping: true, procedure: app/e }
            f: { procedure: app/f, timeoutMs: 1, onChildFailure: stop, finalize: asleep, maxAttempts: 3 }
            g: { sequential: [add2], looping: check, maxAttempts: 1 }
            asleep: { sleeping: true, timeoutMs: 1, retryOptions: { maxAttempts: 1 } }
            h: { sequential: [] }
            i: { procedure: app/i, timeoutMs: 1, parent: false, finalize: sum }
            j: { procedure: app/j, timeoutMs: 1, parent: "true" }
            k: { sleeping: false }
            """
        #expect(
            problems(lines) == [
                "6:27: Task a: a member of sequential: there is no task \"ad2\" (did you mean \"add2\"?)",
                "6:32: Task a: a member of sequential must be a text",
                "7:20: Task b: sequential must be a list of tasks, like [first, second]",
                "7:26: Task b: a sequence has no \"timeoutMs\", its members have their own; "
                    + "known are sequential, sleepMsBeforeRun",
                "8:37: Max attempts must be greater than 0 for looping task c, got 0",
                "8:62: Invalid sleep ms before run for task c: expected a number of at least 0, got -1.0",
                "8:66: Task c: sleepMsBeforeRun must be a number, got \"x\"",
                "8:70: Task c: a loop has no \"procedure\", its iterations have their own; "
                    + "known are looping, maxAttempts, sleepMsBeforeRun",
                "9:3: Task d has no maxAttempts: how many iterations there are at most",
                "9:17: Task d: looping: there is no task \"chekc\" (did you mean \"check\"?)",
                "10:3: Task e has no timeoutMs: how many milliseconds it waits for being woken up",
                "10:24: Task e: a sleeping task has no \"procedure\"; known are sleeping, timeoutMs",
                "11:56: Task f: onChildFailure must be continue or fail, got \"stop\"",
                "11:80: Task f: \"maxAttempts\" is for loops; the number of retries is in retryOptions",
                "12:28: Task g cannot be sequential and looping at once",
                "12:44: Task g: a sequence has no \"maxAttempts\", its members have their own; "
                    + "known are sequential, sleepMsBeforeRun",
                "13:43: Task asleep: a sleeping task has no \"retryOptions\"; known are sleeping, timeoutMs",
                "14:3: No tasks provided for sequential task h",
                "15:48: Task i has finalize, which only parents have; write \"parent: true\"",
                "16:48: Task j: parent must be true or false, got \"true\"",
                "17:3: Task k has no procedure; write \"procedure: ENDPOINT/PATH\", "
                    + "or make it sequential, looping or sleeping",
                "17:3: Task k has no timeoutMs: how many milliseconds one attempt may take",
            ]
        )
    }

    @Test("what leads back to itself is reported once, where the circle closes")
    func circles() {
        let lines = """
            a: { sequential: [b] }
            b: { looping: c, maxAttempts: 1 }
            c: { procedure: app/c, timeoutMs: 1, finalize: a }
            d: { sequential: [a] }
            e: { procedure: app/e, timeoutMs: 1, finalize: e }
            f: { looping: f, maxAttempts: 0 }
            """
        #expect(
            problems(lines) == [
                "8:50: Task a cannot be made of itself (a → b → c → a)",
                "10:50: Task e cannot be made of itself (e → e)",
                "11:17: Task f cannot be made of itself (f → f)",
            ]
        )
    }

    @Test("a finalize task cannot sleep, and nothing made of it is reported again")
    func sleepingFinalize() {
        let lines = """
            asleep: { sleeping: true, timeoutMs: 1 }
            a: { procedure: app/a, timeoutMs: 1, finalize: asleep }
            b: { sequential: [a, a] }
            """
        #expect(problems(lines) == ["7:50: Finalize task cannot be a sleeping task [taskId=asleep]"])
    }

    @Test("a few lines that stand for more tasks than anybody can run are refused at once")
    func explosion() {
        let lines =
            (0..<30).map { "t\($0): { sequential: [t\($0 + 1), t\($0 + 1)] }" } + ["t30: { sequential: [add2] }"]
        let found = problems(lines.joined(separator: "\n"))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix("is made of more than 10000 tasks") == true)
    }

    @Test("tasks made of tasks too deeply are refused, however long the chain")
    func depth() {
        func chain(_ length: Int) -> String {
            ((1..<length).map { "t\($0): { sequential: [t\($0 + 1)] }" } + ["t\(length): { sequential: [add2] }"])
                .joined(separator: "\n")
        }
        #expect(problems(chain(32)) == [])
        #expect(!problems(chain(33)).isEmpty)
        #expect(problems(chain(5000)).allSatisfy { $0.contains("32 levels deep") })
    }
}
