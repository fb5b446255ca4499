// swift-tools-version: 6.2
import PackageDescription

// The layers, from the outside in (README, "How it is built"):
//
//   durable ─► DurableBench ─► DurableServer
//   durable ─► DurableServer ─► DurableRPC · DurableExecution · DurableInvoker · DurablePostgres ─► LibPQ ─► CLibPQ
//         └──► DurableClient ─┐         │           │
//                             ├─► DurableCoding ◄───┤
//                             │         │           └─► DurableWorker
//                             └─────────┴─► DurableWire ─► DurableCore
//
// DurableInvoker and DurableClient share OutboundHTTP, which knows nothing of the rest.
//
// A target exists only where it keeps a dependency out of a neighbour or guards a direction.
// `--explicit-target-dependency-import-check error` in scripts/test holds everyone to it.

let package = Package(
    name: "durable-execution",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "DurableExecution", targets: ["DurableExecution"]),
        .library(name: "DurableClient", targets: ["DurableClient"]),
        .library(name: "DurableServer", targets: ["DurableServer"]),
        .executable(name: "durable", targets: ["durable"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // The core: tasks, executions, the state machine, the storage protocol. Imports nothing.
        .target(name: "DurableCore"),

        // oRPC's wire: bytes in, payloads and errors out, and back.
        .target(name: "DurableWire", dependencies: ["DurableCore"]),

        // Codable values as payloads, for Swift on either side of the wire.
        .target(name: "DurableCoding", dependencies: ["DurableCore", "DurableWire"]),

        // PostgreSQL.
        .systemLibrary(
            name: "CLibPQ",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"]), .brew(["libpq"])]
        ),
        .target(
            name: "LibPQ",
            dependencies: [
                "CLibPQ",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "DurablePostgres",
            dependencies: [
                "DurableCore", "DurableWire", "LibPQ",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Migrations")]
        ),
        .target(
            name: "EmbeddedPostgres",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),

        // The engine inside a worker process.
        .target(
            name: "DurableWorker",
            dependencies: [
                "DurableCore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // HTTP/1.1 to others: web apps, and this service from afar.
        .target(
            name: "OutboundHTTP",
            dependencies: [
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ]
        ),

        // Calls the web app's procedures.
        .target(
            name: "DurableInvoker",
            dependencies: [
                "DurableCore", "DurableWire", "OutboundHTTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),

        // Answers the web app's calls.
        .target(
            name: "DurableRPC",
            dependencies: [
                "DurableCore", "DurableWire",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // The public libraries.
        .target(
            name: "DurableExecution",
            dependencies: [
                "DurableCore", "DurableCoding", "DurableWire", "DurableWorker",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "DurableClient",
            dependencies: [
                "DurableCore", "DurableCoding", "DurableWire", "OutboundHTTP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .target(
            name: "DurableServer",
            dependencies: [
                "DurableCore", "DurableExecution", "DurableInvoker", "DurablePostgres", "DurableRPC", "DurableWorker",
                "LibPQ",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),

        // `durable bench`.
        .target(
            name: "DurableBench",
            dependencies: [
                "DurableCore", "DurablePostgres", "DurableServer", "DurableWire", "DurableWorker", "LibPQ",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),

        // The command line and composition root.
        .executableTarget(
            name: "durable",
            dependencies: [
                "DurableBench", "DurableClient", "DurableCore", "DurableExecution", "DurableInvoker", "DurablePostgres",
                "DurableRPC", "DurableServer", "DurableWire", "DurableWorker", "EmbeddedPostgres", "LibPQ",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // A web app whose procedures are the tasks: the README's example. Uses what every user can use, nothing more.
        .executableTarget(
            name: "example-web-app",
            dependencies: [
                "DurableClient",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/web-app",
            exclude: ["tasks.yaml"]
        ),

        // What the tests share: the storage conformance suite, a PostgreSQL of their own, web apps that misbehave.
        .target(
            name: "DurableTestKit",
            dependencies: [
                "DurableCore", "DurablePostgres", "EmbeddedPostgres", "LibPQ",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/DurableTestKit"
        ),
        .testTarget(
            name: "OutboundHTTPTests",
            dependencies: [
                "DurableTestKit", "OutboundHTTP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(
            name: "DurableRPCTests",
            dependencies: [
                "DurableCore", "DurableRPC", "DurableTestKit", "DurableWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(name: "DurableCoreTests", dependencies: ["DurableCore", "DurableTestKit"]),
        .testTarget(
            name: "DurablePostgresTests",
            dependencies: [
                "DurableCore", "DurablePostgres", "DurableTestKit", "LibPQ",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "DurableInvokerTests",
            dependencies: [
                "DurableCore", "DurableInvoker", "DurableTestKit",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "DurableCodingTests", dependencies: ["DurableCoding", "DurableCore"]),
        .testTarget(
            name: "DurableClientTests",
            dependencies: [
                "DurableClient", "DurableCore", "DurableExecution", "DurableRPC", "DurableTestKit", "DurableWorker",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "DurableExecutionTests",
            dependencies: [
                "DurableCore", "DurableExecution", "DurableTestKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "durable", "example-web-app", "DurableClient", "DurableCore", "DurablePostgres", "DurableTestKit",
                "EmbeddedPostgres", "LibPQ",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "DurableWireTests", dependencies: ["DurableCore", "DurableWire"]),
        .testTarget(
            name: "EmbeddedPostgresTests",
            dependencies: [
                "DurableTestKit", "EmbeddedPostgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(
            name: "LibPQTests",
            dependencies: [
                "DurableTestKit", "EmbeddedPostgres", "LibPQ",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "DurableWorkerTests",
            dependencies: [
                "DurableCore", "DurableTestKit", "DurableWorker",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "DurableServerTests", dependencies: ["DurableCore", "DurableInvoker", "DurableServer"]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "durable", "DurableCore", "DurablePostgres", "DurableTestKit", "LibPQ",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
