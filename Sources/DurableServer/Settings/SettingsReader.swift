import Configuration

/// Reads settings from flags over environment over defaults, and collects everything that is wrong with them.
package struct SettingsReader {
    /// The environment: also where tokens and the variables of a tasks file are looked up.
    package let environment: [String: String]
    private let flags: InMemoryProvider
    private let config: ConfigReader
    private var problems: [ConfigurationProblem] = []

    /// - Parameters:
    ///   - flags: The flags that were given. Values are texts; a switch is `true` or `false`.
    ///   - environment: The environment variables. Empty ones count as not set, as compose files leave them.
    package init(flags: [Setting: String] = [:], environment: [String: String]) {
        let values = flags.map { (AbsoluteConfigKey($0.key), ConfigValue(.string($1), isSecret: $0.isSecret)) }
        let secrets = Set(Setting.allCases.filter(\.isSecret).map(\.variable))
        self.environment = environment
        self.flags = InMemoryProvider(name: "flags", values: Dictionary(values) { _, last in last })
        config = ConfigReader(providers: [
            self.flags,
            EnvironmentVariablesProvider(
                environmentVariables: environment.filter { !$0.value.isEmpty },
                secretsSpecifier: .specific(secrets)
            ),
        ])
    }

    // MARK: Values

    package func text(_ setting: Setting) -> String? {
        config.string(forKey: setting.key, isSecret: setting.isSecret)
    }

    package func isGiven(_ setting: Setting) -> Bool { text(setting) != nil }

    package mutating func integer(_ setting: Setting, default value: Int, in range: ClosedRange<Int>) -> Int {
        parse(setting, default: value, expecting: "an integer from \(range.lowerBound) to \(range.upperBound)") {
            text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number, fractions allowed.
    package mutating func number(_ setting: Setting, default value: Double, in range: ClosedRange<Double>) -> Double {
        let bounds = "\(Int(range.lowerBound)) to \(Int(range.upperBound))"
        return parse(setting, default: value, expecting: "a number from \(bounds)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package mutating func isOn(_ setting: Setting, default value: Bool = false) -> Bool {
        parse(setting, default: value, expecting: "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        }
    }

    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ setting: Setting,
        default value: Choice
    ) -> Choice where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return parse(setting, default: value, expecting: "one of \(names)") { Choice(rawValue: $0.lowercased()) }
    }

    private mutating func parse<Value>(
        _ setting: Setting,
        default value: Value,
        expecting expectation: String,
        _ parse: (String) -> Value?
    ) -> Value {
        guard let text = text(setting) else { return value }
        if let parsed = parse(text) { return parsed }
        report(setting, "expected \(expectation), got \"\(text)\"")
        return value
    }

    // MARK: Problems

    /// Where a setting's value came from, its flag or its variable; the flag when it was not given at all.
    package func place(of setting: Setting) -> String {
        let flag = try? flags.value(forKey: AbsoluteConfigKey(setting.key), type: .string).value
        return flag == nil && isGiven(setting) ? setting.variable : setting.flag
    }

    package mutating func report(_ setting: Setting, _ message: String) {
        report([ConfigurationProblem(at: place(of: setting), message)])
    }

    package mutating func report(_ found: [ConfigurationProblem]) {
        problems += found
    }

    /// Throws everything that was found wrong.
    package func finish() throws(ConfigurationError) {
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }
}
