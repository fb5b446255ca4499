/// Asks whether a process is ready: once for all who ask at a time, and not more than once a second, so that probes
/// cannot load what they look at.
actor ReadinessProbe {
    private let check: @Sendable () async -> Readiness
    private let clock = ContinuousClock()
    private var answer: (readiness: Readiness, at: ContinuousClock.Instant)?
    private var asking: Task<Readiness, Never>?
    private var isDraining = false

    /// How long an answer is good for.
    private static let freshness = Duration.seconds(1)
    /// How long a check may take.
    private static let patience = Duration.seconds(5)

    init(check: @escaping @Sendable () async -> Readiness) {
        self.check = check
    }

    /// From now on the process is not ready, whatever the check says.
    func drain() { isDraining = true }

    func readiness() async -> Readiness {
        if isDraining { return .notReady(reason: "draining: the process is shutting down") }
        if let answer, answer.at.advanced(by: Self.freshness) > clock.now { return answer.readiness }
        let asking = asking ?? Task { [check] in await Self.ask(check) }
        self.asking = asking
        let readiness = await asking.value
        if self.asking == asking {
            self.asking = nil
            answer = (readiness, clock.now)
        }
        return isDraining ? .notReady(reason: "draining: the process is shutting down") : readiness
    }

    private static func ask(_ check: @escaping @Sendable () async -> Readiness) async -> Readiness {
        await withTaskGroup { group in
            group.addTask { await check() }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .notReady(reason: "the readiness check did not answer within \(patience)")
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .ready
        }
    }
}
