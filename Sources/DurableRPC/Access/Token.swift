import Crypto

/// One token: what it is called, what it allows, and the SHA-256 of its text.
///
/// The text itself is not kept.
package struct Token: Sendable {
    /// What people know it by; may be logged.
    package let name: String
    package let roles: Set<Role>
    /// The SHA-256 of the token's UTF-8, 32 bytes.
    let digest: [UInt8]

    init(name: String, roles: Set<Role>, digest: [UInt8]) {
        self.name = name
        self.roles = roles
        self.digest = digest
    }

    /// A token by its text.
    package init(name: String, roles: Set<Role>, text: String) {
        self.init(name: name, roles: roles, digest: Self.digest(of: text.utf8))
    }

    /// Whether it has all of these roles, or is an admin's.
    package func grants(_ required: Set<Role>) -> Bool {
        roles.contains(.admin) || roles.isSuperset(of: required)
    }

    static func digest(of text: some Sequence<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: Array(text)))
    }
}
