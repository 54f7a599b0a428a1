/// Where the parts of a heartbeat file's text stand: what a writer must know to change some of its bytes and keep all
/// others.
struct HeartbeatDocument {
  /// One member of `processes`.
  struct Entry {
    /// The name with its quotes and escapes, as it stands in the text.
    var key: Range<Int>
    var value: Range<Int>
    /// The Unix time of the last beat; nil when the entry has none.
    var lastHeartbeat: Double?
  }

  /// Right behind the text's opening brace.
  var start = 0
  /// Whether the text's object has any member.
  var isEmpty = true
  /// The value of `last_updated`.
  var lastUpdated: Range<Int>?
  /// The value of `processes`.
  var processes: Range<Int>?
  var entries: [Entry] = []

  /// Walks over the whole text; anything that is not a heartbeat file's shape throws.
  init(scanning bytes: UnsafeRawBufferPointer) throws(JSONError) {
    var scanner = JSONScanner(bytes)
    scanner.skipWhiteSpace()
    guard scanner.next == UInt8(ascii: "{") else { throw scanner.error("expected an object") }
    start = scanner.position + 1
    var document = self
    try scanner.object { (scanner, key) throws(JSONError) in
      document.isEmpty = false
      let start = scanner.position
      switch scanner.text(of: key) {
      case "last_updated":
        try scanner.skipValue(depth: 1)
        document.lastUpdated = start..<scanner.position
      case "processes":
        // A file whose `processes` is null has none yet.
        document.entries = []
        if scanner.next == UInt8(ascii: "n") {
          try scanner.skipWord("null")
        } else {
          guard scanner.next == UInt8(ascii: "{") else { throw scanner.error("\"processes\" is not an object") }
          try document.scanEntries(&scanner)
        }
        document.processes = start..<scanner.position
      default: try scanner.skipValue(depth: 1)
      }
    }
    try scanner.expectEnd()
    self = document
  }

  private mutating func scanEntries(_ scanner: inout JSONScanner) throws(JSONError) {
    var entries = entries
    try scanner.object { (scanner, key) throws(JSONError) in
      let start = scanner.position
      var time: Double?
      if scanner.next == UInt8(ascii: "{") {
        try scanner.object { (scanner, key) throws(JSONError) in
          if scanner.isKey(key, Heartbeat.Key.lastHeartbeat) {
            time = try scanner.number()
          } else {
            try scanner.skipValue(depth: 3)
          }
        }
      } else {
        try scanner.skipValue(depth: 2)
      }
      entries.append(Entry(key: key, value: start..<scanner.position, lastHeartbeat: time))
    }
    self.entries = entries
  }
}

extension JSONScanner {
  /// Whether a key that has been passed means this name.
  func isKey(_ key: Range<Int>, _ name: String) -> Bool {
    let content = UnsafeRawBufferPointer(rebasing: bytes[key.lowerBound + 1..<key.upperBound - 1])
    if content.contains(UInt8(ascii: "\\")) { return text(of: key).utf8.elementsEqual(name.utf8) }
    return content.elementsEqual(name.utf8)
  }
}
