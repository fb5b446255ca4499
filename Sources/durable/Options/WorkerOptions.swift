import ArgumentParser
import DurableServer

/// How a worker works.
struct WorkerOptions: ParsableArguments, SettingOptions {
    @Option(.concurrency, "How many attempts are made at once; default: 100", value: "number")
    var concurrency: String?

    @Option(
        .leaseSeconds,
        "After how long without a sign of life its executions run elsewhere; default: 15",
        value: "seconds"
    )
    var leaseSeconds: String?

    @Option(.drainSeconds, "How long attempts may go on once it is asked to stop; default: 30", value: "seconds")
    var drainSeconds: String?

    @Option(.maxLeaseLosses, "How many workers an execution may cost before it fails; default: 10", value: "number")
    var maxLeaseLosses: String?

    @Option(.maxChildren, "How many children a parent may have; default: 10000", value: "number")
    var maxChildren: String?

    @Option(.retainDays, "How long finished executions are kept, 0 for ever; default: 30", value: "days")
    var retainDays: String?

    @Option(.healthPort, "Answer /healthz and /readyz of the worker on this port; default: nowhere", value: "number")
    var healthPort: String?

    @Option(.healthHost, "The address for --health-port; default: 127.0.0.1", value: "address")
    var healthHost: String?

    var flags: [Setting: String?] {
        [
            .concurrency: concurrency, .leaseSeconds: leaseSeconds, .drainSeconds: drainSeconds,
            .maxLeaseLosses: maxLeaseLosses, .maxChildren: maxChildren, .retainDays: retainDays,
            .healthPort: healthPort, .healthHost: healthHost,
        ]
    }
}
