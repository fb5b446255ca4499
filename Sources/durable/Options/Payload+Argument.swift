import ArgumentParser
import DurableCore
import DurableWire
import Foundation

extension Payload {
    /// A payload of JSON text that was given on the command line; `-` reads it from standard input.
    ///
    /// - Parameter name: What messages call it.
    init(argument: String, naming name: String) throws {
        let bytes = argument == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : Array(argument.utf8)
        do {
            _ = try JSON(parsing: bytes)
        } catch {
            throw ValidationError("The \(name) is not JSON: \(error)")
        }
        self.init(json: bytes)
    }
}
