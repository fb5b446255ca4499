/// How much a ``Gatherer`` takes on, and how much of it at once.
package struct GatheringLimits: Sendable {
    /// Batches in flight at once.
    ///
    /// With one, whoever just missed it waits for two commits; with many, each is small and costs more for each row. Where
    /// commits took milliseconds, four did better than two or one.
    package var batches = 4
    /// How many have to wait, for each batch that is in flight, before one more begins beside them.
    ///
    /// A batch costs the storage nearly as much as a large one.
    package var worthwhile = 16
    /// Items in one batch.
    package var count = 500
    /// Bytes in one batch; an item that is larger goes alone.
    package var bytes = 4 << 20
    /// Items that wait for a batch.
    package var waitingCount = 10_000
    /// Bytes that wait for a batch; an item that is larger waits if nothing else does.
    package var waitingBytes = 64 << 20
    /// How long an item waits for its batch to begin.
    package var patience = Duration.seconds(2)

    package init() {}
}
