import Dispatch

/// Ends a process that a benchmark has started when the benchmark has ended, also by SIGKILL.
package enum ParentWatch {
    /// Watches standard input, a pipe whose other end only the benchmark holds.
    package static func begin() {
        DispatchQueue(label: "durable.bench.parent").async {
            Host.readInputToEnd()
            Host.exitNow(1)
        }
    }
}
