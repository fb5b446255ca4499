internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// One connection: makes itself, then carries one call after the other, and closes at the first irregularity.
///
/// Sendable since everything in it but its event loop belongs to that event loop: all methods except `onItsLoop` are
/// called there. The origin, under its lock, only passes it on.
final class Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart

    private enum Phase {
        case connecting(until: NIODeadline)
        /// With a call under way.
        case busy
        case idle(since: NIODeadline)
        case closed
    }

    /// A call, and what has come of its answer.
    private struct Exchange {
        let call: OutboundCall
        var hasAnswerBegun = false
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var isComplete = false
    }

    let eventLoop: any EventLoop
    private let origin: Origin
    private var phase = Phase.closed
    private var exchange: Exchange?
    /// Whether it may not open any more, should it still be about to.
    private var isShutDown = false
    /// Whether it has carried a call before.
    private var isReused = false
    /// What there is still to do before a request can be sent.
    private var steps: ArraySlice<Route.Step>
    /// What speaks TLS through a tunnel.
    private var tlsInTunnel: NIOSSLClientHandler?
    private var channel: (any Channel)?
    private var reader: ResponseReader?
    private var readerContext: ChannelHandlerContext?
    private var firstError: (any Error)?
    private var alarm: (time: NIODeadline, timer: Scheduled<Void>)?

    init(to origin: Origin, on eventLoop: any EventLoop) {
        self.origin = origin
        self.eventLoop = eventLoop
        steps = origin.route.steps[...]
    }

    /// Does something where the connection lives: at once when that is here.
    func onItsLoop(_ body: @escaping @Sendable () -> Void) {
        if eventLoop.inEventLoop { body() } else { eventLoop.execute(body) }
    }

    // MARK: Connecting

    /// Connects for the sake of a call, and sends it.
    func open(for call: OutboundCall) {
        exchange = Exchange(call: call)
        let limit = NIODeadline.now() + origin.configuration.connectTimeout
        phase = .connecting(until: limit)
        if isShutDown { return fail(.shutDown) }
        if let cause = call.isOver { return fail(cause) }
        wake(by: min(limit, call.deadline))
        connect(by: min(limit, call.deadline)).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.attach(channel)
            case .failure(let error): self.fail(OutboundFailure.Cause(connecting: error))
            }
        }
    }

    /// Looks for the host and connects to the first of its addresses that accepts.
    ///
    /// Nothing is read from the channel before its handlers are there.
    private func connect(by limit: NIODeadline) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .connectTimeout(limit - .now())
        let route = origin.route
        if let address = try? SocketAddress(ipAddress: route.host, port: route.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.resolver(origin.configuration.resolver?(eventLoop)).connect(host: route.host, port: route.port)
    }

    private func attach(_ channel: any Channel) {
        guard case .connecting = phase else { return channel.close(promise: nil) }
        self.channel = channel
        let reader = ResponseReader(for: self, longestHead: origin.configuration.longestHead)
        self.reader = reader
        do {
            try channel.pipeline.syncOperations.addHandlers(reader, self)
            readerContext = try channel.pipeline.syncOperations.context(handler: reader)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            try takeNextStep()
        } catch {
            fail(OutboundFailure.Cause(connecting: error))
        }
    }

    private func takeNextStep() throws {
        guard let channel, let reader, case .connecting = phase else { return }
        switch steps.popFirst() {
        case .secure(let context, let serverName, let isThroughTunnel):
            let handler = try NIOSSLClientHandler(context: context, serverHostname: serverName)
            if isThroughTunnel { tlsInTunnel = handler }
            try channel.pipeline.syncOperations.addHandler(handler, position: .before(reader))
        case .tunnel(let request):
            reader.expectAnswer(toTunnelRequest: true)
            channel.writeAndFlush(ByteBuffer(bytes: request), promise: nil)
        case nil:
            guard let call = exchange?.call else { return }
            begin(call)
        }
    }

    private func stepWasTaken() {
        do {
            try takeNextStep()
        } catch {
            fail(OutboundFailure.Cause(connecting: error))
        }
    }

    // MARK: Calls

    /// Sends a call over the connection, which was idle when the origin chose it.
    func send(_ call: OutboundCall) {
        // Closed in the meantime; nothing was sent.
        guard case .idle = phase, let channel, channel.isActive else { return origin.submit(call) }
        carry(call)
    }

    /// Carries a call, and those that wait behind it as long as there are some that need not be sent.
    private func carry(_ first: OutboundCall) {
        var next: OutboundCall? = first
        while let call = next {
            guard let cause = call.isOver else { return begin(call) }
            next = origin.nextCall(for: self)
            call.finish(.failure(OutboundFailure(cause, .waiting)))
        }
    }

    private func begin(_ call: OutboundCall) {
        phase = .busy
        exchange = Exchange(call: call)
        wake(by: min(call.deadline, .now() + origin.configuration.idleTimeout))
        reader?.expectAnswer(toTunnelRequest: false)
        channel?.writeAndFlush(call.message.bytes, promise: nil)
    }

    /// Ends a call that was cancelled, if it is this connection's.
    func abort(_ call: OutboundCall) {
        if exchange?.call === call { fail(.cancelled) }
    }

    private func complete(isReusable: Bool) {
        guard let exchange, let head = exchange.head else { return }
        self.exchange = nil
        let answer = OutboundAnswer(head, body: exchange.body)
        guard isReusable, head.isKeepAlive, isRequestSent else {
            close()
            return exchange.call.finish(.success(answer))
        }
        isReused = true
        phase = .idle(since: .now())
        // Free before whoever asked knows the answer: the next call finds this connection.
        let next = origin.nextCall(for: self)
        exchange.call.finish(.success(answer))
        if let next { carry(next) }
    }

    /// Whether nothing of the request is left to send: an answer can come before that.
    private var isRequestSent: Bool {
        guard let channel, channel.isActive else { return false }
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
    }

    /// Gives the connection up, and with it the call that it carries.
    private func fail(_ cause: OutboundFailure.Cause) {
        let progress = progress
        let call = exchange?.call
        exchange = nil
        close()
        call?.finish(.failure(OutboundFailure(cause, progress)))
    }

    private var progress: OutboundFailure.Progress {
        guard let exchange, case .busy = phase else { return .connecting }
        return exchange.head.map { .answering(OutboundAnswer($0, body: exchange.body)) } ?? .asked
    }

    private func close() {
        guard shut() else { return }
        origin.remove(self)
    }

    /// Closes the channel, now or as soon as there is one.
    ///
    /// - Returns: Whether it was open, or about to be.
    private func shut() -> Bool {
        if case .closed = phase { return false }
        phase = .closed
        alarm?.timer.cancel()
        alarm = nil
        channel?.close(promise: nil)
        return true
    }

    func shutdown() {
        isShutDown = true
        fail(.shutDown)
    }

    // MARK: What comes

    /// Called before bytes are read; answers whether they are worth reading.
    func willRead() -> Bool {
        switch phase {
        case .closed: return false
        case .idle:
            // Nothing was asked. If a call is on its way here, it finds the connection closed.
            close()
            return false
        case .connecting, .busy:
            exchange?.hasAnswerBegun = true
            return true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(answer: head)
        case .body(let part): append(part)
        case .end: exchange?.isComplete = true
        }
    }

    private func begin(answer head: HTTPResponseHead) {
        switch phase {
        case .connecting:
            // The proxy's word on the tunnel.
            if !(200..<300).contains(head.status.code) { fail(.proxyRefused(status: Int(head.status.code))) }
        case .busy:
            guard let limit = exchange?.call.limit, head.status != .switchingProtocols else { return fail(.malformed) }
            exchange?.head = head
            guard head.status != .noContent, head.status != .notModified,
                let length = head.headers.first(name: "content-length").flatMap({ Int($0) })
            else { return }
            if length > limit { return fail(.bodyTooLong) }
            // No more than a peer can make us waste by announcing what never comes.
            exchange?.body.reserveCapacity(min(length, 1 << 16))
        case .idle, .closed: break
        }
    }

    private func append(_ part: ByteBuffer) {
        // Nothing may hold the body besides the exchange: appending would copy it.
        guard let count = exchange?.body.count, let limit = exchange?.call.limit else { return }
        guard count + part.readableBytes <= limit else { return fail(.bodyTooLong) }
        exchange?.body.append(contentsOf: part.readableBytesView)
    }

    /// Called when bytes have been read.
    func didRead() {
        guard exchange?.isComplete == true, let readerContext, let reader else { return }
        let isAlone = reader.isBetweenAnswers(context: readerContext)
        if case .connecting = phase {
            exchange?.isComplete = false
            isAlone ? stepWasTaken() : fail(.malformed)
        } else {
            complete(isReusable: isAlone)
        }
    }

    /// Called when bytes came that are no HTTP.
    func couldNotRead(_ error: any Error) {
        // What comes after a complete answer takes nothing from it.
        if case .busy = phase, exchange?.isComplete == true { return complete(isReusable: false) }
        fail(error as? HTTPParserError == .headerOverflow ? .headTooLong : .malformed)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent {
            let isOfProxy = tlsInTunnel?.peerCertificate?.isFor(channel?.remoteAddress) ?? false
            isOfProxy ? fail(.wrongHost) : stepWasTaken()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder throws most of what it has to say, but not this: another version of HTTP.
        if error is HTTPParserError { return couldNotRead(error) }
        if firstError == nil { firstError = error }
        if case .connecting = phase { fail(OutboundFailure.Cause(connecting: error)) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        defer { context.fireChannelInactive() }
        switch phase {
        case .closed: break
        case .idle: close()
        case .connecting: fail(firstError.map { OutboundFailure.Cause(connecting: $0) } ?? .closed)
        case .busy: wasClosed()
        }
    }

    /// The peer has closed the connection in the middle of a call.
    private func wasClosed() {
        guard let call = exchange?.call else { return }
        // The end of the connection is the end of some answers, unless it is one that anybody could have brought about.
        if firstError == nil, let readerContext, let reader, reader.finish(context: readerContext),
            exchange?.isComplete == true
        {
            return complete(isReusable: false)
        }
        guard isReused, exchange?.hasAnswerBegun == false, call.message.template.isRepeatable, !call.hasBeenResent
        else {
            return fail(.closed)
        }
        call.hasBeenResent = true
        exchange = nil
        if shut() { origin.replace(self, for: call) }
    }

    // MARK: Time

    /// Sees to it that the connection looks at the clock at a moment, or before.
    ///
    /// Calls come and go without touching the timer: it runs out once in a while, and looks at what is under way then.
    private func wake(by time: NIODeadline) {
        if let alarm {
            guard time < alarm.time else { return }
            alarm.timer.cancel()
        }
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            self.alarm = nil
            self.lookAtClock()
        }
        alarm = (time, timer)
    }

    private func lookAtClock() {
        let now = NIODeadline.now()
        let idleTimeout = origin.configuration.idleTimeout
        switch phase {
        case .closed: break
        case .connecting(let limit):
            guard let deadline = exchange?.call.deadline else { return }
            if deadline <= now { return fail(.deadline) }
            if limit <= now { return fail(.connectTimeout) }
            wake(by: min(limit, deadline))
        case .busy:
            guard let deadline = exchange?.call.deadline else { return }
            if deadline <= now { return fail(.deadline) }
            wake(by: min(deadline, now + idleTimeout))
        case .idle(let since):
            guard since + idleTimeout <= now else { return wake(by: since + idleTimeout) }
            // A call may be on its way here; it may also be over by then.
            if origin.retire(self) { _ = shut() } else { wake(by: now + idleTimeout) }
        }
    }
}
