import Subprocess

/// A small process that outlives ours for as long as it takes to stop the server, should we end without doing so.
///
/// It waits for the end of its standard input, a pipe whose other end only we hold: the kernel closes it however we
/// end, SIGKILL included.
struct Caretaker: Sendable {
    private let dismissal: AsyncStream<Never>.Continuation
    private let finished: Task<Void, Never>

    /// Sets one up for the server in a folder; it removes `scratch` too, where one is given.
    init(of folder: DataFolder, removing scratch: String?, with programs: Programs) {
        let (dismissed, dismissal) = AsyncStream<Never>.makeStream()
        self.dismissal = dismissal
        let configuration = programs.configuration(
            of: "sh",
            ["-c", Self.script, "sh", folder.cluster, scratch ?? ""]
        )
        finished = Task {
            _ = try? await run(configuration, input: .inputWriter, output: .discarded, error: .discarded) { process in
                for await _ in dismissed {}
                try? process.send(signal: .terminate)
            }
        }
    }

    /// Sends it home: there is nothing left to take care of.
    func dismiss() async {
        dismissal.finish()
        await finished.value
    }

    private static let script = """
        while read -r _; do :; done
        pg_ctl stop -s -D "$1" -m fast -t 30 || pg_ctl stop -s -D "$1" -m immediate -t 10
        [ -z "$2" ] || rm -rf -- "$2"
        """
}
