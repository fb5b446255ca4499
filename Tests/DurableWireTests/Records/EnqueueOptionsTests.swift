import DurableCore
import DurableWire
import Testing

@Suite("Options of an enqueueing")
struct EnqueueOptionsTests {
    private func read(_ text: String) throws -> EnqueueOptions {
        try EnqueueOptions(try JSON(parsing: Array(text.utf8)), for: "add1")
    }

    @Test("All options are read, and written again")
    func all() throws {
        let text =
            #"{"retryOptions":{"maxAttempts":3,"baseDelayMs":1000,"delayMultiplier":1.5,"maxDelayMs":30000,"jitter":0.2},"#
            + #""sleepMsBeforeRun":50.5,"timeoutMs":1234,"idempotencyKey":"k","priority":-7,"expiresInMs":60000}"#
        let options = try read(text)
        #expect(
            options
                == EnqueueOptions(
                    retryOptions: RetryOptions(
                        maxAttempts: 3,
                        baseDelayMs: 1000,
                        delayMultiplier: 1.5,
                        maxDelayMs: 30000,
                        jitter: 0.2
                    ),
                    sleepMsBeforeRun: 50.5,
                    timeoutMs: 1234,
                    idempotencyKey: "k",
                    priority: -7,
                    expiresInMs: 60_000
                )
        )
        #expect(options.json.map { String(decoding: $0.encode(), as: UTF8.self) } == text)
    }

    @Test(
        "null is absent, other members mean nothing, and what is no object is no options",
        arguments: [
            "null", "5", #""x""#, "[]", "true", "{}", #"{"unknown":1}"#,
            #"{"retryOptions":null,"sleepMsBeforeRun":null,"timeoutMs":null,"idempotencyKey":null}"#,
            #"{"priority":null,"expiresInMs":null}"#,
        ]
    )
    func none(_ text: String) throws {
        let options = try read(text)
        #expect(options == EnqueueOptions())
        #expect(options.json == nil)
        let absent = try EnqueueOptions(nil, for: "add1")
        #expect(absent == EnqueueOptions())
    }

    @Test("Retry options leave out what they leave out, null included")
    func retryOptions() throws {
        let options = try read(#"{"retryOptions":{"maxAttempts":1,"baseDelayMs":null,"unknown":[]}}"#)
        #expect(options.retryOptions == RetryOptions(maxAttempts: 1))
    }

    @Test(
        "Every limit is within the limits",
        arguments: [
            #"{"timeoutMs":1}"#, #"{"timeoutMs":9007199254740991}"#, #"{"timeoutMs":1.0}"#, #"{"timeoutMs":1e3}"#,
            #"{"sleepMsBeforeRun":0}"#, #"{"sleepMsBeforeRun":-0}"#, #"{"sleepMsBeforeRun":0.5}"#,
            #"{"sleepMsBeforeRun":1e308}"#,
            #"{"priority":-100}"#, #"{"priority":100}"#, #"{"expiresInMs":1}"#, #"{"expiresInMs":9007199254740991}"#,
            #"{"retryOptions":{"maxAttempts":0}}"#, #"{"retryOptions":{"maxAttempts":1000}}"#,
            #"{"retryOptions":{"maxAttempts":0,"baseDelayMs":3600000,"maxDelayMs":86400000,"delayMultiplier":10}}"#,
            #"{"retryOptions":{"maxAttempts":0,"baseDelayMs":5,"maxDelayMs":5,"delayMultiplier":0.1}}"#,
        ]
    )
    func extremes(_ text: String) {
        #expect(throws: Never.self) { try read(text) }
    }

    @Test(
        "A timeout that is none is refused, naming task, expectation and what came",
        arguments: ["0", "-1", "1.5", #""abc""#, "9007199254740992", "1e400", "true", "[]", "{}"]
    )
    func timeout(_ value: String) {
        expectRefusal(
            #"{"timeoutMs":\#(value)}"#,
            "Invalid timeout value for task add1: expected an integer from 1 to "
        )
    }

    @Test("A sleep that is none is refused", arguments: ["-1", "-0.5", #""x""#, "1e400", "false", "{}"])
    func sleep(_ value: String) {
        expectRefusal(
            #"{"sleepMsBeforeRun":\#(value)}"#,
            "Invalid sleep ms before run for task add1: expected a number of at least 0"
        )
    }

    @Test(
        "Retry options that are none are refused",
        arguments: [
            "5", #""x""#, "[]", "{}", #"{"maxAttempts":null}"#, #"{"maxAttempts":-1}"#, #"{"maxAttempts":1001}"#,
            #"{"maxAttempts":1.5}"#, #"{"maxAttempts":"3"}"#, #"{"maxAttempts":0,"baseDelayMs":-1}"#,
            #"{"maxAttempts":0,"baseDelayMs":3600001}"#, #"{"maxAttempts":0,"baseDelayMs":0.5}"#,
            #"{"maxAttempts":0,"delayMultiplier":0.09}"#, #"{"maxAttempts":0,"delayMultiplier":10.1}"#,
            #"{"maxAttempts":0,"delayMultiplier":"2"}"#, #"{"maxAttempts":0,"maxDelayMs":86400001}"#,
            #"{"maxAttempts":0,"maxDelayMs":-1}"#, #"{"maxAttempts":0,"baseDelayMs":6,"maxDelayMs":5}"#,
        ]
    )
    func retry(_ value: String) {
        expectRefusal(#"{"retryOptions":\#(value)}"#, "Invalid retry options for task add1: ")
    }

    @Test("A priority that is none is refused", arguments: ["-101", "101", "0.5", #""1""#, "1e400", "true", "{}"])
    func priority(_ value: String) {
        expectRefusal(
            #"{"priority":\#(value)}"#,
            "Invalid priority for task add1: expected an integer from -100 to 100, got "
        )
    }

    @Test("An overall time that is none is refused", arguments: ["0", "-1", "1.5", #""x""#, "9007199254740992", "[]"])
    func expiry(_ value: String) {
        expectRefusal(
            #"{"expiresInMs":\#(value)}"#,
            "Invalid expires in ms for task add1: expected an integer from 1 to 9007199254740991, got "
        )
    }

    @Test("An idempotency key that cannot be kept is refused", arguments: [#""""#, "5", #""a\u0000b""#])
    func idempotencyKey(_ value: String) {
        expectRefusal(#"{"idempotencyKey":\#(value)}"#, "Invalid idempotency key for task add1: ")
    }

    @Test("Messages show what came, but not all of it")
    func messages() {
        #expect(
            message(#"{"timeoutMs":"abc"}"#)
                == #"Invalid timeout value for task add1: expected an integer from 1 to 9007199254740991, got "abc""#
        )
        #expect(
            message(#"{"retryOptions":{"maxAttempts":1.5}}"#)
                == "Invalid retry options for task add1: maxAttempts must be an integer from 0 to 1000, got 1.5"
        )
        #expect(
            message(#"{"retryOptions":{}}"#)
                == "Invalid retry options for task add1: maxAttempts is missing; it must be an integer from 0 to 1000"
        )
        let long = String(repeating: "9", count: 1000)
        #expect(message("{\"timeoutMs\":\(long)}")?.hasSuffix("got " + String(repeating: "9", count: 50) + "…") == true)
    }

    @Test("A NaN, which travels as an annotated null, is no number and not absent")
    func nan() throws {
        let body =
            #"{"json":{"options":{"timeoutMs":null,"sleepMsBeforeRun":null}},"meta":[[2,"options","timeoutMs"],[3,"options","sleepMsBeforeRun"]]}"#
        let options = try Envelope(Array(body.utf8)).value.members?["options"].json()
        let error = #expect(throws: InvalidTask.self) { try EnqueueOptions(options, for: "add1") }
        #expect(error?.message.hasSuffix("got NaN") == true)
    }

    private func message(_ text: String) -> String? {
        #expect(throws: InvalidTask.self) { try read(text) }?.message
    }

    private func expectRefusal(_ text: String, _ prefix: String) {
        let message = message(text)
        #expect(message?.hasPrefix(prefix) == true, "\(message ?? "")")
    }
}
