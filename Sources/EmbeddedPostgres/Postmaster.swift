import Subprocess
import Synchronization

/// One run of the server's main process, a child of ours.
final class Postmaster: Sendable {
    let processID: Int32
    private let exit: Exit
    private let finished: Task<Void, Never>

    /// Set by the task that reaps the process, read by everybody else.
    private final class Exit: Sendable {
        let hasHappened = Atomic(false)
    }

    /// Launches the server on a folder, with settings as in `postgresql.conf`.
    init(on folder: DataFolder, settings: [String: String], with programs: Programs) async throws {
        let options = settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        let configuration = programs.configuration(
            of: "sh",
            ["-c", Self.script, "sh", folder.log, "postgres", "-D", folder.cluster] + options
        )
        let exit = Exit()
        let (launches, launch) = AsyncThrowingStream<Int32, any Error>.makeStream()
        // Unstructured, because the process outlives this call.
        let finished = Task {
            do {
                _ = try await run(configuration, input: .none, output: .discarded, error: .discarded) { process in
                    launch.yield(process.processIdentifier.value)
                }
            } catch {
                launch.finish(throwing: error)
            }
            exit.hasHappened.store(true, ordering: .releasing)
        }
        var iterator = launches.makeAsyncIterator()
        guard let processID = try await iterator.next() else { throw CancellationError() }
        self.processID = processID
        self.exit = exit
        self.finished = finished
    }

    /// Keeps the log of the run before, and becomes the server: the process id is the server's from the start.
    private static let script = """
        log=$1; shift
        [ ! -e "$log" ] || mv -f -- "$log" "$log.old"
        exec "$@" </dev/null >"$log" 2>&1
        """

    var hasExited: Bool { exit.hasHappened.load(ordering: .acquiring) }

    func send(_ signal: Signal) {
        if !hasExited { Platform.signal(signal.rawValue, to: processID) }
    }

    /// Returns when the process has ended.
    ///
    /// Not cut short by cancellation: whoever waits is about to tidy up.
    func waitForExit() async {
        await finished.value
    }
}
