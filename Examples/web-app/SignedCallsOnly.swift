import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Refuses calls that the service has not signed, before anything reads their input.
struct SignedCallsOnly<Context: RequestContext>: RouterMiddleware {
    let verifier: WebhookVerifier

    @concurrent func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: longestCall)
        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
        let isAccepted = verifier.accepts(
            Data(body.readableBytesView),
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signatures: header("webhook-signature")
        )
        guard isAccepted else {
            let message = "The call is not signed as it should be"
            return try answer(.unauthorized, ProcedureError(code: "UNAUTHORIZED", status: 401, message: message))
        }
        return try await next(request, context)
    }
}
