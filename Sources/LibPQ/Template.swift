extension SQL {
    /// A statement's text in the pieces that it was written in.
    ///
    /// They are put together only where the server or a person has to read them: at most calls the template serves to find
    /// what was prepared from an equal one, and comparing pieces that are the same literal or string takes no reading.
    struct Template: Hashable, Sendable {
        fileprivate enum Piece: Sendable {
            case text(String)
            case parameter(Binding, isArray: Bool)
        }

        private var pieces: [Piece] = []

        init() {}

        init(_ text: String) { append(text) }

        mutating func reserve(_ interpolations: Int) { pieces.reserveCapacity(2 * interpolations + 1) }

        mutating func append(_ text: String) { pieces.append(.text(text)) }

        mutating func append(_ other: Template) { pieces += other.pieces }

        mutating func appendParameter(_ binding: Binding, isArray: Bool) {
            pieces.append(.parameter(binding, isArray: isArray))
        }

        /// The text, with a number and a type for each parameter.
        var text: String {
            var text = ""
            var number = 0
            for piece in pieces {
                switch piece {
                case .text(let part):
                    text += part
                case .parameter(let binding, let isArray):
                    number += 1
                    text += "$\(number)::\(binding.name)"
                    if isArray { text += "[]" }
                }
            }
            return text
        }

        static func == (left: Template, right: Template) -> Bool { left.pieces == right.pieces }

        func hash(into hasher: inout Hasher) {
            for piece in pieces { hasher.combine(piece.size) }
        }
    }
}

extension SQL.Template.Piece: Equatable {
    static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left == right
        case (.parameter(let left, let isArray), .parameter(let right, let isRightArray)):
            left.type == right.type && isArray == isRightArray
        case (.text, .parameter), (.parameter, .text): false
        }
    }

    /// Tells most statements apart, and is known without reading them.
    fileprivate var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .parameter(let binding, let isArray): -Int((isArray ? binding.arrayType : binding.type).rawValue)
        }
    }
}
