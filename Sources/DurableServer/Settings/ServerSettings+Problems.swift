package import DurableCore
import DurablePostgres
import DurableRPC
package import LibPQ

extension ServerSettings {
    /// What is wrong with the settings, the files that they name included; nothing is started for it.
    ///
    /// - Parameters:
    ///   - environment: Where tokens and the variables of the tasks file are looked up.
    ///   - ownTasks: The tasks beside those of the tasks file, which may be made of them.
    ///   - place: What messages call a setting.
    package func problems(
        environment: [String: String],
        ownTasks: [TaskDefinition] = [],
        place: (Setting) -> String = \.flag
    ) -> [ConfigurationProblem] {
        database.problems(place: place)
            + (frontEnd?.problems(environment: environment, place: place) ?? [])
            + tasksProblems(environment: environment, ownTasks: ownTasks, place: place)
    }

    /// What is wrong with the tasks.
    func tasksProblems(
        environment: [String: String],
        ownTasks: [TaskDefinition],
        place: (Setting) -> String = \.flag
    ) -> [ConfigurationProblem] {
        let file: TasksFile
        do {
            file = try tasks(environment: environment, ownTasks: ownTasks)
        } catch {
            return error.problems
        }
        if worker != nil, file.tasks.isEmpty, ownTasks.isEmpty {
            return [
                ConfigurationProblem(
                    at: tasksFile ?? place(.tasks),
                    "there are no tasks for a worker to run; write a tasks file (tasks.yaml) or name one"
                )
            ]
        }
        var seen: Set<TaskID> = []
        return (ownTasks + file.definitions).map(\.id).filter { !seen.insert($0).inserted }.map { id in
            ConfigurationProblem(at: tasksFile, "Task with given id already exists [taskId=\(id)]")
        }
    }

    /// The tasks of the tasks file, if there is one.
    package func tasks(
        environment: [String: String],
        ownTasks: [TaskDefinition] = []
    ) throws(ConfigurationError) -> TasksFile {
        guard let tasksFile else { return TasksFile() }
        return try TasksFile(
            at: tasksFile,
            for: worker == nil ? .definitions : .invocation,
            environment: environment,
            others: ownTasks
        )
    }
}

extension DatabaseSettings {
    /// What is wrong with the settings, without connecting.
    package func problems(place: (Setting) -> String = \.flag) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        let configurations: [(Setting, DatabaseConfiguration?)] = [
            (.databaseURL, configuration()), (.directDatabaseURL, isPooled ? directConfiguration : nil),
        ]
        for case (let setting, let configuration?) in configurations {
            do {
                try configuration.validate()
            } catch {
                problems.append(ConfigurationProblem(at: place(setting), "\(error)"))
            }
        }
        if directURL != nil, !isPooled {
            problems.append(
                ConfigurationProblem(
                    at: place(.directDatabaseURL),
                    "there is no pooler to pass by unless \(Setting.pooled.flag) says that there is one"
                )
            )
        }
        if !(1...63).contains(schema.utf8.count) || schema.contains("\0") || schema.lowercased().hasPrefix("pg_") {
            problems.append(
                ConfigurationProblem(
                    at: place(.schema),
                    "a schema's name has 1 to 63 bytes and does not begin with \"pg_\", got \"\(schema)\""
                )
            )
        }
        return problems
    }

    /// What the pool is told.
    package func configuration(poolSize: Int = 8) -> DatabaseConfiguration {
        DatabaseConfiguration(
            url: url,
            poolSize: poolSize,
            isPooled: isPooled,
            settings: PostgresStorage.sessionSettings
        )
    }

    /// How to reach a session of our own; `nil` when only the pooler is known.
    package var directConfiguration: DatabaseConfiguration? {
        isPooled ? directURL.map { DatabaseConfiguration(url: $0, poolSize: 1) } : configuration(poolSize: 1)
    }
}

extension FrontEndSettings {
    fileprivate func problems(environment: [String: String], place: (Setting) -> String) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if host.isEmpty {
            problems.append(ConfigurationProblem(at: place(.host), "the address to listen on is empty"))
        }
        if !rpcPrefix.isEmpty, !rpcPrefix.hasPrefix("/") || rpcPrefix.contains("?") || rpcPrefix.contains("#") {
            problems.append(
                ConfigurationProblem(at: place(.rpcPrefix), "a path begins with \"/\", got \"\(rpcPrefix)\"")
            )
        }
        switch access {
        case .open where !isLoopback && !isOpenToNetwork:
            problems.append(
                ConfigurationProblem(
                    at: place(.host),
                    "\(host) is not a loopback address: whoever reaches it could call everything without a token; "
                        + "give tokens, or say \(Setting.openToNetwork.flag) as well"
                )
            )
        case .open:
            break
        case .tokens(let file) where !Self.hasTokens(file: file, environment: environment):
            problems.append(
                ConfigurationProblem(
                    at: place(.tokens),
                    "there are no tokens; name a file of them, set \(Tokens.environmentPrefix)<NAME>=role[,role]:token, "
                        + "or say \(Setting.open.flag) to serve everybody on this machine"
                )
            )
        case .tokens(let file):
            do {
                _ = try Tokens.load(file: file, environment: environment)
            } catch {
                problems += error.problems.map { ConfigurationProblem($0) }
            }
        }
        return problems
    }
}
