import DurableCore
import DurableWorker
import Testing

@Suite("When a worker looks for work, and from where")
struct LooksTests {
    private let start = ContinuousClock.now
    private let place = LeasePosition([
        LeasePosition.Queue(taskID: "task", priority: 0): LeasePosition.Place(
            startAt: Timestamp(microseconds: 1),
            executionID: .fresh(at: Timestamp(microseconds: 1))
        )
    ])

    private func lease() -> Lease {
        Lease(
            id: LeaseID(executionID: .fresh(at: Timestamp(microseconds: 1)), attempt: 1),
            taskID: "task",
            input: .undefined,
            options: TaskOptions(timeoutMs: 1000),
            retryAttempts: 0,
            leaseLosses: 0,
            previousError: nil,
            trace: nil,
            startedAt: Timestamp(microseconds: 1)
        )
    }

    /// Takes a look of so many milliseconds that brings so many of ten leases; returns whether it was a whole one.
    ///
    /// - Parameter leaves: Whether there is more in the queues, else as soon as it brings all ten.
    private func look(
        _ looks: inout Looks,
        at time: inout Duration,
        takes: Int = 1,
        brings count: Int,
        leaves hasMore: Bool? = nil
    ) -> Bool {
        let now = start + time
        let request = LeaseRequest(worker: .random(), tasks: ["task"], limit: 10, position: looks.position(at: now))
        time += .milliseconds(takes)
        let batch = LeaseBatch(
            leases: (0..<count).map { _ in lease() },
            nextDueMs: nil,
            hasMore: hasMore ?? (count == 10),
            position: place
        )
        looks.looked(request, from: now, to: start + time, batch)
        return request.position == nil
    }

    @Test("goes on from where it was while batches are full, and looks at everything from time to time")
    func backlog() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        var whole = 0
        for _ in 0..<1000 {
            if look(&looks, at: &time, brings: 10) { whole += 1 }
            #expect(looks.pause(at: start + time) == .zero)
        }
        #expect((10...100).contains(whole))
    }

    @Test("looks at everything at once when what it was going through has run dry")
    func runDry() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        _ = look(&looks, at: &time, brings: 10)
        let isWhole = look(&looks, at: &time, brings: 3)
        #expect(!isWhole && looks.pause(at: start + time) == .zero)
        let isWholeThen = look(&looks, at: &time, brings: 0)
        #expect(isWholeThen && looks.pause(at: start + time) > .zero)
    }

    @Test("looks at everything again and again while each time it takes all that is in the queues at hand")
    func emptied() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        for _ in 0..<100 {
            let isWhole = look(&looks, at: &time, brings: 10, leaves: false)
            #expect(isWhole && looks.pause(at: start + time) == .zero)
        }
    }

    @Test("looks at everything when what a share had kept back is taken, though no batch was full")
    func keptBack() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        _ = look(&looks, at: &time, brings: 8, leaves: true)
        let isWhole = look(&looks, at: &time, brings: 3, leaves: false)
        #expect(!isWhole && looks.pause(at: start + time) == .zero)
        let isWholeThen = look(&looks, at: &time, brings: 10)
        #expect(isWholeThen)
    }

    @Test("one look that was slow does not keep it from looking at everything soon")
    func hiccup() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        _ = look(&looks, at: &time, takes: 60_000, brings: 0)
        time += .seconds(1)
        let isWhole = look(&looks, at: &time, brings: 0)
        #expect(isWhole)
    }

    @Test("whole looks that take long may take a fifteenth of the time, however often queues run dry")
    func expensive() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        var whole = Duration.zero
        while time < .seconds(60) {
            let before = time
            let isWhole = looks.position(at: start + time) == nil
            _ = look(&looks, at: &time, takes: isWhole ? 200 : 1, brings: 0)
            if isWhole { whole += time - before }
            time += max(looks.pause(at: start + time), .milliseconds(1))
        }
        #expect(whole <= .seconds(5))
        #expect(whole >= .seconds(1))
    }

    @Test(
        "a straggler from before its place does not take it back there, a full batch of them does",
        arguments: [(1, 200), (10, 100)]
    )
    func straggler(_ count: Int, _ expected: Int64) {
        let queue = LeasePosition.Queue(taskID: "task", priority: 0)
        var looks = Looks(longestPoll: .seconds(2), at: start)
        for (ended, count) in [(200, 10), (100, count)] as [(Int64, Int)] {
            let place = LeasePosition.Place(
                startAt: Timestamp(microseconds: ended),
                executionID: .fresh(at: Timestamp(microseconds: 0))
            )
            let request = LeaseRequest(worker: .random(), tasks: ["task"], limit: 10)
            let batch = LeaseBatch(
                leases: (0..<count).map { _ in lease() },
                nextDueMs: nil,
                hasMore: count == 10,
                position: LeasePosition([queue: place])
            )
            looks.looked(request, from: start, to: start + .milliseconds(1), batch)
        }
        let next = looks.position(at: start + .milliseconds(2))
        #expect(next?.places[queue]?.startAt == Timestamp(microseconds: expected))
    }

    @Test("what it hears, it looks for at once; an idle worker looks less and less often")
    func idle() {
        var looks = Looks(longestPoll: .seconds(2), at: start)
        var time = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<20 {
            time += looks.pause(at: start + time)
            _ = look(&looks, at: &time, brings: 0)
            pauses.append(looks.pause(at: start + time))
        }
        #expect(pauses.last.map { $0 > .seconds(1) && $0 <= .seconds(2.4) } == true)
        looks.hear()
        #expect(looks.pause(at: start + time) == .zero)
    }
}
