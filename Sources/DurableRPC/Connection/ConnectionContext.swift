import Hummingbird

/// What the answer to a request may depend on besides the request: nothing.
struct ConnectionContext: InitializableFromSource {
    init(source: ApplicationRequestContextSource) {}
}
