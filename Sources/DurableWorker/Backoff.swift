/// Waits longer each time: from 50 ms, doubling up to a second, with jitter.
struct Backoff {
    private var next = Duration.milliseconds(50)
    private(set) var isFirst = true

    private static let longest = Duration.seconds(1)

    /// Waits, at most until the current task is cancelled.
    mutating func wait() async {
        isFirst = false
        try? await Task.sleep(for: next * Double.random(in: 0.8...1.2))
        next = min(next * 2, Self.longest)
    }

    mutating func reset() {
        self = Backoff()
    }
}
