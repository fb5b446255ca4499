import OutboundHTTP
import Testing

@Suite("What the environment says about proxies")
struct ProxyRulesTests {
    /// The proxy for a URL: its host and port, `direct`, or the variable that is wrong.
    private func proxy(for url: String, _ environment: [String: String]) throws -> String {
        do {
            return try ProxyRules(environment: environment).proxy(for: Target(url))?.description ?? "direct"
        } catch InvalidRequest.proxy(let variable) {
            return variable
        }
    }

    @Test(
        "A variable counts for its scheme",
        arguments: [
            ("http://h/", ["http_proxy": "p:1"], "proxy p:1"), ("https://h/", ["http_proxy": "p:1"], "direct"),
            ("https://h/", ["https_proxy": "p:1"], "proxy p:1"), ("http://h/", ["https_proxy": "p:1"], "direct"),
            ("https://h/", ["HTTPS_PROXY": "http://P:1/"], "proxy p:1"), ("http://h/", ["HTTP_PROXY": "p:1"], "direct"),
            ("https://h/", ["HTTPS_PROXY": "upper", "https_proxy": "lower"], "proxy lower:80"),
            ("http://h/", ["all_proxy": "p:1"], "proxy p:1"), ("https://h/", ["ALL_PROXY": "p:1"], "proxy p:1"),
            ("http://h/", ["all_proxy": "p:1", "http_proxy": "q:2"], "proxy q:2"),
            ("http://h/", ["http_proxy": ""], "direct"), ("http://h/", ["http_proxy": "https://p"], "proxy p:443"),
            ("http://h/", ["http_proxy": "http://[::1]:3128"], "proxy ::1:3128"),
            ("http://h/", ["http_proxy": "socks5://p"], "http_proxy"),
            ("http://h/", ["http_proxy": "http://"], "http_proxy"),
            ("https://h/", ["http_proxy": "socks5://p"], "direct"),
            ("http://h/", ["http_proxy": "u%zz:p@p"], "http_proxy"),
        ]
    )
    func variables(url: String, environment: [String: String], expected: String) throws {
        let proxy = try proxy(for: url, environment)
        #expect(proxy == expected)
    }

    @Test(
        "no_proxy names who is called directly",
        arguments: [
            ("h", "http://h/", true), ("h", "http://x.h/", true), ("h", "http://xh/", false), ("H", "http://h/", true),
            (".h", "http://h/", false), (".h", "http://x.h/", true), ("*.h", "http://x.y.h/", true),
            ("*.h", "http://h/", false),
            ("a, h b", "http://h/", true), ("a,b", "http://h/", false), ("*", "http://anything/", true),
            ("", "http://h/", false),
            ("h:8080", "http://h:8080/", true), ("h:8080", "http://h/", false), ("h:80", "http://h/", true),
            ("h:443", "https://h/", true), ("h.", "http://h/", true), ("h", "http://h./", true),
            ("10.0.0.1", "http://10.0.0.1/", true), ("10.0.0.1", "http://10.0.0.11/", false),
            ("0.1", "http://10.0.0.1/", false),
            ("10.0.0.0/8", "http://10.200.3.4/", true), ("10.0.0.0/8", "http://11.0.0.1/", false),
            ("10.0.0.0/9", "http://10.127.0.1/", true), ("10.0.0.0/9", "http://10.128.0.1/", false),
            ("0.0.0.0/0", "http://9.9.9.9/", true), ("10.0.0.0/33", "http://10.0.0.0/", false),
            ("2001:db8::/32", "http://[2001:db8::5]/", true), ("[2001:db8::5]:80", "http://[2001:db8::5]/", true),
            ("2001:db8::5", "http://[2001:db8:0::5]/", true), ("10.0.0.1:81", "http://10.0.0.1/", false),
        ]
    )
    func exceptions(list: String, url: String, isDirect: Bool) throws {
        for name in ["no_proxy", "NO_PROXY"] {
            let proxy = try proxy(for: url, ["all_proxy": "p:1", name: list])
            #expect((proxy == "direct") == isDirect)
        }
    }

    @Test(
        "This machine is called directly",
        arguments: [
            "http://localhost/", "http://x.localhost/", "http://127.0.0.1/", "http://127.9.9.9/", "https://[::1]/",
        ]
    )
    func loopback(url: String) throws {
        let proxy = try proxy(for: url, ["all_proxy": "p:1"])
        #expect(proxy == "direct")
    }

    @Test("A proxy's credentials are not shown")
    func secrets() throws {
        let proxy = try #require(Proxy("http://user:secret@p:1"))
        #expect(!"\(proxy) \(String(reflecting: proxy))".contains("secret"))
        #expect(Proxy("http://user:secret@p:1") != Proxy("http://user:other@p:1"))
    }
}
