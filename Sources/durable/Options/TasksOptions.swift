import ArgumentParser
import DurableServer

/// Which tasks there are.
struct TasksOptions: ParsableArguments, SettingOptions {
    @Option(.tasks, "The tasks file; read again on SIGHUP; default: tasks.yaml if there is one", value: "file")
    var tasks: String?

    var flags: [Setting: String?] { [.tasks: tasks] }
}
