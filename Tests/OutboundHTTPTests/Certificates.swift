import NIOSSL
import Subprocess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An authority and certificates of its, made for the moment by `openssl`.
struct Certificates: Sendable {
    struct Failed: Error {
        let arguments: [String]
    }

    let authority: [NIOSSLCertificate]
    /// For localhost and 127.0.0.1.
    let valid: NIOSSLContext
    /// For another host.
    let foreign: NIOSSLContext
    /// For localhost and 127.0.0.1, until yesterday.
    let expired: NIOSSLContext

    /// Lends an authority whose files are removed afterwards.
    static func with<Result>(_ body: (Certificates) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(Certificates(in: folder.path))
    }

    private init(in folder: String) async throws {
        try await Self.openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=An authority of the tests", "-out", folder + "/authority.pem"]
                + Self.newKey(folder + "/authority.key")
        )
        authority = try NIOSSLCertificate.fromPEMFile(folder + "/authority.pem")
        let here = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        valid = try await Self.certificate("valid", names: here, days: 2, in: folder)
        foreign = try await Self.certificate("foreign", names: "subjectAltName=DNS:elsewhere.test", days: 2, in: folder)
        expired = try await Self.certificate("expired", names: here, days: -1, in: folder)
    }

    private static func newKey(_ path: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]
    }

    /// What a server with a new certificate of the authority speaks TLS with.
    private static func certificate(
        _ name: String,
        names: String,
        days: Int,
        in folder: String
    ) async throws -> NIOSSLContext {
        let path = "\(folder)/\(name)"
        try Data(names.utf8).write(to: URL(filePath: path + ".extensions"))
        try await openssl(["req", "-new", "-subj", "/CN=\(name)", "-out", path + ".request"] + newKey(path + ".key"))
        try await openssl([
            "x509", "-req", "-in", path + ".request", "-CA", folder + "/authority.pem", "-CAkey",
            folder + "/authority.key",
            "-CAcreateserial", "-days", "\(days)", "-extfile", path + ".extensions", "-out", path + ".pem",
        ])
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(path + ".pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: path + ".key", format: .pem))
        )
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func openssl(_ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .discarded
        )
        guard result.terminationStatus.isSuccess else { throw Failed(arguments: arguments) }
    }
}
