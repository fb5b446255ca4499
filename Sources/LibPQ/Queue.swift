/// First in, first out, on an array: the front moves, and the space before it is reclaimed in bulk.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var front = 0

    var count: Int { elements.count - front }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func prepend(_ element: Element) {
        if front > 0 {
            front -= 1
            elements[front] = element
        } else {
            elements.insert(element, at: 0)
        }
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[front].take()
        front += 1
        if front == elements.count {
            elements.removeAll(keepingCapacity: true)
            front = 0
        } else if front >= 64, front * 2 >= elements.count {
            elements.removeFirst(front)
            front = 0
        }
        return element
    }

    func forEach(_ body: (Element) -> Void) {
        for case let element? in elements[front...] { body(element) }
    }

    /// Removes the elements that match and returns them in order.
    mutating func removeAll(where matches: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        forEach { if matches($0) { removed.append($0) } }
        guard !removed.isEmpty else { return [] }
        elements = elements[front...].filter { $0.map { !matches($0) } ?? false }
        front = 0
        return removed
    }

    /// Removes the first element that matches.
    mutating func remove(where matches: (Element) -> Bool) -> Element? {
        guard let index = elements[front...].firstIndex(where: { $0.map(matches) ?? false }) else { return nil }
        return elements.remove(at: index)
    }
}
