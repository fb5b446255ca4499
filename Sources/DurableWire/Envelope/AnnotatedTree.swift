/// The values that annotations point at, found in one walk over the JSON text.
///
/// Only what some path names is kept, so that the work is linear in the size of the body, however many annotations there
/// are and however they are arranged.
struct AnnotatedTree {
    private struct Node {
        var children: [[UInt8]: Int] = [:]
        /// `nil` until the value is found.
        var kind: JSONKind?
        /// Where a value stands that is no container.
        var range = 0..<0
        /// Which visit of its container found it.
        ///
        /// Of two members with one name the last counts, and what the first contained is gone.
        var foundInVisit = 0
        /// The latest visit of this value.
        var visit = 0
        /// What it has become.
        var type: RichType?
        /// Whether some annotation makes a Map of it: then its elements must be objects.
        var isMap = false
        /// How many of the elements that no path names are neither arrays nor objects.
        var scalarElements = 0
    }

    private var nodes = [Node()]
    private var visits = 0

    /// Collects the paths.
    init(_ annotations: [Annotation]) {
        for annotation in annotations {
            var node = 0
            for step in annotation.path {
                if let child = nodes[node].children[step.key] {
                    node = child
                } else {
                    nodes.append(Node())
                    nodes[node].children[step.key] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            if annotation.type == .map { nodes[node].isMap = true }
        }
    }

    // MARK: Finding

    private struct Frame {
        let node: Int
        let isObject: Bool
        var index = 0
    }

    /// Walks the value that the cursor stands before, and notes what the paths lead to.
    mutating func find(from cursor: inout JSONCursor) throws(JSONSyntaxError) {
        var open: [Frame] = []
        if let frame = try visit(0, foundInVisit: 0, &cursor) { open.append(frame) }
        // Each round stands before a member's name, or before an element.
        while let frame = open.last {
            if let child = try nextChild(of: frame, &cursor) {
                if let inner = try visit(child, foundInVisit: nodes[frame.node].visit, &cursor) {
                    open.append(inner)
                    continue
                }
            }
            open[open.count - 1].index += 1
            while let innermost = open.last,
                try !(innermost.isObject ? cursor.nextMember() : cursor.nextElement())
            {
                open.removeLast()
                if !open.isEmpty { open[open.count - 1].index += 1 }
            }
        }
    }

    /// The node of the value that comes next in an open container; `nil` when no path names it, and it is stepped over.
    private mutating func nextChild(of frame: Frame, _ cursor: inout JSONCursor) throws(JSONSyntaxError) -> Int? {
        let children = nodes[frame.node].children
        if frame.isObject {
            let name = try cursor.key()
            if let child = children[JSONText.key(cursor.bytes, name)] { return child }
        } else {
            if !children.isEmpty, let child = children[Array(String(frame.index).utf8)] { return child }
            switch try cursor.peek() {
            case .object, .array: break
            case .null, .true, .false, .number, .string: nodes[frame.node].scalarElements += 1
            }
        }
        _ = try cursor.skipValue()
        return nil
    }

    /// Notes a value; steps over it, or into it when there is more to find inside.
    private mutating func visit(
        _ node: Int,
        foundInVisit: Int,
        _ cursor: inout JSONCursor
    ) throws(JSONSyntaxError) -> Frame? {
        let kind = try cursor.peek()
        visits += 1
        nodes[node].kind = kind
        nodes[node].foundInVisit = foundInVisit
        nodes[node].visit = visits
        nodes[node].scalarElements = 0
        switch kind {
        case .object where !nodes[node].children.isEmpty:
            return try cursor.enterObject() ? Frame(node: node, isObject: true) : nil
        case .array where !nodes[node].children.isEmpty || nodes[node].isMap:
            return try cursor.enterArray() ? Frame(node: node, isObject: false) : nil
        case .null, .true, .false, .number, .string, .array, .object:
            nodes[node].range = try cursor.skipValue()
            return nil
        }
    }

    // MARK: Applying

    /// What the whole value has become; `nil` is what it was.
    var rootType: RichType? { nodes[0].type }

    /// Applies one annotation, after those before it; returns what is wrong with it.
    mutating func apply(_ annotation: Annotation, _ bytes: UnsafeRawBufferPointer) -> AnnotationProblem? {
        var node = 0
        for step in annotation.path {
            let parent = nodes[node]
            // What has become a Set, a Map or the like has no members any more.
            guard parent.type == nil, let child = parent.children[step.key], nodes[child].kind != nil,
                nodes[child].foundInVisit == parent.visit
            else { return .missingValue }
            node = child
        }
        guard let type = annotation.type else { return nil }
        guard canBecome(type, node, bytes) else { return .unfitValue(type) }
        nodes[node].type = type
        return nil
    }

    private func canBecome(_ type: RichType, _ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let node = nodes[index]
        if let earlier = node.type { return earlier.canBecome(type) }
        // `undefined` as a whole: nobody annotates what is not there, and nothing but `undefined` could be carried on.
        guard let kind = node.kind else { return type == .undefined }
        let text = UnsafeRawBufferPointer(rebasing: bytes[node.range])
        switch (type, kind) {
        case (.nan, _), (.undefined, _), (.date, _): return true
        case (.bigInt, .true), (.bigInt, .false): return true
        case (.bigInt, .number): return RichValue.isInteger(text)
        case (.bigInt, .string): return RichValue.isBigInt(JSONText.string(inQuotes: text))
        case (.url, .string): return RichValue.isURL(JSONText.string(inQuotes: text))
        case (.regExp, .string): return RichValue.isRegExp(JSONText.string(inQuotes: text))
        case (.set, .array), (.set, .string), (.set, .null): return true
        case (.map, .null): return true
        case (.map, .string): return text.count == 2
        case (.map, .array):
            return node.scalarElements == 0 && node.children.values.allSatisfy { isEntry($0, of: node) }
        default: return false
        }
    }

    /// Whether a Map can be made with an element: it must be an object, of whatever kind.
    private func isEntry(_ index: Int, of array: Node) -> Bool {
        let element = nodes[index]
        guard element.kind != nil, element.foundInVisit == array.visit else { return true }
        switch element.type {
        case .bigInt, .nan, .undefined: return false
        case .date, .url, .regExp, .set, .map: return true
        case nil: return element.kind == .array || element.kind == .object
        }
    }
}

extension RichType {
    /// Whether JavaScript can make another type of a value that has become this one.
    fileprivate func canBecome(_ type: RichType) -> Bool {
        switch (self, type) {
        case (_, .nan), (_, .undefined): true
        case (.bigInt, .date): false
        case (_, .date): true
        case (.regExp, .regExp): false
        case (.undefined, .set), (.undefined, .map), (.map, .set): true
        default: self == type
        }
    }
}
