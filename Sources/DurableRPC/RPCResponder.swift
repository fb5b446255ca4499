import DurableCore
import DurableWire
import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle

/// Answers the requests of a front end.
///
/// Finds the procedure, checks the token, makes sure there is room, reads the body, calls, and turns whatever comes of it
/// into an oRPC answer. No request ends without one.
struct RPCResponder: HTTPResponder {
    typealias Context = ConnectionContext

    let procedures: ProcedureTable<any Procedure>
    let access: Access
    let admission: Admission
    let health: HealthRoutes
    let metrics: RequestMetrics
    let failures: FailureLog
    let logger: Logger

    func respond(to request: Request, context: Context) async -> Response {
        guard let procedure = procedures[target: request.head.path ?? "/"] else {
            return await health.answer(request) ?? Answer(RPCError.notFound).response(to: request)
        }
        let clock = ContinuousClock()
        let start = clock.now
        metrics.begin()
        let answer = await answer(to: request, by: procedure, in: context)
        let duration = clock.now - start
        metrics.end(procedure.name, code: answer.code, duration: duration)
        logger.debug(
            "Answered",
            metadata: ["procedure": "\(procedure.name)", "code": "\(answer.code)", "after": "\(duration)"]
        )
        var response = answer.response(to: request)
        // Those who wait learn of it at the same time as the connection, which may be later.
        if Task.isShuttingDownGracefully { response.headers[.connection] = "close" }
        return response
    }

    private func answer(to request: Request, by procedure: any Procedure, in context: Context) async -> Answer {
        do {
            try authorize(request, for: procedure)
            let length = try request.announcedLength(atMost: procedure.largestBody)
            // Without a length, the most that it can be.
            let share = Admission.Share(isWait: procedure.waits, bytes: length ?? procedure.largestBody)
            guard admission.enter(share) else { throw Overloaded() }
            defer { admission.leave(share) }
            let body = try await request.body.read(atMost: procedure.largestBody)
            guard procedure.waits else { return try await call(procedure, for: request, body: body) }
            return try await context.whileConnected { try await call(procedure, for: request, body: body) }
        } catch {
            return refusal(of: procedure, error)
        }
    }

    private func call(_ procedure: any Procedure, for request: Request, body: [UInt8]) async throws -> Answer {
        let rpc = RPCRequest(
            method: request.method.rawValue,
            target: request.head.path ?? "/",
            contentType: request.headers[.contentType],
            contentDisposition: request.headers[.contentDisposition],
            body: body
        )
        var problem: MalformedBody?
        let input: WireValue
        do {
            input = try rpc.input { problem = $0 }
        } catch {
            if let problem { logger.debug("Malformed request", metadata: ["problem": "\(problem)"]) }
            // The one malformation that comes from a program that does everything right.
            if case .syntax(let syntax) = problem, case .tooDeep(let limit) = syntax.problem {
                throw RPCError(
                    .badRequest,
                    message: "The request is nested too deeply; at most \(limit) levels are accepted"
                )
            }
            throw error
        }
        let answer = try await procedure.answer(input, trace: TraceContext(request.headers))
        failures.granted()
        return Answer(body: answer)
    }

    private func authorize(_ request: Request, for procedure: any Procedure) throws(RPCError) {
        guard case .tokens(let tokens) = access else { return }
        guard let authorization = request.headers[.authorization] else {
            throw RPCError(.unauthorized, message: "A token is required: send it as Authorization: Bearer TOKEN")
        }
        guard let token = tokens.token(presentedBy: authorization) else {
            throw RPCError(.unauthorized, message: "The token is not known")
        }
        guard token.grants(procedure.roles) else {
            let roles = procedure.roles.map(\.rawValue).sorted().joined(separator: " and ")
            throw RPCError(.forbidden, message: "\(procedure.name) needs a token with the role \(roles)")
        }
    }

    private func refusal(of procedure: any Procedure, _ error: any Error) -> Answer {
        switch error {
        case let error as RPCError:
            return Answer(error)
        case let error as RequestError:
            return refusal(of: procedure, error)
        case is Overloaded:
            failures.report(.overloaded, procedure: procedure.name, cause: "as many requests as are taken at a time")
            return Answer(RPCError(.serviceUnavailable), retryAfterSeconds: 1)
        case is RequestTooSlow:
            return Answer(RPCError(.timeout))
        case is UnreadableBody:
            return Answer(.malformedRequest)
        case is CancellationError:
            // Nobody is there any more to read it.
            return Answer(RPCError(.clientClosedRequest))
        default:
            failures.report(.fault, procedure: procedure.name, cause: "\(type(of: error))")
            return Answer(.internalError)
        }
    }

    private func refusal(of procedure: any Procedure, _ error: RequestError) -> Answer {
        switch error {
        case .taskNotFound, .executionNotFound, .executionOfAnotherTask, .sleeperNotFound, .sleeperOfAnotherTask:
            return Answer(RPCError(.notFound, message: error.message))
        case .invalid(let message):
            return Answer(RPCError(.badRequest, message: message))
        case .conflict(let message):
            return Answer(RPCError(.conflict, message: message))
        case .unavailable(let cause):
            failures.report(.unavailable, procedure: procedure.name, cause: cause.description)
            return Answer(RPCError(.serviceUnavailable), retryAfterSeconds: 1)
        case .fault(let cause):
            failures.report(.fault, procedure: procedure.name, cause: cause.description)
            return Answer(.internalError)
        }
    }
}

/// There is no room for a request.
private struct Overloaded: Error {}
