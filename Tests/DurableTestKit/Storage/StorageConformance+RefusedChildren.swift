import DurableCore
import Testing

extension StorageConformance {
    static let refusedChildrenCases: [Case] = [
        Case("a child that cannot be fails its parent, which names it, and nothing of its kind is stored") { subject in
            let worker = try await subject.worker()
            let children: [(ChildRequest, String)] = [
                (.plain("unheard_of"), "Child task not found [taskId=unheard_of] [index=1]"),
                (
                    .plain(options: EnqueueOptions(timeoutMs: 0)),
                    "Child task refused [taskId=child] [index=1]: Invalid timeout value for task child: "
                ),
                (
                    .plain(options: EnqueueOptions(priority: 101)),
                    "Child task refused [taskId=child] [index=1]: Invalid priority for task child: "
                ),
                (
                    .plain("sleeper", input: "7"),
                    "Child task refused [taskId=sleeper] [index=1]: Input must be a unique id string for sleeping task"
                ),
            ]
            for (child, message) in children {
                let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [.plain(), child])
                let parent = try await subject.execution(id)
                #expect(parent.status == .failed && parent.children.isEmpty && parent.activeChildren == 0)
                #expect(parent.error?.message.hasPrefix(message) == true, "\(parent.error?.message ?? "")")
                #expect(parent.error?.isRetryable == false)
            }
            let all = try await subject.storage.list(ExecutionQuery())
            #expect(all.allSatisfy { $0.taskID == "parent" })
        },
        Case("a parent has as many children as are allowed, and not one more") { subject in
            let worker = try await subject.worker()
            let children = Array(repeating: ChildRequest.plain(), count: 3)
            for (limit, status) in [(3, ExecutionStatus.waitingForChildren), (2, .failed)] {
                let id = try await subject.enqueue(.parent())
                let lease = try await subject.leaseOne(worker, of: "parent")
                try await subject.settle(
                    lease,
                    .spawned(.undefined, children: children),
                    tasks: [.child],
                    maxChildren: limit
                )
                let parent = try await subject.execution(id)
                #expect(parent.status == status)
                if status == .failed {
                    let message =
                        "Parent task tried to spawn more than max children tasks "
                        + "[taskId=parent] [attempted=3] [max=2]"
                    #expect(parent.error == .nonRetryable(message))
                }
            }
            let stored = try await subject.count(of: "child")
            #expect(stored == 3)
        },
        Case("a child that sleeps under a taken name fails its parent and leaves nothing behind") { subject in
            let worker = try await subject.worker()
            let message =
                "Child task refused [taskId=sleeper] [index=1]: The unique id is taken by another sleeping task execution"
            let twice: [ChildRequest] = [.plain("sleeper", input: #""a""#), .plain("sleeper", input: #""a""#)]
            let first = try await subject.spawn(.parent(), by: worker, twice)
            let failed = try await subject.execution(first)
            #expect(failed.status == .failed && failed.error == .nonRetryable(message))
            let none = try await subject.count(of: "sleeper")
            #expect(none == 0)

            let holder = try await subject.enqueue(.sleeper, input: #""a""#)
            let taken: [ChildRequest] = [.plain("sleeper", input: #""b""#), .plain("sleeper", input: #""a""#)]
            let second = try await subject.spawn(.parent(), by: worker, taken)
            let refused = try await subject.execution(second)
            #expect(refused.status == .failed && refused.error == .nonRetryable(message))
            let sleepers = try await subject.storage.list(ExecutionQuery(taskID: "sleeper"))
            #expect(sleepers.map(\.id) == [holder])
            // Not even the name of the child before it stays taken.
            let reused = try await subject.enqueue(.sleeper, input: #""b""#)
            let status = try await subject.status(reused)
            #expect(status == .running)
        },
        Case("a refused child does not take other settlements of the batch with it") { subject in
            let worker = try await subject.worker()
            _ = try await subject.enqueue(.sleeper, input: #""taken""#)
            let refused = try await subject.enqueue(.parent("refused"))
            let accepted = try await subject.enqueue(.parent("accepted"))
            let plain = try await subject.enqueue()
            let circumstances = ExecutionStateMachine.Circumstances(tasks: ["child": .child, "sleeper": .sleeper])
            let outcomes: [TaskID: Outcome] = [
                "refused": .spawned(.undefined, children: [.plain(), .plain("sleeper", input: #""taken""#)]),
                "accepted": .spawned(.undefined, children: [.plain(), .plain("sleeper", input: #""free""#)]),
                "add1": .completed(Payload(json: "1")),
            ]
            let leases = try await subject.lease(worker, ["refused", "accepted", "add1"])
            let settlements = leases.map { lease in
                ExecutionStateMachine.settlement(
                    of: lease,
                    outcomes[lease.taskID] ?? .completed(.undefined),
                    circumstances
                )
            }
            let held = try await subject.storage.settle(settlements)
            #expect(held.count == 3)
            let executions = try await subject.storage.executions([refused, accepted, plain])
            #expect(executions[refused]?.status == .failed)
            #expect(executions[accepted]?.status == .waitingForChildren)
            #expect(executions[plain]?.status == .completed)
            let children = try await subject.count(of: "child")
            #expect(children == 1)
        },
        Case("a sequence among the children that begins with a sleeper of a taken name is refused as a whole") {
            subject in
            let worker = try await subject.worker()
            _ = try await subject.enqueue(.sleeper, input: #""taken""#)
            let id = try await subject.enqueue(.parent())
            let sequence = TaskDefinition.sequence([.sleeper, .child])
            let children: [ChildRequest] = [.plain(), .plain("sequence", input: #""taken""#)]
            try await subject.attempt(
                "parent",
                by: worker,
                .spawned(.undefined, children: children),
                tasks: [.child, sequence]
            )
            let parent = try await subject.execution(id)
            #expect(parent.status == .failed)
            #expect(parent.error?.message.hasPrefix("Child task refused [taskId=sequence] [index=1]: ") == true)
            let stored = try await subject.count(of: "child")
            #expect(stored == 0)
        },
    ]
}
