/// Pauses between attempts to connect, in milliseconds: 50 at first, doubling up to a second, spread by a fifth.
struct Backoff {
    private var pause = 50

    mutating func next() -> Int {
        defer { pause = min(1000, pause * 2) }
        return Int.random(in: pause * 4 / 5...pause)
    }
}
