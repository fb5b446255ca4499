import ArgumentParser
import DurableServer

/// What becomes of an old schema.
struct MigrateOptions: ParsableArguments, SettingOptions {
    @Flag(
        .migrate,
        "Bring the schema up to date at start; without, an old one is refused; default: only start and dev do"
    )
    var migrate: Bool?

    var flags: [Setting: String?] { [.migrate: migrate.map { "\($0)" }] }
}
