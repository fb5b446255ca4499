/// A way to the PostgreSQL that all tests share.
package enum Route: Sendable {
    case direct
    /// Through a pooler in transaction mode.
    case pgbouncer
    /// In sessions with the settings of somebody else, as a pooler may hand them out.
    case foreignSettings

    /// The ways that there are here.
    package static let available: [Route] =
        TestCluster.pgbouncer == nil ? [.direct, .foreignSettings] : [.direct, .foreignSettings, .pgbouncer]

    /// Where it begins.
    package var databaseURL: String {
        get async throws {
            let shared = try await TestCluster.shared
            switch self {
            case .direct: return shared
            case .pgbouncer: return TestCluster.pgbouncer ?? shared
            case .foreignSettings:
                let settings = [
                    "search_path=pg_temp", "timezone=Asia/Kathmandu", "datestyle=SQL,DMY", "intervalstyle=sql_standard",
                    "bytea_output=escape", "extra_float_digits=-15", "standard_conforming_strings=off",
                ]
                let options = settings.map { "-c%20\($0.split(separator: "=").joined(separator: "%3D"))" }
                return shared + (shared.contains("?") ? "&" : "?") + "options=" + options.joined(separator: "%20")
            }
        }
    }
}
