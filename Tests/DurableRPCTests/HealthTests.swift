import DurableCore
import DurableRPC
import DurableTestKit
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Health and shutdown", .timeLimit(.minutes(1)))
struct HealthTests {
    @Test("a process that is not ready says why, and is alive")
    func notReady() async throws {
        try await RunningService.with(readiness: { .notReady(reason: "the database cannot be reached") }) { service in
            let ready = try await service.client.send("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.text == "not ready: the database cannot be reached\n")
            let alive = try await service.client.send("GET", "/healthz")
            #expect(alive.status == 200)
            #expect(alive.text == "alive\n")
        }
    }

    @Test("probes do not load what they look at")
    func coalesced() async throws {
        let asked = Mutex(0)
        try await RunningService.with(
            readiness: {
                asked.withLock { $0 += 1 }
                return .ready
            },
            { service in
                let start = ContinuousClock.now
                try await withThrowingTaskGroup { group in
                    for _ in 0..<50 {
                        group.addTask { try await service.client.send("GET", "/readyz").status }
                    }
                    for try await status in group { #expect(status == 200) }
                }
                let seconds = Int((ContinuousClock.now - start).components.seconds)
                #expect(asked.withLock { $0 } <= 1 + seconds)
            }
        )
    }

    @Test("on shutdown readiness says no first, and requests are still taken meanwhile")
    func draining() async throws {
        // Nothing waits it out: the test's end cancels the front end.
        try await RunningService.with(configure: { $0.drainDelay = .seconds(60) }, isCancelledAtEnd: true) { service in
            let ready = try await service.client.send("GET", "/readyz")
            #expect(ready.status == 200)
            await service.shutDown()
            try await eventually { try await service.client.send("GET", "/readyz").status == 503 }
            let draining = try await service.client.send("GET", "/readyz")
            #expect(draining.text == "not ready: draining: the process is shutting down\n")
            _ = try await service.client.enqueue()
        }
    }

    @Test("requests in flight are answered before the front end ends")
    func inFlight() async throws {
        try await RunningService.with { service in
            let gate = Gate()
            service.storage.hold(at: gate)
            async let reply = service.client.call("enqueueTask", #"{"json":{"taskId":"add1"}}"#)
            try await eventually { gate.waiting == 1 }
            await service.shutDown()
            // No more connections are taken: the shutdown has come to the listener.
            try await eventually {
                do {
                    return try await service.client.send("GET", "/healthz").status == 0
                } catch {
                    return true
                }
            }
            gate.open()
            let answered = try await reply
            #expect(answered.status == 200)
            #expect(answered.headers["connection"] == "close")
        }
    }

    @Test("a worker's health server knows nothing but health")
    func healthServer() async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = HealthServer(
            host: "127.0.0.1",
            port: 0,
            readiness: { .notReady(reason: "the claimer is stuck") },
            logger: RecordedLog().logger,
            onListening: { port.yield($0) }
        )
        let group = ServiceGroup(configuration: .init(services: [server], logger: RecordedLog().logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let client = Client(port: try #require(await iterator.next()))
            let alive = try await client.send("GET", "/healthz")
            #expect(alive.status == 200)
            let ready = try await client.send("GET", "/readyz")
            #expect(ready.text == "not ready: the claimer is stuck\n")
            let other = try await client.call("enqueueTask", "{}")
            #expect(other.text == RefusalTests.body("NOT_FOUND", 404, "Not Found"))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
