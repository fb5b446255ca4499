import DurableCore
import DurableInvoker
import DurableRPC
import DurableWorker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension WorkerSettings {
    var configuration: WorkerConfiguration {
        WorkerConfiguration(
            name: "\(ProcessInfo.processInfo.hostName) \(ProcessInfo.processInfo.processIdentifier)",
            concurrency: concurrency,
            lease: lease,
            drain: drain,
            maxLeaseLosses: maxLeaseLosses,
            maxChildren: maxChildren,
            retention: retention
        )
    }
}

extension FrontEndSettings {
    func configuration(environment: [String: String]) throws -> FrontEndConfiguration {
        let access: DurableRPC.Access =
            switch access {
            case .open: .open
            case .tokens(let file): .tokens(try Tokens.load(file: file, environment: environment))
            }
        return FrontEndConfiguration(
            host: host,
            port: port,
            rpcPrefix: rpcPrefix,
            access: access,
            requestTimeout: requestTimeout
        )
    }
}

extension TasksFile {
    /// The tasks with what calls their procedures.
    func registered(calling client: ProcedureClient) throws -> [RegisteredTask] {
        try tasks.compactMap { task in
            guard let name = task.procedure else {
                return RegisteredTask(definition: task.definition, invoker: nil)
            }
            guard let endpoint = endpoints[name.endpoint] else { return nil }
            let procedure = try Procedure(endpoint: endpoint, path: name.path)
            let invoker = try HTTPInvoker(calling: procedure, for: task.definition, over: client)
            return RegisteredTask(definition: task.definition, invoker: invoker)
        }
    }
}
