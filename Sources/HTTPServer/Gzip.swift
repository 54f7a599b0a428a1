internal import CZlib

/// A compressor that makes gzip members (RFC 1952) and keeps its 256 KiB of working memory from one to the next.
public struct Gzip: ~Copyable {
  // zlib keeps a pointer back to this structure: it must stay where it is, so it lives on the heap.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isReady: Bool

  /// Prepares a compressor.
  ///
  /// - Parameter level: 1 (fastest) to 9 (smallest); others are taken as the nearest of these.
  public init(level: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 is the largest window, 16 asks for gzip's header and trailer in place of zlib's.
    isReady =
      deflateInit2_(
        stream, Int32(max(1, min(level, 9))), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    if isReady { deflateEnd(stream) }
    stream.deallocate()
  }

  /// One gzip member that holds `bytes`; nil when there is not enough memory.
  public mutating func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard isReady, deflateReset(stream) == Z_OK, let length = UInt32(exactly: bytes.count) else { return nil }
    let bound = Int(clamping: deflateBound(stream, UInt(length)))
    let target = stream
    var isComplete = false
    let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      bytes.withUnsafeBufferPointer { input in
        // zlib never writes to its input; both pointers are used within this closure alone.
        target.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        target.pointee.avail_in = length
        target.pointee.next_out = output.baseAddress
        target.pointee.avail_out = UInt32(clamping: output.count)
        isComplete = deflate(target, Z_FINISH) == Z_STREAM_END
        count = output.count - Int(target.pointee.avail_out)
        target.pointee.next_in = nil
        target.pointee.next_out = nil
      }
    }
    return isComplete ? result : nil
  }

  /// Compresses once, by a compressor of its own.
  public static func compress(_ bytes: [UInt8], level: Int) -> [UInt8]? {
    var compressor = Gzip(level: level)
    return compressor.compress(bytes)
  }
}
