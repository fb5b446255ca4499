import DurableWorker
import Synchronization
import Testing

@Suite("Alarm", .timeLimit(.minutes(1)))
struct AlarmTests {
    @Test("goes off at each deadline, the soonest first, and not in between")
    func goesOff() async {
        let clock = ContinuousClock()
        let start = clock.now
        let deadlines = [300, 100, 200].map { start + .milliseconds($0) }
        let alarm = Alarm()
        let (calls, reached) = await withTaskGroup(of: Void.self) { group in
            let (stream, continuation) = AsyncStream<ContinuousClock.Instant>.makeStream()
            group.addTask {
                await alarm.run { now in
                    continuation.yield(now)
                    return deadlines.filter { $0 > now }.min()
                }
            }
            for deadline in deadlines { alarm.expect(deadline) }
            var calls = 0
            var reached: [Int] = []
            for await now in stream {
                calls += 1
                let due = deadlines.filter { $0 <= now }.count
                if due > reached.last ?? 0 { reached.append(due) }
                if due == deadlines.count { break }
            }
            group.cancelAll()
            return (calls, reached)
        }
        #expect(reached == reached.sorted() && reached.last == 3)
        // Once for each deadline, and once for each time that a sooner one was expected: an alarm that wakes itself is a
        // worker that burns a core while it waits.
        #expect(calls <= 6)
    }

    @Test("goes off however near the deadlines are")
    func near() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let (done, continuation) = AsyncStream<Void>.makeStream()
                    let alarm = Alarm()
                    alarm.expect(.now)
                    let running = Task {
                        var calls = 0
                        await alarm.run { now in
                            calls += 1
                            if calls == 2000 { continuation.finish() }
                            return now
                        }
                    }
                    for await _ in done {}
                    running.cancel()
                    await running.value
                }
            }
        }
    }
}
