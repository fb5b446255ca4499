import HTTPTypes
import Hummingbird
import NIOCore

/// Answers `GET /healthz` (the process is alive) and `GET /readyz` (it can do its work).
///
/// Neither needs a token.
struct HealthRoutes: Sendable {
    let probe: ReadinessProbe

    /// The answer, or `nil` when the path is neither of the two.
    func answer(_ request: Request) async -> Response? {
        switch request.uri.path {
        case "/healthz":
            return Self.text(.ok, "alive", to: request)
        case "/readyz":
            switch await probe.readiness() {
            case .ready: return Self.text(.ok, "ready", to: request)
            case .notReady(let reason): return Self.text(.serviceUnavailable, "not ready: \(reason)", to: request)
            }
        default:
            return nil
        }
    }

    static func text(_ status: HTTPResponse.Status, _ text: String, to request: Request) -> Response {
        let response = Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n"))
        )
        return request.method == .head ? response.createHeadResponse() : response
    }
}
