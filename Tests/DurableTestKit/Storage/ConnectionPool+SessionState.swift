package import LibPQ

extension ConnectionPool {
    /// What earlier transactions have left behind in one of the pool's sessions, in words.
    package func sessionState() async throws(DatabaseError) -> [String] {
        try await withConnection { connection throws(DatabaseError) in
            // The settings that are left out are those which pgbouncer itself carries over from client to client.
            let rows = try connection.query(
                """
                select 'prepared statement ' || statement from pg_prepared_statements
                union all select 'cursor ' || name from pg_cursors where is_holdable
                union all select 'channel ' || channel from pg_listening_channels() as channel
                union all select 'temporary relation ' || relname from pg_class where relnamespace = pg_my_temp_schema()
                union all select 'advisory lock' from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
                union all select 'setting ' || name from pg_settings
                where source = 'session' and lower(name) not in
                    ('application_name', 'client_encoding', 'datestyle', 'standard_conforming_strings', 'timezone')
                """
            )
            var state: [String] = []
            for row in rows { state.append(try row.string(0)) }
            return state
        }
    }
}
