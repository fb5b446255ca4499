/// Finds what somebody who mistyped a name may have meant.
enum Suggestion {
    /// ` (did you mean …?)` with the candidate that is nearest, or nothing when none is near.
    static func text(for name: String, among candidates: some Sequence<String>) -> String {
        let letters = Array(name.lowercased())
        let tolerance = max(1, letters.count / 3)
        let nearest = candidates.sorted()
            .map { (candidate: $0, distance: distance(letters, Array($0.lowercased()))) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= tolerance else { return "" }
        return " (did you mean \"\(nearest.candidate)\"?)"
    }

    /// How many letters have to be inserted, removed, replaced or swapped with their neighbour to get from one to the other.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(rows[row][column + 1] + 1, current[column] + 1)
                best = min(best, rows[row][column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                current.append(best)
            }
            rows.append(current)
        }
        return rows[left.count][right.count]
    }
}
