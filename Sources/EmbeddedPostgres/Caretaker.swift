import Subprocess

/// A small process that outlives ours for as long as it takes to stop the server, should we end without doing so.
///
/// It waits for the end of its standard input, a pipe whose other end only we hold: the kernel closes it however we
/// end, SIGKILL included.
struct Caretaker: Sendable {
    private let orders: AsyncStream<Signal>.Continuation
    private let finished: Task<Void, Never>

    /// Sets one up for the server in a folder; it removes `scratch` too, where one is given.
    init(of folder: DataFolder, removing scratch: String?, with programs: Programs) {
        let (orders, continuation) = AsyncStream<Signal>.makeStream()
        self.orders = continuation
        let configuration = programs.configuration(
            of: "sh",
            ["-c", Self.script, "sh", folder.cluster, scratch ?? ""]
        )
        finished = Task {
            _ = try? await run(configuration, input: .inputWriter, output: .discarded, error: .discarded) { process in
                for await signal in orders { try? process.send(signal: signal) }
            }
        }
    }

    /// Sends it home: there is nothing left to take care of.
    func dismiss() async {
        orders.yield(.terminate)
        await finish()
    }

    /// Lets it do what it is there for, now.
    func finish() async {
        orders.finish()
        await finished.value
    }

    /// Tries several times to remove the folder, because an `initdb` that also lost us may still be writing to it.
    private static let script = """
        while read -r _; do :; done
        pg_ctl stop -s -D "$1" -m fast -t 30 || pg_ctl stop -s -D "$1" -m immediate -t 10
        [ -n "$2" ] || exit
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
            rm -rf -- "$2" && exit
            sleep 1
        done
        """
}
