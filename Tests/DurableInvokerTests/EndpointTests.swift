import DurableInvoker
import Testing

@Suite("Endpoints and procedures")
struct EndpointTests {
    @Test(
        "The URL of a procedure is the base, its keys percent-encoded, and the base's query",
        arguments: [
            ("http://h/rpc", "add2", "http://h/rpc/add2"),
            ("http://h/rpc/", "add2", "http://h/rpc/add2"),
            ("http://h/rpc//", "add2", "http://h/rpc//add2"),
            ("http://h", "add2", "http://h/add2"),
            ("http://h?x=1", "add2", "http://h/add2?x=1"),
            ("https://h:8443/rpc/?x=1&y=/", "nested/add2", "https://h:8443/rpc/nested/add2?x=1&y=/"),
            ("http://h/rpc", "ünï/a b", "http://h/rpc/%C3%BCn%C3%AF/a%20b"),
            ("http://h/rpc", "-_.!~*'()?#&", "http://h/rpc/-_.!~*'()%3F%23%26"),
        ]
    )
    func urls(base: String, path: String, url: String) throws {
        let endpoint = try Endpoint(name: "web-app", url: base)
        let procedure = try Procedure(endpoint: endpoint, path: path)
        #expect(procedure.url == url)
    }

    @Test(
        "A path without keys, or with keys that URLs resolve, is refused",
        arguments: ["", "/add2", "a//b", "a/", "../x"]
    )
    func badPaths(path: String) throws {
        let endpoint = try Endpoint(name: "web-app", url: "http://h/rpc")
        #expect(throws: InvalidProcedure.self) { try Procedure(endpoint: endpoint, path: path) }
    }

    @Test(
        "A URL that cannot be called is refused",
        arguments: [
            ("ftp://h/rpc", "http://"), ("localhost:3000/rpc", "http://"), ("", "http://"), ("http:///rpc", "host"),
            ("http://h/ä", "ASCII"), ("http://h/a b", "ASCII"), ("http://h/rpc\r\nx: y", "ASCII"),
            ("http://h/rpc#top", "fragment"), ("http://user:secret@h/rpc", "authorization header"),
        ]
    )
    func badURLs(url: String, hint: String) {
        let error = #expect(throws: InvalidEndpoint.self) { try Endpoint(name: "web-app", url: url) }
        #expect(error?.description.contains(hint) == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test("Every problem is named at once, and no value of a header")
    func allProblems() {
        let error = #expect(throws: InvalidEndpoint.self) {
            try Endpoint(
                name: "web-app",
                url: "ftp://h",
                headers: ["a b": "secret", "x-line": "secret\r\nx: y", "x-umlaut": "sécret", "Content-Type": "secret"]
            )
        }
        #expect(error?.problems.count == 5)
        #expect(error?.description.contains("cret") == false)
    }

    @Test(
        "A header that the service sets itself cannot be changed",
        arguments: [
            "Content-Type", "content-length", "Transfer-Encoding", "connection", "idempotency-key", "Durable-Attempt",
            "durable-anything", "traceparent", "tracestate", "webhook-id",
            "Webhook-Timestamp", "webhook-signature", "accept-encoding",
        ]
    )
    func reservedHeaders(name: String) {
        let error = #expect(throws: InvalidEndpoint.self) {
            try Endpoint(name: "web-app", url: "http://h", headers: [name: "x"])
        }
        #expect(error?.problems == ["the header \(name) is set by the service and cannot be changed"])
    }

    @Test("A header that is given twice is refused, whatever its case")
    func headerTwice() {
        let error = #expect(throws: InvalidEndpoint.self) {
            try Endpoint(name: "web-app", url: "http://h", headers: ["authorization": "a", "Authorization": "b"])
        }
        #expect(error?.problems.count == 1)
    }
}
