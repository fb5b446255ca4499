import DurableCore
extension ExecutionError {
    var json: [UInt8] { [] }
    init?(json: [UInt8]) { nil }
}
