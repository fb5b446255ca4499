package import DurableWire

extension Report {
    /// The report as one JSON object.
    package var json: JSON {
        .object([
            .init("benchmark", .string(benchmark)),
            .init("server", .object(server)),
            .init("parameters", .object(parameters)),
            .init("cases", .array(cases.map(Self.json))),
            .init("ratios", .array(ratios.map(Self.json))),
            .init("notes", .array(notes.map { .string($0) })),
        ])
    }

    private static func json(_ tested: Case) -> JSON {
        .object([
            .init("name", .string(tested.name)),
            .init("median", json(tested.median)),
            .init("rounds", .array(tested.rounds.map(json))),
        ])
    }

    private static func json(_ sample: Sample) -> JSON {
        .object(sample.figures.map { .init($0.metric.key, .number($0.value)) })
    }

    private static func json(_ ratio: Ratio) -> JSON {
        .object([
            .init("name", .string(ratio.name)),
            .init("median", ratio.median.map { .number($0) } ?? .null),
            .init("rounds", .array(ratio.rounds.map { .number($0) })),
        ])
    }
}
