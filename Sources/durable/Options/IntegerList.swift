import ArgumentParser

/// Integers of an option, with commas between: `1,8,32`.
struct IntegerList: ExpressibleByArgument {
    /// At least one.
    let values: [Int]

    init(_ values: [Int]) {
        self.values = values
    }

    init?(argument: String) {
        let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !values.contains(nil) else { return nil }
        self.values = values.compactMap(\.self)
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
