import DurableWire
import HTTPTypes
import Hummingbird
import NIOCore

/// A body that broke off, or whose framing was wrong.
struct UnreadableBody: Error {}

extension Request {
    /// The length of the body if the head tells it; refuses one that is too large before any of it is read.
    func announcedLength(atMost limit: Int) throws(RPCError) -> Int? {
        guard let text = headers[.contentLength] else {
            return headers[.transferEncoding] == nil ? 0 : nil
        }
        guard let length = Int(text), length <= limit else { throw .tooLarge(limit: limit) }
        return length
    }
}

extension RequestBody {
    /// Reads all of the body.
    func read(atMost limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in self {
                guard bytes.count + buffer.readableBytes <= limit else { throw RPCError.tooLarge(limit: limit) }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch let error as RPCError {
            throw error
        } catch let error as RequestTooSlow {
            throw error
        } catch {
            try Task.checkCancellation()
            throw UnreadableBody()
        }
        return bytes
    }
}

extension RPCError {
    fileprivate static func tooLarge(limit: Int) -> RPCError {
        RPCError(.payloadTooLarge, message: "The request is larger than \(limit) bytes, the most that is accepted")
    }
}
