import DurableCore

/// What is left to chance.
extension Simulation {
    /// A name that no sleeper has, perhaps one that a wake-up is kept for.
    func nameForSleeper() -> Payload {
        if random.oneIn(2), let kept = world.keptNames.keys.filter({ !usedNames.contains($0) }).min() {
            usedNames.insert(kept)
            return Payload(json: "\"\(kept)\"")
        }
        names += 1
        return Payload(json: "\"s\(names)\"")
    }

    func outcome(for lease: Lease) -> Outcome {
        switch random.below(20) {
        case ..<3: .failed(.retryable("boom"))
        case ..<5: .failed(.nonRetryable("no"))
        case 5: .failed(.timedOut)
        default: goodOutcome(for: lease)
        }
    }

    func goodOutcome(for lease: Lease) -> Outcome {
        switch lease.taskID {
        case "namer":
            names += 1
            // A name that is taken, or none at all, ends the sequence.
            let name = random.oneIn(6) ? max(1, names - 3) : names
            return .completed(Payload(json: random.oneIn(10) ? "7" : "\"s\(name)\""))
        case "iteration":
            let answers = [#"{"isDone":false}"#, #"{"isDone":false}"#, #"{"isDone":true,"output":3}"#, "null"]
            return .completed(Payload(json: answers[random.below(random.oneIn(4) ? 4 : 3)]))
        default:
            guard case .parent = lease.kind else { return .completed(Payload(json: "1")) }
            return .spawned(Payload(json: "1"), children: children(of: lease))
        }
    }

    private func children(of lease: Lease) -> [ChildRequest] {
        let depth = world.paths[lease.executionID]?.count ?? 1
        let isCrowded = world.unfinished.count > 50 || depth > 5
        let tasks = isCrowded ? [SimulatedTasks.plain] : SimulatedTasks.all
        var children: [ChildRequest] = []
        for _ in 0..<random.below(isCrowded ? 2 : 4) {
            let task = random.oneIn(4) ? SimulatedTasks.sleeper : tasks[random.below(tasks.count)]
            var options = EnqueueOptions()
            if random.oneIn(10) { options.expiresInMs = 50 + random.below(1000) }
            if random.oneIn(10) { options.sleepMsBeforeRun = 20 }
            let input = task.kind == .sleeping ? nameForSleeper() : Payload(json: "0")
            let taskID = random.oneIn(40) ? "nobody" : task.id
            children.append(ChildRequest(taskID: taskID, input: input, options: options))
        }
        return children
    }
}
