/// Something that must never be, seen in a simulation.
package struct SimulationFailure: Error, CustomStringConvertible {
    package let seed: UInt64
    package let step: Int
    package let what: String

    package var description: String {
        "\(what) (seed \(seed), step \(step); replay with SIMULATION_SEED=\(seed))"
    }
}
