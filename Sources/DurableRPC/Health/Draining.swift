import ServiceLifecycle

/// Makes a process not ready as soon as it is told to shut down, and holds the shutdown up until that has been noticed.
struct Draining: Service {
    let probe: ReadinessProbe
    let delay: Duration

    func run() async {
        do {
            try await gracefulShutdown()
            await probe.drain()
            try await Task.sleep(for: delay)
        } catch {
            // Cancelled: there is no time to be polite.
        }
    }
}
