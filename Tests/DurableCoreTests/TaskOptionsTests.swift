import DurableCore
import Testing

@Suite("Task options")
struct TaskOptionsTests {
    @Test("the delay grows by the multiplier up to the longest")
    func delays() {
        let plain = RetryOptions(maxAttempts: 5)
        #expect(plain.delay(afterAttempt: 3, chance: 0) == 0)
        let constant = RetryOptions(maxAttempts: 5, baseDelayMs: 100)
        #expect(constant.delay(afterAttempt: 4, chance: 0) == 100)
        let growing = RetryOptions(maxAttempts: 5, baseDelayMs: 100, delayMultiplier: 1.5, maxDelayMs: 300)
        #expect((0..<5).map { growing.delay(afterAttempt: $0, chance: 0) } == [100, 150, 225, 300, 300])
        let shrinking = RetryOptions(maxAttempts: 5, baseDelayMs: 100, delayMultiplier: 0.1)
        #expect(shrinking.delay(afterAttempt: 1, chance: 0) == 10)
    }

    @Test("no accepted option can overflow a delay")
    func extremes() {
        let huge = RetryOptions(maxAttempts: 1000, baseDelayMs: 3_600_000, delayMultiplier: 10)
        #expect(huge.delay(afterAttempt: 1000, chance: 0) == .infinity)
        #expect(Timestamp(microseconds: 0).adding(milliseconds: .infinity) == .latest)
        #expect(Timestamp(microseconds: 0).adding(milliseconds: Double(TaskOptions.largestInteger)) == .latest)
        let tiny = RetryOptions(maxAttempts: 1000, baseDelayMs: 1, delayMultiplier: 0.1)
        #expect(tiny.delay(afterAttempt: 1000, chance: 0) == 0)
    }

    @Test("jitter takes off no more than its share")
    func jitter() {
        let options = RetryOptions(maxAttempts: 1, baseDelayMs: 1000, jitter: 0.2)
        #expect(options.delay(afterAttempt: 0, chance: 0) == 1000)
        #expect(options.delay(afterAttempt: 0, chance: 1) == 800)
    }

    @Test(
        "values out of range are refused with the field's name",
        arguments: [
            (RetryOptions(maxAttempts: -1), "maxAttempts"), (RetryOptions(maxAttempts: 1001), "maxAttempts"),
            (RetryOptions(maxAttempts: 1, baseDelayMs: -1), "baseDelayMs"),
            (RetryOptions(maxAttempts: 1, baseDelayMs: 3_600_001), "baseDelayMs"),
            (RetryOptions(maxAttempts: 1, delayMultiplier: 0.09), "delayMultiplier"),
            (RetryOptions(maxAttempts: 1, delayMultiplier: 10.1), "delayMultiplier"),
            (RetryOptions(maxAttempts: 1, delayMultiplier: .nan), "delayMultiplier"),
            (RetryOptions(maxAttempts: 1, maxDelayMs: 86_400_001), "maxDelayMs"),
            (RetryOptions(maxAttempts: 1, baseDelayMs: 2, maxDelayMs: 1), "maxDelayMs"),
            (RetryOptions(maxAttempts: 1, jitter: 1.1), "jitter"),
        ]
    )
    func retryOptionsOutOfRange(_ options: RetryOptions, _ field: String) throws {
        let error = try #require(throws: InvalidTask.self) { try options.validate(for: "add1") }
        #expect(error.message.hasPrefix("Invalid retry options for task add1: \(field) "))
    }

    @Test("timeouts and sleeps out of range are refused")
    func timesOutOfRange() throws {
        for timeout in [0, -5, TaskOptions.largestInteger + 1] {
            let error = try #require(throws: InvalidTask.self) {
                try TaskOptions(timeoutMs: timeout).validate(for: "add1")
            }
            #expect(error.message.hasPrefix("Invalid timeout value for task add1: "))
        }
        for sleep in [-0.5, .infinity, .nan] {
            let error = try #require(throws: InvalidTask.self) {
                try TaskOptions(timeoutMs: 1, sleepMsBeforeRun: sleep).validate(for: "add1")
            }
            #expect(error.message.hasPrefix("Invalid sleep ms before run for task add1: "))
        }
        try TaskOptions(timeoutMs: TaskOptions.largestInteger, sleepMsBeforeRun: 0.25).validate(for: "add1")
    }

    @Test("an override replaces retry options as a whole and leaves what it does not name")
    func overrides() {
        let task = TaskOptions(
            timeoutMs: 5000,
            retryOptions: RetryOptions(maxAttempts: 3, baseDelayMs: 10),
            sleepMsBeforeRun: 7
        )
        #expect(task.overridden(by: EnqueueOptions()) == task)
        let options = task.overridden(by: EnqueueOptions(retryOptions: RetryOptions(maxAttempts: 1), timeoutMs: 9))
        #expect(options == TaskOptions(timeoutMs: 9, retryOptions: RetryOptions(maxAttempts: 1), sleepMsBeforeRun: 7))
    }

    @Test("idempotency keys have 1 to 255 bytes")
    func idempotencyKeys() throws {
        try EnqueueOptions(idempotencyKey: String(repeating: "k", count: 255)).validate(for: "add1")
        for key in ["", String(repeating: "k", count: 256), String(repeating: "é", count: 128), "a\0b"] {
            #expect(throws: InvalidTask.self) { try EnqueueOptions(idempotencyKey: key).validate(for: "add1") }
        }
    }
}
