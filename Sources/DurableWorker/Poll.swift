/// How long an idle worker waits before it looks for work by itself: longer each time nothing was there.
struct Poll {
    private let longest: Duration
    private var next = Self.shortest

    private static let shortest = Duration.milliseconds(100)

    init(longest: Duration) {
        self.longest = longest
    }

    /// - Parameter nextDueMs: When the next execution is known to become due.
    mutating func next(nextDueMs: Double?) -> Duration {
        let wait = next * Double.random(in: 0.8...1.2)
        next = min(next * 3 / 2, longest)
        guard let nextDueMs, nextDueMs < wait / .milliseconds(1) else { return wait }
        // Rounded up, so that it is due when we look.
        return .milliseconds(Int(nextDueMs.rounded(.up)) + 1)
    }

    mutating func reset() {
        next = Self.shortest
    }
}

extension Duration {
    /// The time of a timeout option; more than ten years is as good as for ever, and a clock cannot overflow.
    static func timeout(milliseconds: Int) -> Duration {
        .milliseconds(min(milliseconds, 10 * 365 * 86_400_000))
    }
}
