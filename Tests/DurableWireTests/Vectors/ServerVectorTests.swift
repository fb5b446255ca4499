import DurableCore
import DurableWire
import Testing

/// The requests that oRPC's client was recorded to send, answered by us.
@Suite("Recorded requests", .enabled(if: !Vector.all.isEmpty, "the recorded exchanges are not at hand"))
struct ServerVectorTests {
    /// Where we answer otherwise on purpose.
    private static let deviations: [String: String] = [
        "body.contentType.text/event-stream":
            "streams as inputs are refused with 400, instead of being read when iterated",
        "body.overflow": "numbers are carried as they are, instead of becoming null when they are beyond all doubles",
    ]

    private static let vectors = Vector.all.filter { vector in
        // Procedures below /rpc/raw are made to answer as no oRPC server does; the durable ones are the front end's.
        !vector.request.target.hasPrefix("/rpc/raw") && vector.group != "durable-latest" && vector.response != nil
    }

    @Test("The vectors are there, and as many as were recorded")
    func count() {
        #expect(Self.vectors.count == 189)
    }

    @Test("A recorded request is read and answered as by oRPC's server", arguments: vectors)
    func replay(_ vector: Vector) throws {
        let recorded = try #require(vector.response)
        let prefix = String(vector.request.target.prefix { $0 != "?" }.dropFirst().prefix { $0 != "/" })
        let table = try #require(RecordedProcedures.table["/" + prefix])
        guard let procedure = table[target: vector.request.target] else {
            // oRPC leaves these to the host, we answer with an oRPC error; either way it is a 404.
            #expect(recorded.status == 404)
            return
        }
        let (status, body) = try answer(vector, procedure)
        if Self.deviations[vector.id] != nil {
            #expect(status != recorded.status || body != recorded.body, "no longer a deviation")
            return
        }
        #expect(status == recorded.status)
        if vector.request.method == "HEAD" { return }
        if recorded.status >= 400 || (vector.isRealClient && vector.request.body == recorded.body) {
            #expect(String(decoding: body, as: UTF8.self) == String(decoding: recorded.body, as: UTF8.self))
        }
        let ours = try Envelope(body).value.payload
        let theirs = try Envelope(recorded.body).value.payload
        let (our, their) = (try JSValue(ours), try JSValue(theirs))
        #expect(our == their)
    }

    private func answer(
        _ vector: Vector,
        _ procedure: RecordedProcedures.Procedure
    ) throws -> (status: Int, body: [UInt8]) {
        do {
            if vector.request.target.hasPrefix("/limit"), vector.request.body.count > 100 {
                throw RPCError(.payloadTooLarge)
            }
            let allowsGET = ["/rpc/ping", "/rpc/getEcho", "/loose"].contains { vector.request.target.hasPrefix($0) }
            let input = try vector.request.input(allowingGET: allowsGET)
            if let seen = vector.handlerInput {
                let ours = try JSValue(input.payload)
                #expect(ours == seen)
            }
            return (200, Envelope.encode(try procedure(input, vector)))
        } catch let error as RPCError {
            return (error.status, error.encode())
        }
    }

    @Test(
        "A request to the three procedures is carried without a change of a byte",
        arguments: Vector.all.filter { $0.group == "durable-latest" }
    )
    func durable(_ vector: Vector) throws {
        let input = try vector.request.input()
        #expect(Envelope.encode(input.payload) == vector.request.body)
        let called = try #require(vector.callInput)
        let read = try JSValue(input.payload)
        #expect(read == called)
    }
}
