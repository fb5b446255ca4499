/// Why a benchmark has no result: something went wrong that its figures would not show.
package struct BenchError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The benchmark was told to stop, and has cleaned up.
package struct Interrupted: Error, Sendable {
    /// The signal's number.
    package let signal: Int32
}
