/// Whether a process can do its work now.
package enum Readiness: Sendable, Hashable {
    case ready
    /// The reason is a sentence for whoever operates the service; it is shown to anybody who asks.
    case notReady(reason: String)
}
