import ArgumentParser
import DurableCore

extension TimeSpan: ExpressibleByArgument {
    /// Reads `90s`, `15min`, `2h`.
    public init?(argument: String) {
        self.init(argument)
    }

    /// As many milliseconds as an option can hold, rounded up.
    var wholeMilliseconds: Int {
        Int(min(milliseconds.rounded(.up), Double(TaskOptions.largestInteger)))
    }
}
