import DurableExecution
import Logging
import Testing

/// What people do with tasks, one small program each.
@Suite("Examples", .timeLimit(.minutes(1)))
struct ExamplesTests {
    struct Order: Codable, Sendable {
        var id: String
        var amounts: [Int]
    }

    @Test("Simple sync task")
    func simpleTask() async throws {
        try await withRunningExecutor { executor in
            let total = try executor.task("total", timeout: .seconds(30)) { (order: Order) in
                order.amounts.reduce(0, +)
            }
            let execution = try await executor.enqueue(total, Order(id: "o1", amounts: [3, 4])).wait()
            #expect(execution.output == 7)
        }
    }

    @Test("Simple async task")
    func asyncTask() async throws {
        try await withRunningExecutor { executor in
            let greet = try executor.task("greet", timeout: .seconds(30)) { (name: String) in
                try await Task.sleep(for: .milliseconds(1))
                return "Hello, \(name)"
            }
            let execution = try await executor.enqueue(greet, "Ada").wait()
            #expect(execution.output == "Hello, Ada")
        }
    }

    @Test("Task with validate input: the type decodes what is valid and nothing else")
    func validatedInput() async throws {
        try await withRunningExecutor { executor in
            let discount = try executor.task("discount", timeout: .seconds(30)) { (off: Percentage) in 100 - off.value }
            let execution = try await executor.enqueue(discount, Percentage(value: 20)).wait()
            #expect(execution.output == 80)
            await #expect(throws: RequestError.invalid("Invalid input to task discount: 120 is no percentage")) {
                try await executor.enqueue(discount, Percentage(value: 120))
            }
        }
    }

    @Test("Task with input schema: the type is the schema, and says where an input does not fit it")
    func inputSchema() async throws {
        let storage = InMemoryStorage()
        let executor = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        let ship = try executor.task("ship", timeout: .seconds(30)) { (order: Order) in order.amounts.count }
        // Another program, which knows the task by its name only.
        let elsewhere = DurableExecutor(storage: storage, logger: .silent)
        let sloppy = try elsewhere.task("ship", timeout: .seconds(30)) { (_: [String: [String]]) in 0 }
        try await run(executor) {
            let right = try await executor.enqueue(ship, Order(id: "o1", amounts: [1])).wait()
            #expect(right.output == 1)
            let wrong = try await elsewhere.enqueue(sloppy, ["amounts": ["one"], "id": []]).wait()
            #expect(wrong.status == .failed)
            #expect(wrong.error?.message.hasPrefix("Invalid input to task ship: id: Expected a string") == true)
        }
    }

    @Test("Task with retries")
    func retries() async throws {
        try await withRunningExecutor { executor in
            let attempts = Tally()
            let flaky = try executor.task(
                "flaky",
                timeout: .seconds(30),
                retry: .init(maxAttempts: 5, baseDelayMs: 1, delayMultiplier: 2, maxDelayMs: 10)
            ) {
                if attempts.increment() < 3 { throw ExecutionError.retryable("The line is busy") }
                return "connected"
            }
            let execution = try await executor.enqueue(flaky).wait()
            #expect(execution.output == "connected")
            #expect(execution.retryAttempts == 2)
        }
    }

    @Test("Task run context")
    func runContext() async throws {
        try await withRunningExecutor { executor in
            let report = try executor.task("report", timeout: .seconds(30), retry: .init(maxAttempts: 1)) { context in
                if context.attempt == 0 { throw ExecutionError.retryable("first try") }
                context.logger.info("Trying again")
                return
                    "\(context.taskID) \(context.attempt) \(context.previousError?.message ?? "") \(context.isCancelled)"
            }
            let execution = try await executor.enqueue(report).wait()
            #expect(execution.output == "report 1 first try false")
        }
    }

    @Test("Parent task with parallel children")
    func parallelChildren() async throws {
        try await withRunningExecutor { executor in
            let resize = try executor.task("resize", timeout: .seconds(30)) { (width: Int) in "\(width)px" }
            let describe = try executor.task("describe", timeout: .seconds(30)) { (name: String) in
                "a picture of \(name)"
            }
            let upload = try executor.parentTask("upload", timeout: .seconds(30)) { (name: String, _) in
                Spawn(output: name, children: [resize.child(200), resize.child(800), describe.child(name)])
            }
            let results = try #require(try await executor.enqueue(upload, "a cat").wait().output)
            #expect(results.output == "a cat")
            let sizes = try results.outputs(of: resize)
            #expect(sizes == ["200px", "800px"])
            let description = try results.children[2].output(of: describe)
            #expect(description == "a picture of a cat")
        }
    }

    @Test("Parent task with parallel children and combined output")
    func combinedOutput() async throws {
        try await withRunningExecutor { executor in
            let price = try executor.task("price", timeout: .seconds(30)) { (item: String) in item.count * 10 }
            let quote = try executor.parentTask("quote", timeout: .seconds(30)) { (items: [String], _) in
                Spawn(output: items.count, children: items.map { price.child($0) })
            } finalize: { results in
                "\(results.output) items for \(try results.outputs(of: price).reduce(0, +))"
            }
            let execution = try await executor.enqueue(quote, ["tea", "milk"]).wait()
            #expect(execution.output == "2 items for 70")
        }
    }

    @Test("Fail parent task if any parallel children fail")
    func allOrNothing() async throws {
        try await withRunningExecutor { executor in
            let reserve = try executor.task("reserve", timeout: .seconds(30)) { (seat: Int) in
                if seat > 2 { throw ExecutionError.nonRetryable("Seat \(seat) is taken") }
                return "seat \(seat)"
            }
            let book = try executor.parentTask("book", timeout: .seconds(30)) { (seats: [Int], _) in
                Spawn(children: seats.map { reserve.child($0) })
            } finalize: { results in
                try results.outputs(of: reserve)
            }
            let fine = try await executor.enqueue(book, [1, 2]).wait()
            #expect(fine.output == ["seat 1", "seat 2"])
            let failed = try await executor.enqueue(book, [1, 3]).wait()
            #expect(failed.status == .finalizeFailed)
            #expect(failed.error?.message.hasSuffix("Seat 3 is taken") == true)
        }
    }

    @Test("Parent task with partial success if any parallel children fail")
    func partialSuccess() async throws {
        try await withRunningExecutor { executor in
            let notify = try executor.task("notify", timeout: .seconds(30)) { (person: String) in
                if person.isEmpty { throw ExecutionError.nonRetryable("Nobody to tell") }
                return person
            }
            let broadcast = try executor.parentTask("broadcast", timeout: .seconds(30)) { (people: [String], _) in
                Spawn(children: people.map { notify.child($0) })
            } finalize: { results in
                results.results(of: notify).compactMap { try? $0.get() }
            }
            let execution = try await executor.enqueue(broadcast, ["Ada", "", "Grace"]).wait()
            #expect(execution.status == .completed)
            #expect(execution.output == ["Ada", "Grace"])
        }
    }

    @Test("Tasks sequentially")
    func sequentially() async throws {
        try await withRunningExecutor { executor in
            let parse = try executor.task("parse", timeout: .seconds(30)) { (text: String) in
                text.split(separator: " ").compactMap { Int($0) }
            }
            let add = try executor.task("add", timeout: .seconds(30)) { (numbers: [Int]) in numbers.reduce(0, +) }
            let show = try executor.task("show", timeout: .seconds(30)) { (sum: Int) in "The sum is \(sum)" }
            let calculate = try executor.sequentialTasks("calculate") {
                parse
                add
                show
            }
            let execution = try await executor.enqueue(calculate, "1 2 3").wait()
            #expect(execution.output == "The sum is 6")
        }
    }

    @Test("Tasks sequentially manually: a finalize task that is a parent has the next child")
    func sequentiallyByHand() async throws {
        try await withRunningExecutor { executor in
            let net = try executor.task("net", timeout: .seconds(30)) { (order: Order) in order.amounts.reduce(0, +) }
            let tax = try executor.task("tax", timeout: .seconds(30)) { (net: Int) in net / 5 }
            let addTax = try executor.parentTask("addTax", timeout: .seconds(30)) {
                (results: ParentResults<NoOutput>, _) in
                let amount = try results.outputs(of: net)[0]
                return Spawn(output: amount, children: [tax.child(amount)])
            } finalize: { results in
                try results.output + results.outputs(of: tax)[0]
            }
            let invoice = try executor.parentTask("invoice", timeout: .seconds(30), finalize: addTax) {
                (order: Order, _) in
                Spawn(children: [net.child(order)])
            }
            let execution = try await executor.enqueue(invoice, Order(id: "o1", amounts: [40, 60])).wait()
            #expect(execution.output == 120)
        }
    }

    @Test("Multiple parent tasks with parallel children run sequentially")
    func parentsInSequence() async throws {
        try await withRunningExecutor { executor in
            let fetch = try executor.task("fetch", timeout: .seconds(30)) { (page: Int) in "page \(page)" }
            let index = try executor.task("index", timeout: .seconds(30)) { (page: String) in page.count }
            let fetchAll = try executor.parentTask("fetchAll", timeout: .seconds(30)) { (pages: Int, _) in
                Spawn(children: (1...pages).map { fetch.child($0) })
            } finalize: { results in
                try results.outputs(of: fetch)
            }
            let indexAll = try executor.parentTask("indexAll", timeout: .seconds(30)) { (pages: [String], _) in
                Spawn(children: pages.map { index.child($0) })
            } finalize: { results in
                try results.outputs(of: index).reduce(0, +)
            }
            let crawl = try executor.sequentialTasks("crawl") {
                fetchAll
                indexAll
            }
            let execution = try await executor.enqueue(crawl, 3).wait()
            #expect(execution.output == 18)
        }
    }

    @Test("Task tree")
    func tree() async throws {
        try await withRunningExecutor { executor in
            let leaf = try executor.task("leaf", timeout: .seconds(30)) { (name: String) in name.uppercased() }
            let branch = try executor.parentTask("branch", timeout: .seconds(30)) { (name: String, _) in
                Spawn(children: [leaf.child(name + "1"), leaf.child(name + "2")])
            } finalize: { results in
                try results.outputs(of: leaf).joined(separator: " ")
            }
            let trunk = try executor.parentTask("trunk", timeout: .seconds(30)) { _ in
                Spawn(children: [branch.child("a"), branch.child("b"), leaf.child("c")])
            } finalize: { results in
                try results.outputs(of: branch) + results.outputs(of: leaf)
            }
            let execution = try await executor.enqueue(trunk).wait()
            #expect(execution.output == ["A1 A2", "B1 B2", "C"])
        }
    }

    @Test("Recursive task: a parent names itself")
    func recursion() async throws {
        try await withRunningExecutor { executor in
            let factorial = try executor.parentTask("factorial", timeout: .seconds(30)) { (n: Int, _) in
                Spawn(output: n, children: n > 1 ? [ChildTask("factorial", n - 1)] : [])
            } finalize: { results in
                try results.output * (results.outputs(of: "factorial", as: Int.self).first ?? 1)
            }
            let execution = try await executor.enqueue(factorial, 5).wait()
            #expect(execution.output == 120)
        }
    }

    @Test("Looping task")
    func loop() async throws {
        try await withRunningExecutor { executor in
            let polls = Tally()
            let poll = try executor.task("poll", timeout: .seconds(30)) { (id: String) -> LoopStep<String> in
                polls.increment() < 3 ? .notDone : .done("report \(id) is ready")
            }
            let awaitReport = try executor.loopingTask(
                "awaitReport",
                iteration: poll,
                maxAttempts: 20,
                delay: .milliseconds(5)
            )
            let execution = try await executor.enqueue(awaitReport, "r1").wait()
            #expect(execution.output?.output == "report r1 is ready")
        }
    }

    @Test("Looping task manually: a finalize task that names itself again until it is done")
    func loopByHand() async throws {
        try await withRunningExecutor { executor in
            let polls = Tally()
            let poll = try executor.task("poll", timeout: .seconds(30)) { (limit: Int) in
                polls.increment() >= limit ? "ready after \(polls.value)" : nil
            }
            let again = try executor.parentTask("again", timeout: .seconds(30)) { (results: ParentResults<Int>, _) in
                let answer = try results.outputs(of: poll)[0]
                return Spawn(output: answer, children: answer == nil ? [ChildTask("awaitReport", results.output)] : [])
            } finalize: { results in
                if let answer = results.output { return answer }
                return try results.outputs(of: "awaitReport", as: String.self)[0]
            }
            let awaitReport = try executor.parentTask("awaitReport", timeout: .seconds(30), finalize: again) {
                (limit: Int, _) in
                Spawn(output: limit, children: [poll.child(limit)])
            }
            let execution = try await executor.enqueue(awaitReport, 3).wait()
            #expect(execution.output == "ready after 3")
        }
    }

    @Test("Parent with child sleeping task")
    func sleepingChild() async throws {
        try await withRunningExecutor { executor in
            let payment = try executor.sleepingTask("payment", timeout: .seconds(60), output: Int.self)
            let pack = try executor.task("pack", timeout: .seconds(30)) { (order: Order) in order.amounts.count }
            let sell = try executor.parentTask("sell", timeout: .seconds(30)) { (order: Order, _) in
                Spawn(output: order.id, children: [payment.child(order.id), pack.child(order)])
            } finalize: { results in
                let (paid, packed) = (try results.outputs(of: payment)[0], try results.outputs(of: pack)[0])
                return "\(results.output): \(packed) parcels for \(paid)"
            }
            let handle = try await executor.enqueue(sell, Order(id: "o1", amounts: [5, 6]))
            // The shop's web hook, some time later.
            try await executor.wakeUp(payment, "o1", with: 11)
            let execution = try await handle.wait()
            #expect(execution.output == "o1: 2 parcels for 11")
        }
    }
}
