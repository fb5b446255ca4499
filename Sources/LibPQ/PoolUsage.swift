/// How busy a pool is at one moment.
package struct PoolUsage: Sendable, Hashable {
    /// The most connections that the pool opens.
    package var capacity: Int
    /// Callers waiting for a connection.
    package var waiting: Int
    /// Connections lent out.
    package var outstanding = 0
    /// Open connections, lent out or not.
    package var connected = 0
}
