import EmbeddedPostgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

@Suite("When the process that started a server dies", .timeLimit(.minutes(2)))
struct OwnerDeathTests {
    @Test("the server stops and its temporary folder goes", arguments: [SIGKILL, SIGTERM, SIGINT])
    func caretaker(_ signal: Int32) async throws {
        let result = await #expect(processExitsWith: .signal(signal), observing: [\.standardOutputContent]) {
            [signal] in
            let cluster = try PostgresCluster.temporary(logger: quietly)
            let server = try await cluster.start()
            print("server \(await server.processID ?? 0) \(cluster.dataFolder)")
            fflush(nil)
            kill(getpid(), signal)
        }
        let (processID, folder) = try announcement(in: result)
        let isOver = try await eventually { !isRunning(processID) && !exists(folder) }
        #expect(isOver)
    }

    #if os(Linux)
        @Test("and its caretaker too, the next start replaces the server that was left")
        func leftOver() async throws {
            try await withFolder { parent in
                let folder = "\(parent)/data"
                let result = await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
                    [folder = folder as String] in
                    let server = try await PostgresCluster(dataFolder: folder, logger: quietly).start()
                    _ = try await query("create table t (n int); insert into t values (1)", at: server.databaseURL)
                    print("server \(await server.processID ?? 0) \(folder)")
                    fflush(nil)
                    for caretaker in children(named: "sh") { kill(caretaker, SIGKILL) }
                    kill(getpid(), SIGKILL)
                }
                let (processID, _) = try announcement(in: result)
                #expect(isRunning(processID))
                let rows = try await PostgresCluster(dataFolder: folder, logger: quietly).withServer { server in
                    #expect(!isRunning(processID))
                    return try await query("select n from t", at: server.databaseURL)
                }
                #expect(rows == "1")
            }
        }
    #endif

    private func announcement(in result: ExitTest.Result?) throws -> (processID: Int32, folder: String) {
        let output = try #require(result).standardOutputContent
        let words = try #require(
            String(decoding: output, as: UTF8.self)
                .split(separator: "\n")
                .first { $0.hasPrefix("server ") }?
                .split(separator: " ")
        )
        return (try #require(Int32(words[1])), String(words[2]))
    }
}

/// The children of this process that run a program of this name.
private func children(named name: String) -> [Int32] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap(Int32.init).filter { processID in
        // "4711 (sh) S 4710 …": the parent is the second word after the name.
        let status = FileManager.default.contents(atPath: "/proc/\(processID)/stat")
        let words = status.map { String(decoding: $0, as: UTF8.self).split(separator: " ") } ?? []
        return words.count > 3 && words[1] == "(\(name))" && words[3] == "\(getpid())"
    }
}
