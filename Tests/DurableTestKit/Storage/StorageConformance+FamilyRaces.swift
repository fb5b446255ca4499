import DurableCore
import Testing

extension StorageConformance {
    static let familyRaceCases: [Case] = [
        Case("however many settle and tell at once, a parent is finalized once") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            for round in 1...15 {
                let children = Array(repeating: ChildRequest.plain(), count: 8)
                let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, children)
                let leases = try await subject.lease(worker, ["child"])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lease in leases {
                        group.addTask {
                            try await subject.settle(lease, .completed(Payload(json: "1")))
                            try await subject.tellFamilies()
                        }
                    }
                    for _ in 0..<3 { group.addTask { try await subject.tellFamilies() } }
                    try await group.waitForAll()
                }
                try await subject.tellFamilies()
                let parent = try await subject.execution(id)
                #expect(parent.status == .waitingForFinalize && parent.activeChildren == 0)
                let finalizes = try await subject.count(of: "finalize")
                #expect(finalizes == round)
                let finalize = try await subject.leaseOne(worker, of: "finalize")
                try await subject.settle(finalize, .completed(.undefined))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await subject.tellFamilies() } }
                    try await group.waitForAll()
                }
                let status = try await subject.status(id)
                #expect(status == .completed)
            }
        },
        Case("however many tell at once, a sequence goes on by one member at a time") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let members = Array(repeating: TaskDefinition.child, count: 10)
            let ids = try await subject.storage.insert(
                try (0..<4).map { _ in try NewExecution(of: .sequence(members), input: .undefined) }
            ).map(\.executionID)
            for step in 1...10 {
                let leases = try await subject.lease(worker, ["child"])
                #expect(leases.count == 4)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lease in leases {
                        group.addTask {
                            try await subject.settle(lease, .completed(Payload(json: "\(step)")))
                            try await subject.tellFamilies()
                        }
                    }
                    try await group.waitForAll()
                }
                try await subject.tellFamilies()
            }
            let sequences = try await subject.storage.executions(ids)
            for id in ids {
                #expect(sequences[id]?.status == .completed && sequences[id]?.output == Payload(json: "10"))
                #expect(sequences[id]?.children.count == 10)
            }
        },
        Case("cancelling races with the end of a family, and one of them wins throughout") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            for _ in 0..<15 {
                let id = try await subject.spawn(.parent(), by: worker, [.plain(), .plain("other"), .plain()])
                let leases = try await subject.lease(worker, ["child", "other"])
                async let cancelling = subject.storage.cancel([id])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lease in leases {
                        group.addTask {
                            try await subject.settle(lease, .completed(Payload(json: "1")))
                            try await subject.tellFamilies()
                        }
                    }
                    try await group.waitForAll()
                }
                let cancelled = try await cancelling
                try await subject.tellFamilies()
                let parent = try await subject.execution(id)
                #expect(parent.status == (cancelled.isEmpty ? .completed : .cancelled))
                let children = try await subject.storage.executions(parent.children.map(\.executionID))
                #expect(children.values.allSatisfy { $0.status.isFinished })
                if cancelled.isEmpty { #expect(children.values.allSatisfy { $0.status == .completed }) }
            }
        },
        Case("several failing children fail their parent once") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            for _ in 0..<10 {
                let task = TaskDefinition.parent(onChildFailure: .fail)
                let id = try await subject.spawn(task, by: worker, Array(repeating: .plain(), count: 6))
                let leases = try await subject.lease(worker, ["child"])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lease in leases {
                        group.addTask {
                            try await subject.settle(lease, .failed(.nonRetryable("no")))
                            try await subject.tellFamilies()
                        }
                    }
                    try await group.waitForAll()
                }
                try await subject.tellFamilies()
                let parent = try await subject.execution(id)
                #expect(parent.status == .failed)
                let children = try await subject.storage.executions(parent.children.map(\.executionID))
                #expect(children.values.allSatisfy { $0.status == .failed || $0.status == .cancelled })
                #expect(children.values.contains { parent.error?.message.contains("\($0.id)") == true })
            }
        },
    ]
}
