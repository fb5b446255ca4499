import DurableCore
import Testing

extension StorageConformance {
    static let descentCases: [Case] = [
        Case("cancelling reaches the whole subtree: what runs, what is ready, what waits, what sleeps") { subject in
            let worker = try await subject.worker()
            let sequence = TaskDefinition.sequence([.other, .child])
            let nested = TaskDefinition.parent("nested")
            let id = try await subject.enqueue(.parent())
            let requests: [ChildRequest] = [
                .plain(), .plain("nested"), .plain("sequence"), .plain("sleeper", input: #""a""#),
            ]
            let tasks: [TaskDefinition] = [.child, .other, .sleeper, nested, sequence]
            try await subject.attempt("parent", by: worker, .spawned(.undefined, children: requests), tasks: tasks)
            try await subject.attempt(
                "nested",
                by: worker,
                .spawned(.undefined, children: [.plain("other"), .plain("other")]),
                tasks: tasks
            )
            let running = try await subject.leaseOne(worker, of: "child")
            let cancelled = try await subject.storage.cancel([id])
            #expect(cancelled == [id])
            try await subject.tellFamilies()

            let parent = try await subject.execution(id)
            #expect(parent.status == .cancelled && parent.error == .cancelled)
            for child in parent.children {
                let execution = try await subject.execution(child.executionID)
                #expect(execution.status == .cancelled, "\(child.taskID)")
                #expect(execution.error == .parentFailed(parent.reference, .cancelled))
                for grandchild in execution.children {
                    let status = try await subject.status(grandchild.executionID)
                    #expect(status == .cancelled, "\(grandchild.taskID)")
                }
            }
            let unfinished = try await subject.storage.list(
                ExecutionQuery(statuses: [.ready, .running, .waitingForChildren, .waitingForFinalize])
            )
            #expect(unfinished.isEmpty)
            let renewal = try await subject.storage.renew(worker, holding: [running.id])
            #expect(renewal?.lost == [running.id])
            let late = try await subject.settle(running, .completed(.undefined))
            #expect(!late)
            let woken = try await subject.wake("a")
            #expect(woken == .wasFinished(parent.children[3]))
        },
        Case("cancelling a parent that waits for its finalize execution cancels that, however deep") { subject in
            let worker = try await subject.worker()
            let task = TaskDefinition.parent(finalize: .parent("second", finalize: .finalize))
            let id = try await subject.spawn(task, by: worker, [.plain()])
            try await subject.attempt("child", by: worker)
            try await subject.attempt("second", by: worker, .spawned(.undefined, children: []))
            let running = try await subject.leaseOne(worker, of: "finalize")
            _ = try await subject.storage.cancel([id])
            try await subject.tellFamilies()
            let parent = try await subject.execution(id)
            #expect(parent.status == .cancelled)
            let child = try await subject.status(try #require(parent.children.first).executionID)
            #expect(child == .completed)
            let second = try await subject.execution(try #require(parent.finalize).executionID)
            #expect(second.status == .cancelled)
            let finalize = try await subject.status(running.executionID)
            #expect(finalize == .cancelled)
        },
        Case("a sequence in the middle of its members is cancelled with the member") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .other]))
            try await subject.attempt("child", by: worker)
            _ = try await subject.storage.cancel([id])
            try await subject.tellFamilies()
            let sequence = try await subject.execution(id)
            #expect(sequence.status == .cancelled && sequence.children.count == 2)
            let members = try await subject.storage.executions(sequence.children.map(\.executionID))
            #expect(members[sequence.children[0].executionID]?.status == .completed)
            #expect(members[sequence.children[1].executionID]?.status == .cancelled)
        },
        Case("a wide parent is cancelled in bounded passes") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, Array(repeating: .plain(), count: 25))
            _ = try await subject.storage.cancel([id])
            var passes = 0
            var progress: Progress
            repeat {
                progress = try await subject.storage.advance(limit: 4)
                passes += 1
            } while (progress.count > 0 || progress.isMore) && passes < 100
            #expect((2..<100).contains(passes))
            let children = try await subject.storage.executions(
                try await subject.execution(id).children.map(\.executionID)
            )
            #expect(children.count == 25 && children.values.allSatisfy { $0.status == .cancelled })
        },
        Case("a wide child that is cancelled is told to its parent once, however many passes its own children take") {
            subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.parent())
            let nested = TaskDefinition.parent("nested")
            let requests: [ChildRequest] = [.plain("nested"), .plain("other"), .plain("other"), .plain("other")]
            try await subject.attempt(
                "parent",
                by: worker,
                .spawned(.undefined, children: requests),
                tasks: [nested, .other]
            )
            let many = Array(repeating: ChildRequest.plain(), count: 10)
            try await subject.attempt("nested", by: worker, .spawned(.undefined, children: many), tasks: [.child])
            let wide = try #require(try await subject.execution(id).children.first)
            _ = try await subject.storage.cancel([wide.executionID])
            for _ in 0..<30 { _ = try await subject.storage.advance(limit: 3) }
            let parent = try await subject.execution(id)
            #expect(parent.status == .waitingForChildren && parent.activeChildren == 3)
            let grandchildren = try await subject.storage.list(ExecutionQuery(taskID: "child"))
            #expect(grandchildren.count == 10 && grandchildren.allSatisfy { $0.status == .cancelled })
            for _ in 0..<3 { try await subject.attempt("other", by: worker) }
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("what has relatives to be told is known to whoever renews, until it has been told") { subject in
            let worker = try await subject.worker()
            _ = try await subject.spawn(.parent(), by: worker, [.plain()])
            let before = try await subject.storage.renew(worker, holding: [])
            #expect(before?.isUpkeepDue == false)
            try await subject.settle(try await subject.leaseOne(worker, of: "child"), .completed(.undefined))
            let after = try await subject.storage.renew(worker, holding: [])
            #expect(after?.isUpkeepDue == true)
            try await subject.tellFamilies()
            let told = try await subject.storage.renew(worker, holding: [])
            #expect(told?.isUpkeepDue == false)
            let progress = try await subject.storage.advance(limit: 10)
            #expect(progress.count == 0 && !progress.isMore)
        },
    ]
}
