import DurableExecution
import Testing

@Suite("Parents in Swift", .timeLimit(.minutes(1)))
struct ParentTests {
    private struct Basics {
        let add1: DurableTask<Int, Int>
        let shout: DurableTask<String, String>
        let broken: DurableTask<Int, Int>

        init(_ executor: DurableExecutor) throws {
            add1 = try executor.task("add1", timeout: .seconds(5)) { (n: Int) in n + 1 }
            shout = try executor.task("shout", timeout: .seconds(5)) { (text: String) in text.uppercased() }
            broken = try executor.task("broken", timeout: .seconds(5)) { (n: Int) -> Int in
                throw ExecutionError.nonRetryable("broken \(n)")
            }
        }
    }

    @Test(
        "A parent completes with its output and its children's, in order, whatever tasks they are of",
        arguments: Store.allCases
    )
    func completes(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (n: Int, _) in
                Spawn(
                    output: "for \(n)",
                    children: [basics.add1.child(n), basics.shout.child("hi"), basics.add1.child(n + 1)]
                )
            }
            let execution = try await executor.enqueue(parent, 1).wait()
            #expect(execution.status == .completed)
            let results = try #require(execution.output)
            #expect(results.output == "for 1")
            #expect(results.children.map(\.taskID) == ["add1", "shout", "add1"])
            #expect(results.children.map(\.executionID) == execution.children.map(\.executionID))
            #expect(results.children.allSatisfy { $0.status == .completed && $0.error == nil })
            let sums = try results.outputs(of: basics.add1)
            #expect(sums == [2, 3])
            let words = try results.outputs(of: basics.shout)
            #expect(words == ["HI"])
            let second = try results.children[1].output(of: basics.shout)
            #expect(second == "HI")
            #expect(execution.waitingForChildrenAt != nil)
            #expect(execution.activeChildren == 0)
        }
    }

    @Test("A parent without children completes at once", arguments: Store.allCases)
    func noChildren(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (n: Int, _) in
                Spawn(output: n * 2, children: [])
            }
            let execution = try await executor.enqueue(parent, 2).wait()
            #expect(execution.output?.output == 4)
            #expect(execution.output?.children == [])
        }
    }

    @Test("A finalize closure makes the parent's output", arguments: Store.allCases)
    func finalizeClosure(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5), retry: .init(maxAttempts: 2)) {
                (n: Int, _) in
                Spawn(output: n, children: (1...n).map { basics.add1.child($0) })
            } finalize: { results in
                "\(results.output): \(try results.outputs(of: basics.add1))"
            }
            let execution = try await executor.enqueue(parent, 3).wait()
            #expect(execution.output == "3: [2, 3, 4]")
            #expect(execution.finalize?.taskID == "parent_finalize")
            #expect(execution.waitingForFinalizeAt != nil)
        }
    }

    @Test("The finalize closure is a durable task: it is tried again, with the parent's retries or its own")
    func finalizeRetries() async throws {
        try await withRunningExecutor { executor in
            let calls = Tally()
            let inheriting = try executor.parentTask("inheriting", timeout: .seconds(5), retry: .init(maxAttempts: 1)) {
                _ in
                Spawn(children: [])
            } finalize: { _ in
                if calls.increment() == 1 { throw ExecutionError.retryable("once more") }
                return calls.value
            }
            let first = try await executor.enqueue(inheriting).wait()
            #expect(first.output == 2)

            let options = TaskOptions(timeout: .milliseconds(30))
            let own = try executor.parentTask("own", timeout: .seconds(5), finalizeOptions: options) { _ in
                Spawn(children: [])
            } finalize: { _ in
                try await Task.sleep(for: .seconds(60))
                return 0
            }
            let second = try await executor.enqueue(own).wait()
            #expect(second.status == .finalizeFailed)
            #expect(second.error == .timedOut)
        }
    }

    @Test("A finalize task makes the parent's output, with children and without", arguments: Store.allCases)
    func finalizeTask(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let sum = try executor.task("sum", timeout: .seconds(5)) { (results: ParentResults<NoOutput>) in
                try results.outputs(of: basics.add1).reduce(0, +)
            }
            let parent = try executor.parentTask("parent", timeout: .seconds(5), finalize: sum) { (n: Int, _) in
                Spawn(children: (0..<n).map { basics.add1.child($0) })
            }
            let some = try await executor.enqueue(parent, 3).wait()
            #expect(some.output == 6)
            let none = try await executor.enqueue(parent, 0).wait()
            #expect(none.output == 0)
            #expect(none.children == [])
            #expect(none.finalize?.taskID == "sum")
        }
    }

    @Test("A finalize closure runs without children too")
    func finalizeClosureWithoutChildren() async throws {
        try await withRunningExecutor { executor in
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(output: 1, children: [])
            } finalize: { results in
                results.output + results.children.count
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.output == 1)
        }
    }

    @Test(
        "Input that does not fit a parent is refused when it is enqueued; one that does not fit a child fails the child"
    )
    func input() async throws {
        try await withRunningExecutor { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (n: Percentage, _) in
                Spawn(children: [ChildTask("add1", "no number"), basics.add1.child(n.value)])
            }
            await #expect(throws: RequestError.invalid("Invalid input to task parent: 101 is no percentage")) {
                try await executor.enqueue(parent, Percentage(value: 101))
            }
            let results = try #require(try await executor.enqueue(parent, Percentage(value: 1)).wait().output)
            #expect(results.children.map(\.status) == [.failed, .completed])
            #expect(
                results.children[0].error
                    == .nonRetryable("Invalid input to task add1: Expected an integer, found a string")
            )
        }
    }

    @Test(
        "Children that fail are told like those that complete, and reading a failed one's output throws",
        arguments: Store.allCases
    )
    func partialFailure(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: [basics.broken.child(1), basics.add1.child(1), basics.broken.child(2)])
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .completed)
            let results = try #require(execution.output)
            #expect(results.children.map(\.status) == [.failed, .completed, .failed])
            #expect(
                results.results(of: basics.broken)
                    == [
                        .failure(
                            .nonRetryable(
                                "Child task failed [taskId=broken] "
                                    + "[executionId=\(results.children[0].executionID)]: broken 1"
                            )
                        ),
                        .failure(
                            .nonRetryable(
                                "Child task failed [taskId=broken] "
                                    + "[executionId=\(results.children[2].executionID)]: broken 2"
                            )
                        ),
                    ]
            )
            #expect(results.results(of: basics.add1) == [.success(2)])
            #expect(throws: ExecutionError.self) { try results.outputs(of: basics.broken) }
        }
    }

    @Test("A finalize closure that reads a failed child fails the parent for good", arguments: [1, 3])
    func finalizeReadsFailure(_ failing: Int) async throws {
        try await withRunningExecutor { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5), retry: .init(maxAttempts: 3)) { _ in
                Spawn(children: [basics.add1.child(0)] + (0..<failing).map { basics.broken.child($0) })
            } finalize: { results in
                try results.outputs(of: basics.broken)
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(execution.error?.isRetryable == false)
            #expect(execution.error?.message.hasSuffix("broken 0") == true)
        }
    }

    @Test(
        "With onChildFailure .fail the first failure fails the parent and cancels the other children",
        arguments: Store.allCases
    )
    func failPolicy(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let stopped = Tally()
            let slow = try executor.task("slow", timeout: .seconds(60)) {
                do { try await Task.sleep(for: .seconds(60)) } catch { stopped.increment() }
            }
            let parent = try executor.parentTask("parent", timeout: .seconds(5), onChildFailure: .fail) { _ in
                Spawn(children: [slow.child(), basics.broken.child(7, options: .init(sleepMsBeforeRun: 50))])
            } finalize: { _ in
                "never"
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .failed)
            #expect(execution.error?.message.hasPrefix("Child task failed [taskId=broken]") == true)
            #expect(execution.error?.message.hasSuffix("[index=1]: broken 7") == true)
            try await stopped.reach(1)
        }
    }

    @Test("A failing finalize task fails the parent, with its own error", arguments: [0, 2])
    func finalizeTaskFails(_ children: Int) async throws {
        try await withRunningExecutor { executor in
            let basics = try Basics(executor)
            let finalize = try executor.task("finalize", timeout: .seconds(5)) { (_: ParentResults<NoOutput>) -> Int in
                throw ExecutionError.retryable("no result today")
            }
            let parent = try executor.parentTask("parent", timeout: .seconds(5), finalize: finalize) { _ in
                Spawn(children: (0..<children).map { basics.add1.child($0) })
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(execution.error == .retryable("no result today"))
            #expect(execution.children.count == children)
        }
    }

    @Test("A failing finalize closure fails the parent", arguments: [0, 2])
    func finalizeClosureFails(_ children: Int) async throws {
        try await withRunningExecutor { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: (0..<children).map { basics.add1.child($0) })
            } finalize: { _ -> Int in
                throw ExecutionError.nonRetryable("no result ever")
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(execution.error == .nonRetryable("no result ever"))
        }
    }

    @Test("A finalize task may be a parent with a finalize task of its own", arguments: Store.allCases)
    func finalizeParent(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let second = try executor.parentTask("second", timeout: .seconds(5)) {
                (results: ParentResults<String>, _) in
                let sums = try results.outputs(of: basics.add1)
                return Spawn(output: results.output, children: sums.map { basics.add1.child($0) })
            } finalize: { results in
                "\(results.output) \(try results.outputs(of: basics.add1))"
            }
            let first = try executor.parentTask("first", timeout: .seconds(5), finalize: second) { (n: Int, _) in
                Spawn(output: "from \(n)", children: [basics.add1.child(n), basics.add1.child(n * 10)])
            }
            let execution = try await executor.enqueue(first, 1).wait()
            #expect(execution.output == "from 1 [3, 12]")
        }
    }

    @Test("A failure deep down comes up level by level, and is told at each")
    func hierarchy() async throws {
        try await withRunningExecutor { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: [basics.broken.child(1)])
            } finalize: { results in
                try results.outputs(of: basics.broken)
            }
            let grandparent = try executor.parentTask("grandparent", timeout: .seconds(5)) { _ in
                Spawn(children: [parent.child(), basics.add1.child(1)])
            }
            let execution = try await executor.enqueue(grandparent).wait()
            let results = try #require(execution.output)
            #expect(results.children.map(\.status) == [.finalizeFailed, .completed])
            #expect(results.children[0].error?.message.hasSuffix("broken 1") == true)
        }
    }

    @Test("A finalize task that takes too long fails the parent")
    func finalizeTimeout() async throws {
        try await withRunningExecutor { executor in
            let finalize = try executor.task("finalize", timeout: .milliseconds(50)) { (_: ParentResults<NoOutput>) in
                try await Task.sleep(for: .seconds(60))
            }
            let parent = try executor.parentTask("parent", timeout: .seconds(5), finalize: finalize) { _ in
                Spawn(children: [])
            }
            let execution = try await executor.enqueue(parent).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(execution.error == .timedOut)
        }
    }

    @Test("A parent that brings too many children fails, and none of them is stored")
    func tooManyChildren() async throws {
        var configuration = ExecutorConfiguration.quick
        configuration.maxChildren = 10
        try await withRunningExecutor(configuration: configuration) { executor in
            let calls = Tally()
            let child = try executor.task("child", timeout: .seconds(5)) { (n: Int) in calls.increment() }
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (n: Int, _) in
                Spawn(children: (0..<n).map { child.child($0) })
            }
            let fitting = try await executor.enqueue(parent, 10).wait()
            #expect(fitting.output?.children.count == 10)
            let execution = try await executor.enqueue(parent, 11).wait()
            #expect(execution.status == .failed)
            #expect(
                execution.error
                    == .nonRetryable(
                        "Parent task tried to spawn more than max children tasks "
                            + "[taskId=parent] [attempted=11] [max=10]"
                    )
            )
            #expect(calls.value == 10)
        }
    }

    @Test("Children that cannot be fail the parent with what is wrong and where", arguments: Store.allCases)
    func impossibleChildren(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let basics = try Basics(executor)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (which: Int, _) in
                let children = [
                    ChildTask("nobody", 1),
                    basics.add1.child(1, options: .init(timeoutMs: 0)),
                    ChildTask("add1", Double.infinity),
                ]
                return Spawn(children: [basics.add1.child(0), children[which]])
            }
            let unknown = try await executor.enqueue(parent, 0).wait()
            #expect(unknown.error == .notFound("Child task not found [taskId=nobody] [index=1]"))
            #expect(unknown.children == [])
            let options = try await executor.enqueue(parent, 1).wait()
            #expect(
                options.error?.message.hasPrefix(
                    "Child task refused [taskId=add1] [index=1]: Invalid timeout value for task add1"
                ) == true
            )
            let input = try await executor.enqueue(parent, 2).wait()
            #expect(
                input.error?.message.hasPrefix(
                    "Child task refused [taskId=add1] [index=1]: its input cannot be encoded"
                ) == true
            )
        }
    }

    @Test("Cancelling a parent cancels its children, and theirs", arguments: Store.allCases)
    func cancelled(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let started = Tally()
            let stopped = Tally()
            let slow = try executor.task("slow", timeout: .seconds(60)) {
                started.increment()
                do { try await Task.sleep(for: .seconds(60)) } catch { stopped.increment() }
            }
            let middle = try executor.parentTask("middle", timeout: .seconds(5)) { _ in Spawn(children: [slow.child()])
            }
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: [middle.child(), slow.child()])
            }
            let handle = try await executor.enqueue(parent)
            try await started.reach(2)
            let execution = try await handle.cancel()
            #expect(execution.status == .cancelled)
            #expect(execution.children.map(\.taskID) == ["middle", "slow"])
            try await stopped.reach(2)
            let child = try await executor.handle(for: middle, execution.children[0].executionID).wait()
            #expect(child.status == .cancelled)
            #expect(child.parent == ExecutionReference(taskID: "parent", executionID: handle.id))
        }
    }

    @Test("A task knows whose child it is and of what all descends")
    func context() async throws {
        try await withRunningExecutor { executor in
            let leaf = try executor.task("leaf", timeout: .seconds(5)) { (context: RunContext) in
                [context.root, context.parent].map { $0?.taskID.rawValue }
            }
            let middle = try executor.parentTask("middle", timeout: .seconds(5)) { _ in
                Spawn(children: [leaf.child()])
            } finalize: { results in
                try results.outputs(of: leaf)[0]
            }
            let top = try executor.parentTask("top", timeout: .seconds(5)) { context in
                Spawn(output: context.root == nil && context.parent == nil, children: [middle.child()])
            }
            let execution = try await executor.enqueue(top).wait()
            #expect(execution.root == nil)
            #expect(execution.parent == nil)
            let results = try #require(execution.output)
            #expect(results.output)
            let seen = try results.outputs(of: middle)
            #expect(seen == [["top", "middle"]])
            let child = try await executor.handle(for: middle, execution.children[0].executionID).execution()
            #expect(child.root == ExecutionReference(taskID: "top", executionID: execution.id))
            #expect(child.indexInParent == 0)
            #expect(child.finalize?.taskID == "middle_finalize")
        }
    }

    @Test("A name that the finalize closure needs for itself and that is taken leaves nothing registered")
    func registration() throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        _ = try executor.task("parent_finalize", timeout: .seconds(5)) {}
        #expect(throws: InvalidTask("Task with given id already exists [taskId=parent_finalize]")) {
            try executor.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: [])
            } finalize: { _ in
                1
            }
        }
        #expect(throws: Never.self) { try executor.task("parent", timeout: .seconds(5)) {} }
    }
}

/// A type whose decoding is a check: what a validating schema is elsewhere.
struct Percentage: Codable, Sendable, Equatable {
    let value: Int

    init(value: Int) { self.value = value }

    init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(Int.self)
        guard (0...100).contains(value) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(value) is no percentage")
            )
        }
    }

    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
