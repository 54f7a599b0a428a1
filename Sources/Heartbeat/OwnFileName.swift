internal import Glibc

/// The names of processes' own files in a folder of heartbeats: `eu/bidder` has `eu%2Fbidder.json`. docs/file-format.md
/// has the rules.
///
/// A process has exactly one file name, and no two processes have the same.
public enum OwnFileName {
  /// The longest process name in bytes, percent-encoded: a file name has at most 255.
  public static let longestName = 250
  private static let suffix = ".json"

  /// The file of a process; nil when no file can have that name.
  public static func file(of process: String) -> String? {
    var name: [UInt8] = []
    for byte in process.utf8 {
      let isFirstDot = name.isEmpty && byte == UInt8(ascii: ".")
      guard mustBeEncoded(byte) || isFirstDot else {
        name.append(byte)
        continue
      }
      name += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
    }
    guard !name.isEmpty, name.count <= longestName else { return nil }
    return String(decoding: name, as: UTF8.self) + suffix
  }

  /// The process that a file belongs to; nil when `file(of:)` makes no such name.
  public static func process(of file: some Collection<UInt8>) -> String? {
    let spelt = Array(file)
    let length = suffix.utf8.count
    guard spelt.count > length, spelt.suffix(length).elementsEqual(suffix.utf8) else { return nil }
    var name: [UInt8] = []
    var rest = spelt.dropLast(length)
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        name.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value) else { return nil }
      name.append(high << 4 | low)
    }
    // Made anew, so that no second spelling claims the process.
    guard let process = String(validating: name, as: UTF8.self),
      self.file(of: process)?.utf8.elementsEqual(spelt) == true
    else { return nil }
    return process
  }

  /// Whether a file belongs to a process.
  static func isOfProcess(_ file: [UInt8]) -> Bool {
    guard file.count > suffix.utf8.count, file.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    else { return false }
    let name = file.dropLast(suffix.utf8.count)
    // Most names are spelt as they are.
    let isPlain =
      name.first != UInt8(ascii: ".") && name.count <= longestName
      && name.allSatisfy { $0 < 0x80 && !mustBeEncoded($0) }
    return isPlain || process(of: file) != nil
  }

  private static func mustBeEncoded(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%")
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "A") &+ (value &- 10)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit &- UInt8(ascii: "A") &+ 10
    default: nil
    }
  }
}

/// What a path that writers and readers are given means.
public enum HeartbeatLocation {
  /// Whether it is taken for a folder in which each process has a file of its own: it is one, or ends in `/` or `.d`.
  public static func isFolder(_ path: String) -> Bool {
    if path.utf8.last == UInt8(ascii: "/") || path.utf8.suffix(2).elementsEqual(".d".utf8) { return true }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
