/// What the procedure of a parent answers.
struct Parent: Encodable {
    /// A task to run, of this app or of any other.
    struct Child: Encodable {
        let taskId: String
        let input: Number
    }

    let output: Number
    let children: [Child]
}

/// What a finalize procedure is called with, and what a parent without one completes with.
struct Results: Decodable {
    struct Child: Decodable {
        /// `completed`, or how it ended else; its `error` is there then instead of its output.
        let status: String
        let output: Number?
    }

    let output: Number
    /// In the order in which the parent named them.
    let children: [Child]
}

/// What an iteration of a loop answers.
struct Iteration: Encodable {
    let isDone: Bool
    let output: Number
}

/// What a loop completes with.
struct LoopResult: Decodable {
    /// Whether an iteration was done, rather than that there were enough of them.
    let isSuccess: Bool
    let output: Number?
}
