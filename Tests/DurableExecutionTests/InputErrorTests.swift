import DurableExecution
import Testing

@Suite("What is said of an input that does not fit", .timeLimit(.minutes(1)))
struct InputErrorTests {
    struct Trip: Codable, Sendable {
        struct Leg: Codable, Sendable {
            var stops: [Stop]
        }

        struct Stop: Codable, Sendable {
            var km: Int
        }

        var x: Int
        var legs: [Leg]
        var tags: [String: [Int]]?
    }

    @Test(
        "It says where in the input the mistake is, and what was expected there",
        arguments: [
            ("5", "Expected an object, found a number"),
            ("{}", "Missing x"),
            (#"{"x":"1","legs":[]}"#, "x: Expected an integer, found a string"),
            (#"{"x":1,"legs":{}}"#, "legs: Expected an array, found an object"),
            (#"{"x":1,"legs":[{}]}"#, "legs[0]: Missing stops"),
            (
                #"{"x":1,"legs":[{"stops":[]},{"stops":[{"km":1},{"km":true}]}]}"#,
                "legs[1].stops[1].km: Expected an integer, found a boolean"
            ),
            (#"{"x":1,"legs":[],"tags":{"k":[1,null]}}"#, "tags.k[1]: Expected an integer, found nothing"),
            // Of several mistakes the first one is told.
            (#"{"x":"1","legs":5}"#, "x: Expected an integer, found a string"),
        ]
    )
    func places(_ input: String, _ problem: String) async throws {
        let storage = InMemoryStorage()
        let executor = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        let task = try executor.task("test", timeout: .seconds(5)) { (trip: Trip) in trip.x }
        let insertions = try await storage.insert([
            NewExecution(taskID: "test", input: Payload(json: input), options: task.options)
        ])
        let execution = try await run(executor) {
            try await executor.handle(for: task, insertions[0].executionID).wait()
        }
        #expect(execution.status == .failed)
        #expect(execution.error == .nonRetryable("Invalid input to task test: \(problem)"))
    }
}
