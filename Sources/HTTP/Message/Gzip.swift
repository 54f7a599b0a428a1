internal import CZlib
internal import POSIX

/// A compressor that makes gzip members (RFC 1952) of parts, each of which can be kept and used again in other members.
///
/// A part is a sequence of deflate blocks that ends at a byte boundary and looks back to nothing before it, so that
/// parts can stand behind each other in any order; the member's checksum follows from theirs by `crc32_combine`.
/// The 256 KiB of working memory are kept from one part to the next.
public struct Gzip: ~Copyable {
  /// A piece of a body, compressed.
  public struct Part: Sendable {
    /// Deflate blocks, none of them marked as the last one.
    public let bytes: [UInt8]
    /// The checksum of what was compressed.
    let checksum: UInt32
    /// The length of what was compressed, in bytes.
    let length: Int
  }

  // zlib keeps a pointer back to this structure: it must stay where it is, so it lives on the heap.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isReady: Bool
  /// Where zlib writes to, before a copy of the right size is made.
  private var output: [UInt8] = []
  /// How many bytes were compressed so far.
  public private(set) var compressedBytes = 0

  /// Prepares a compressor.
  ///
  /// - Parameter level: 1 (fastest) to 9 (smallest); others are taken as the nearest of these.
  public init(level: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 is the largest window; negative asks for deflate's blocks without a header and trailer around them.
    isReady =
      deflateInit2_(
        stream, Int32(clamping: max(1, min(level, 9))), Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    if isReady { deflateEnd(stream) }
    stream.deallocate()
  }

  /// Compresses a part; nil when there is not enough memory.
  public mutating func part(_ bytes: [UInt8]) -> Part? {
    guard isReady, deflateReset(stream) == Z_OK, let length = UInt32(exactly: bytes.count) else { return nil }
    // What a flush adds: an empty block behind the last one.
    let bound = Int(clamping: deflateBound(stream, UInt(widening: length))) + 16
    if output.count < bound { output = [UInt8](unsafeUninitializedCapacity: bound) { $1 = bound } }
    let target = stream
    let count = output.withUnsafeMutableBufferPointer { output in
      bytes.withUnsafeBufferPointer { input in
        // zlib never writes to its input; both pointers are used within this closure alone.
        target.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        target.pointee.avail_in = length
        target.pointee.next_out = output.baseAddress
        target.pointee.avail_out = UInt32(clamping: output.count)
        let status = deflate(target, Z_SYNC_FLUSH)
        defer { (target.pointee.next_in, target.pointee.next_out) = (nil, nil) }
        // An empty input may leave nothing to flush, which zlib calls a buffer error.
        guard status == Z_OK || (status == Z_BUF_ERROR && length == 0) else { return -1 }
        guard target.pointee.avail_in == 0, target.pointee.avail_out > 0 else { return -1 }
        return output.count - Int(widening: target.pointee.avail_out)
      }
    }
    guard count >= 0 else { return nil }
    compressedBytes += bytes.count
    let checksum = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, length) }
    return Part(
      bytes: Array(output[..<count]), checksum: bytes.isEmpty ? 0 : UInt32(truncatingIfNeeded: checksum),
      length: bytes.count)
  }

  /// ID1, ID2, CM of RFC 1952, no flags, no time, XFL 4 for the fastest algorithm, OS 3 for Unix.
  /// Parts may follow it for as long as anybody likes: of a member without an end each can be read when it comes.
  public static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 3]
  /// The last block, which is empty.
  private static let lastBlock: [UInt8] = [3, 0]

  /// One gzip member of these parts, in pieces that belong one behind the other.
  public static func member(_ parts: [Part]) -> [[UInt8]] {
    var pieces = [header]
    var checksum: UInt = 0
    var length = 0
    for part in parts {
      pieces.append(part.bytes)
      checksum = crc32_combine(checksum, UInt(widening: part.checksum), part.length)
      length &+= part.length
    }
    var trailer = lastBlock
    for value in [UInt32(truncatingIfNeeded: checksum), UInt32(truncatingIfNeeded: length)] {
      for shift in [0, 8, 16, 24] as [UInt32] { trailer.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    pieces.append(trailer)
    return pieces
  }

  /// One gzip member that holds all these pieces, in pieces; nil when there is not enough memory.
  public mutating func compress(_ pieces: [[UInt8]]) -> [[UInt8]]? {
    var parts: [Part] = []
    for piece in pieces {
      guard let part = part(piece) else { return nil }
      parts.append(part)
    }
    return Gzip.member(parts)
  }

  /// One gzip member that holds `bytes`; nil when there is not enough memory.
  public mutating func compress(_ bytes: [UInt8]) -> [UInt8]? {
    part(bytes).map { Array(Gzip.member([$0]).joined()) }
  }

  /// Compresses once, by a compressor of its own.
  public static func compress(_ bytes: [UInt8], level: Int) -> [UInt8]? {
    var compressor = Gzip(level: level)
    return compressor.compress(bytes)
  }
}
