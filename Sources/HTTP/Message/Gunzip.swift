internal import CZlib
internal import POSIX

/// Unpacks what gzip packed (RFC 1952).
public enum Gunzip {
  /// Why something is not unpacked.
  public enum Failure: Error, Equatable {
    /// It is no gzip, or ends in the middle.
    case malformed
    /// It is more than may be.
    case tooLarge
    /// There is not enough memory.
    case noMemory
  }

  /// Unpacks all members.
  ///
  /// - Parameter limit: the most bytes that may come of it: a thousandth of that is enough to make it.
  public static func decompress(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    guard let length = UInt32(exactly: bytes.count) else { throw .tooLarge }
    // zlib keeps a pointer back to this structure: it must stay where it is, so it lives on the heap.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    // 15 is the largest window; 16 more takes gzip's header and trailer and nothing else.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .noMemory
    }
    defer { inflateEnd(stream) }
    var output: [UInt8] = []
    let failure = bytes.withUnsafeBufferPointer { input -> Failure? in
      // zlib never writes to its input; the pointer is used within this closure alone.
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = length
      return inflateMembers(stream, into: &output, limit: limit)
    }
    if let failure { throw failure }
    return output
  }

  private static func inflateMembers(
    _ stream: UnsafeMutablePointer<z_stream>, into output: inout [UInt8], limit: Int
  ) -> Failure? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 * 1024) { part -> Failure? in
      while true {
        stream.pointee.next_out = part.baseAddress
        stream.pointee.avail_out = UInt32(clamping: part.count)
        let status = inflate(stream, Z_NO_FLUSH)
        let count = part.count - Int(widening: stream.pointee.avail_out)
        guard output.count + count <= limit else { return .tooLarge }
        // What inflate wrote of the part is initialized, the rest is not looked at.
        output.append(contentsOf: UnsafeBufferPointer(rebasing: part[..<count]))
        switch status {
        case Z_STREAM_END:
          if stream.pointee.avail_in == 0 { return nil }
          // Members may stand behind each other (section 2.2); each begins anew.
          guard inflateReset(stream) == Z_OK else { return .noMemory }
        case Z_OK: continue
        case Z_MEM_ERROR: return .noMemory
        default: return .malformed
        }
      }
    }
  }
}
