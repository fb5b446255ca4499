import DurableCore
import Testing

extension StorageConformance {
    static let parentCases: [Case] = [
        Case("a parent completes with its output and its children's, in their order, annotations included") { subject in
            let worker = try await subject.worker()
            let output = Payload(json: Array(#"{"at":"2026"}"#.utf8), meta: Array(#"[[1,"at"]]"#.utf8))
            let id = try await subject.spawn(
                .parent(),
                by: worker,
                output: output,
                [.plain(), .plain("other"), .plain()]
            )
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 3)
            #expect(waiting.children.map(\.taskID) == ["child", "other", "child"])
            #expect(waiting.waitingForChildrenAt != nil && waiting.waitingForFinalizeAt == nil)
            #expect(waiting.finalize == nil && waiting.output == nil && waiting.finishedAt == nil)

            let children = waiting.children
            let leases = try await subject.leases(worker)
            let date = Payload(json: Array(#"["2027"]"#.utf8), meta: Array("[[1,0]]".utf8))
            let last = try #require(leases[children[2].executionID])
            try await subject.settle(last, .completed(date))
            try await subject.tellFamilies()
            let first = try #require(leases[children[0].executionID])
            try await subject.settle(first, .completed(.undefined))
            try await subject.tellFamilies()
            let active = try await subject.execution(id).activeChildren
            #expect(active == 1)
            let failing = try #require(leases[children[1].executionID])
            try await subject.settle(failing, .failed(.nonRetryable("no \"way\"\n")))
            try await subject.tellFamilies()

            let done = try await subject.execution(id)
            let parts = [
                #"{"output":{"at":"2026"},"children":["#,
                #"{"taskId":"child","executionId":"\#(children[0].executionID)","status":"completed"},"#,
                #"{"taskId":"other","executionId":"\#(children[1].executionID)","status":"failed","#,
                #""error":{"errorType":"generic","message":"no \"way\"\u000a","isRetryable":false,"isInternal":false}},"#,
                #"{"taskId":"child","executionId":"\#(children[2].executionID)","status":"completed","output":["2027"]}]}"#,
            ]
            #expect(done.status == .completed && done.activeChildren == 0 && done.error == nil)
            #expect(done.output?.json.map { String(decoding: $0, as: UTF8.self) } == parts.joined())
            let meta = #"[[1,"output","at"],[1,"children",2,"output",0]]"#
            #expect(done.output?.meta.map { String(decoding: $0, as: UTF8.self) } == meta)
            #expect(done.children == children && done.waitingForChildrenAt == waiting.waitingForChildrenAt)
        },
        Case("a parent without children completes at once") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, [])
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.isEmpty)
            #expect(done.output == Payload(json: #"{"output":1,"children":[]}"#))
        },
        Case("children know their root, their parent and their place, and take priority and trace from it") { subject in
            let worker = try await subject.worker()
            let trace = TraceContext(traceparent: "00-11-22-01")
            let task = TaskDefinition.parent()
            let options = EnqueueOptions(priority: 7)
            let id = try await subject.insert(
                NewExecution(of: task, input: .undefined, options: options, trace: trace)
            )
            let nested = TaskDefinition.parent("nested")
            let requests: [ChildRequest] = [.plain("nested"), .plain(options: EnqueueOptions(priority: -3))]
            try await subject.attempt(
                "parent",
                by: worker,
                .spawned(.undefined, children: requests),
                tasks: [nested, .child]
            )
            try await subject.attempt("nested", by: worker, .spawned(.undefined, children: [.plain()]), tasks: [.child])

            let root = ExecutionReference(taskID: "parent", executionID: id)
            let children = try await subject.execution(id).children
            let parent = try await subject.execution(children[0].executionID)
            #expect(
                parent.family
                    == Family(root: root, parent: root, parentAttempt: 1, role: .child(index: 0, isOnly: false))
            )
            #expect(parent.priority == 7)
            let sibling = try await subject.execution(children[1].executionID)
            #expect(sibling.family?.index == 1 && sibling.priority == -3)
            let grandchild = try #require(parent.children.first)
            let lease = try #require(try await subject.leases(worker)[grandchild.executionID])
            #expect(
                lease.family
                    == Family(
                        root: root,
                        parent: parent.reference,
                        parentAttempt: 1,
                        role: .child(index: 0, isOnly: true)
                    )
            )
            #expect(lease.trace == trace)
            let execution = try await subject.execution(grandchild.executionID)
            #expect(execution.priority == 7 && execution.family == lease.family)
            let found = try await subject.execution(id)
            #expect(found.family == nil)
        },
        Case("children have their own options: delays and retries") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let options = EnqueueOptions(
                retryOptions: RetryOptions(maxAttempts: 1),
                sleepMsBeforeRun: 60_000,
                timeoutMs: 77
            )
            let id = try await subject.spawn(.parent(), by: worker, [.plain(options: options)])
            let early = try await subject.lease(worker, ["child"])
            #expect(early.isEmpty)
            try await subject.advance(60_001)
            let lease = try await subject.attempt("child", by: worker, .failed(.retryable("boom")))
            #expect(lease.options.timeoutMs == 77)
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1)
            try await subject.advance(1)
            try await subject.attempt("child", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a parent's failing attempts are tried again before there are children") { subject in
            let worker = try await subject.worker()
            var task = TaskDefinition.parent()
            task.options.retryOptions = RetryOptions(maxAttempts: 1)
            let id = try await subject.enqueue(task)
            try await subject.attempt("parent", by: worker, .failed(.retryable("boom")))
            try await subject.advance(1)
            let lease = try await subject.attempt(
                "parent",
                by: worker,
                .spawned(.undefined, children: [.plain()]),
                tasks: [.child]
            )
            #expect(lease.previousError == .retryable("boom"))
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.error == nil)
            try await subject.attempt("child", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a stale lease brings no children") { subject in
            let lost = try await subject.worker()
            let id = try await subject.enqueue(.parent())
            let stale = try await subject.leaseOne(lost, of: "parent")
            try await subject.storage.retire(lost)
            _ = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
            let worker = try await subject.worker()
            let current = try await subject.leaseOne(worker, of: "parent")
            let late = try await subject.settle(stale, .spawned(.undefined, children: [.plain()]), tasks: [.child])
            #expect(!late)
            let none = try await subject.count(of: "child")
            #expect(none == 0)
            try await subject.settle(current, .spawned(.undefined, children: [.plain(), .plain()]), tasks: [.child])
            let children = try await subject.execution(id).children.count
            #expect(children == 2)
        },
        Case("under the policy fail a parent fails with its first failing child, and its other children are cancelled")
        {
            subject in
            let worker = try await subject.worker()
            let task = TaskDefinition.parent(finalize: .finalize, onChildFailure: .fail)
            let id = try await subject.spawn(task, by: worker, [.plain(), .plain("other"), .plain()])
            let children = try await subject.execution(id).children
            let running = try await subject.leaseOne(worker, of: "other")
            let leases = try await subject.leases(worker)
            let failing = try #require(leases[children[2].executionID])
            try await subject.settle(failing, .failed(.nonRetryable("no")))
            try await subject.tellFamilies()

            let parent = try await subject.execution(id)
            let message =
                "Child task failed [taskId=child] [executionId=\(children[2].executionID)] [index=2]: no"
            #expect(parent.status == .failed && parent.error == .nonRetryable(message))
            for child in children.prefix(2) {
                let sibling = try await subject.execution(child.executionID)
                #expect(sibling.status == .cancelled)
                #expect(sibling.error == .parentFailed(parent.reference, parent.error))
            }
            let late = try await subject.settle(running, .completed(.undefined))
            #expect(!late)
            let finalizes = try await subject.count(of: "finalize")
            #expect(finalizes == 0)
        },
        Case("a cancelled child is told to its parent like any that did not complete") { subject in
            let worker = try await subject.worker()
            for (policy, status) in [(ChildFailurePolicy.continue, ExecutionStatus.completed), (.fail, .failed)] {
                let id = try await subject.spawn(.parent(onChildFailure: policy), by: worker, [.plain(), .plain()])
                let children = try await subject.execution(id).children
                let cancelled = try await subject.storage.cancel([children[1].executionID])
                #expect(cancelled == [children[1].executionID])
                try await subject.tellFamilies()
                if policy == .continue {
                    let waiting = try await subject.status(id)
                    #expect(waiting == .waitingForChildren)
                    try await subject.attempt("child", by: worker)
                }
                let parent = try await subject.execution(id)
                #expect(parent.status == status)
                let text = parent.output?.json.map { String(decoding: $0, as: UTF8.self) } ?? ""
                #expect(
                    text.contains(#""status":"cancelled","error":{"errorType":"cancelled""#) == (policy == .continue)
                )
            }
        },
    ]
}
