import ArgumentParser
import DurableServer

extension Option<String?> {
    /// The flag of a setting; its help names the environment variable.
    ///
    /// What the text means is checked with all the others.
    init(_ setting: Setting, _ help: String, value: String) {
        self.init(
            name: .customLong(setting.rawValue),
            help: ArgumentHelp("\(help) [\(setting.variable)]", valueName: value)
        )
    }
}

extension Flag<Bool?> {
    /// The switch of a setting, and its opposite, which wins over an environment variable.
    init(_ setting: Setting, _ help: String) {
        self.init(
            name: .customLong(setting.rawValue),
            inversion: .prefixedNo,
            help: "\(help) [\(setting.variable)]"
        )
    }
}

/// Options that are flags of settings.
protocol SettingOptions {
    var flags: [Setting: String?] { get }
}

/// The flags that were given, of several groups.
func given(_ options: any SettingOptions...) -> [Setting: String] {
    options.reduce(into: [:]) { given, options in
        for case (let setting, let value?) in options.flags { given[setting] = value }
    }
}
