import OutboundHTTP
import Testing

@Suite("URLs and headers that can be sent")
struct TargetTests {
    @Test(
        "A URL is taken apart",
        arguments: [
            ("http://h", false, "h", 80, "/"), ("https://h/a/b?c=d", true, "h", 443, "/a/b?c=d"),
            ("HTTP://Example.COM:8080?x", false, "example.com", 8080, "/?x"),
            ("https://[::1]:1/", true, "::1", 1, "/"), ("http://[2001:db8::1]", false, "2001:db8::1", 80, "/"),
            ("http://127.0.0.1:/", false, "127.0.0.1", 80, "/"), ("http://a_b-c.d./", false, "a_b-c.d.", 80, "/"),
        ]
    )
    func parts(url: String, isSecure: Bool, host: String, port: Int, path: String) throws {
        let target = try Target(url)
        #expect(target.isSecure == isSecure)
        #expect(target.host == host)
        #expect(target.port == port)
        #expect(target.path == path)
    }

    @Test(
        "What is no URL is refused",
        arguments: [
            ("", InvalidTarget.scheme), ("h", .scheme), ("ftp://h", .scheme), ("http:/h", .scheme), ("http://", .host),
            ("http:///x", .host), ("http://h:0/", .port), ("http://h:65536/", .port),
            ("http://h:99999999999999999999/", .port),
            ("http://h:x/", .host), ("http://h:-1/", .host), ("http://h:+1/", .host), ("http://[::1/", .host),
            ("http://[::1]x/", .host), ("http://[h]/", .host), ("http://a%20b/", .host), ("http://a\\b/", .host),
            ("http://u:p@h/", .user), ("http://h/#x", .fragment), ("http://h/a b", .notASCII),
            ("http://h/\r\nx:y", .notASCII),
            ("http://ü/", .notASCII), ("http://h/\u{7F}", .notASCII),
        ]
    )
    func refused(url: String, problem: InvalidTarget) {
        #expect(throws: problem) { try Target(url) }
    }

    @Test(
        "No header of a template can smuggle in another",
        arguments: [("a b", "x"), ("", "x"), ("a:", "x"), ("a", "x\r\nb: c"), ("a", "x\ny"), ("a", "x\0"), ("a", "é")]
    )
    func templateHeaders(name: String, value: String) {
        let client = OutboundClient()
        #expect(throws: InvalidRequest.header(name: name)) {
            try client.template(postingTo: "http://h/", headers: [(name, value)])
        }
    }

    @Test("Nor can a header of a single call", arguments: ["x\r\nb: c", "x\n", "\0", "é"])
    func callHeaders(value: String) throws {
        var request = try OutboundClient().template(postingTo: "http://h/").request(capacity: 10)
        let isBadAdded = request.add(HeaderName("a"), value)
        let isGoodAdded = request.add(HeaderName("a"), "printable, \t and ~")
        #expect(!isBadAdded)
        #expect(isGoodAdded)
    }
}
