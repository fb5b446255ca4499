import DurableCore
import Testing

@Suite("Fresh execution ids")
struct FreshIdentifierTests {
    @Test("no two are the same, however many are made at one moment by however many")
    func unique() async {
        let now = Timestamp(microseconds: 1_763_800_000_000_000)
        let ids = await withTaskGroup(of: [ExecutionID].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<2500).map { _ in ExecutionID.fresh(at: now) } }
            }
            return await group.reduce(into: Set<ExecutionID>()) { ids, made in ids.formUnion(made) }
        }
        #expect(ids.count == 20_000)
    }
}
