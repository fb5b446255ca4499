/// How often a simulation saw what it is about.
package struct SimulationCounts: Sendable {
    package var steps = 0
    /// Attempts whose outcome was recorded.
    package var settlements = 0
    /// Leases that were lost with their worker, and outcomes that came too late.
    package var leaseLosses = 0
    package var cancellations = 0
    /// Attempts that brought children, and parents that were told of children.
    package var children = 0
    package var wakeUps = 0
    package var retriesByHand = 0
    package var expiries = 0
    package var trees = 0

    package init() {}

    package static func += (left: inout SimulationCounts, right: SimulationCounts) {
        for count in Self.all { left[keyPath: count] += right[keyPath: count] }
    }

    private static let all: [any WritableKeyPath<SimulationCounts, Int> & Sendable] = [
        \.steps, \.settlements, \.leaseLosses, \.cancellations, \.children, \.wakeUps, \.retriesByHand, \.expiries,
        \.trees,
    ]
}
