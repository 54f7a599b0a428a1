internal import POSIX

/// Reads files of time zones (RFC 8536, `tzfile(5)`).
enum ZoneFile {
  struct Content {
    var transitions: [ZoneRules.Transition] = []
    var first = 0.0
    var footer: String?
  }

  /// The content; nil when it is no such file.
  static func parse(_ bytes: [UInt8]) -> Content? {
    guard let old = Header(bytes, at: 0) else { return nil }
    guard old.version >= UInt8(ascii: "2") else { return content(bytes, old, timeSize: 4) }
    // The second part has times of 64 bits.
    guard let new = Header(bytes, at: old.end(timeSize: 4)), var content = content(bytes, new, timeSize: 8) else {
      return nil
    }
    let rest = bytes.dropFirst(new.end(timeSize: 8))
    if rest.first == 0x0A, let end = rest.dropFirst().firstIndex(of: 0x0A) {
      content.footer = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
    }
    return content
  }

  private struct Header {
    var version: UInt8
    var start: Int
    var utcCount, standardCount, leapCount, timeCount, typeCount, letterCount: Int

    init?(_ bytes: [UInt8], at place: Int) {
      guard place >= 0, place <= bytes.count - 44, bytes[place..<place + 4].elementsEqual("TZif".utf8) else {
        return nil
      }
      version = bytes[place + 4]
      start = place + 44
      var counts: [Int] = []
      for index in 0..<6 {
        let count = ZoneFile.integer(bytes, place + 20 + index * 4, 4)
        guard (0...100_000).contains(count) else { return nil }
        counts.append(Int(clamping: count))
      }
      (utcCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
      (timeCount, typeCount, letterCount) = (counts[3], counts[4], counts[5])
    }

    func end(timeSize: Int) -> Int {
      start + timeCount * (timeSize + 1) + typeCount * 6 + letterCount + leapCount * (timeSize + 4) + standardCount
        + utcCount
    }
  }

  private static func content(_ bytes: [UInt8], _ header: Header, timeSize: Int) -> Content? {
    guard header.typeCount > 0, header.end(timeSize: timeSize) <= bytes.count else { return nil }
    let types = header.start + header.timeCount * (timeSize + 1)
    func offset(_ type: Int) -> Double { Double(integer(bytes, types + type * 6, 4)) }
    var content = Content(first: offset(0))
    content.transitions.reserveCapacity(header.timeCount)
    for index in 0..<header.timeCount {
      let type = Int(widening: bytes[header.start + header.timeCount * timeSize + index])
      guard type < header.typeCount else { return nil }
      let time = Double(integer(bytes, header.start + index * timeSize, timeSize))
      if let last = content.transitions.last, last.time > time { return nil }
      content.transitions.append(ZoneRules.Transition(time: time, offset: offset(type)))
    }
    return content
  }

  /// A signed integer, the highest byte first; the caller has checked that it is there.
  private static func integer(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int64 {
    var value: UInt64 = 0
    for index in 0..<count { value = value << 8 | UInt64(widening: bytes[place + index]) }
    return count == 4
      ? Int64(widening: Int32(truncatingIfNeeded: value)) : Int64(truncatingIfNeeded: value)
  }
}
