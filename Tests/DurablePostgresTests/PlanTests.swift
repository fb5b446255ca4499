import DurablePostgres
import Foundation
import Testing

@Suite("Plans at a million executions", .serialized, .millionExecutions)
struct PlanTests {
    @Test("finds what it needs by index, and reads and sorts no more than that", arguments: PlanCase.all)
    func plan(_ plan: PlanCase) async throws {
        let data = try #require(PlanData.current)
        for mode in PlanLook.Mode.allCases {
            let look = try await data.look(at: plan.sql(data.statements), mode)
            #expect(look.scanned.subtracting(plan.scans).isEmpty, "\(mode) plan: \(look.text)")
            #expect(look.sorted <= plan.reads, "\(mode) plan: \(look.text)")
            // From there on PostgreSQL compiles a plan before it executes it, for a tenth of a second (jit_above_cost).
            #expect(look.plan.cost < 100_000, "\(mode) plan: \(look.text)")
            let read = look.readings.filter { !plan.scans.contains($0.table) }
            #expect(read.map(\.count).reduce(0, +) <= plan.reads, "\(mode) plan read \(read): \(look.text)")
        }
    }

    @Test("covers every statement that there is")
    func coverage() throws {
        let names = try PlanNames.all()
        #expect(names.count > 40)
        #expect(Set(PlanCase.all.map(\.statement)).symmetricDifference(names) == [])
    }
}
