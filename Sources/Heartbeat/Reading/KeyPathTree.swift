internal import Glibc

/// Every key path of a file once, by number.
///
/// Programs write the same keys in the same order each time, so a key is first compared with the one that followed its
/// predecessor the last time; only a surprise costs a look-up.
struct KeyPathTree {
  /// The keys that mean something to us, as children of the root, in the order in which they are made.
  enum KnownKey: Int, CaseIterable {
    case lastHeartbeat, lastHeartbeatFormatted, pid, status, host, additionalData

    var text: StaticString {
      switch self {
      case .lastHeartbeat: "last_heartbeat"
      case .lastHeartbeatFormatted: "last_heartbeat_formatted"
      case .pid: "pid"
      case .status: "status"
      case .host: "host"
      case .additionalData: "additional_data"
      }
    }
  }

  /// Stands for "no node": the root's parent, the predecessor of a first key.
  static let none = -1

  private struct Node {
    var parent: Int
    /// The key as it stands in the file, in `keys`.
    var key: Range<Int>
    var needsDecoding: Bool
    /// The node that followed this one the last time.
    var following = KeyPathTree.none
    var firstChild = KeyPathTree.none
    var isWanted: Bool
  }

  private struct Place: Hashable {
    let parent: Int
    let key: [UInt8]
  }

  private var nodes: [Node] = []
  private var keys: [UInt8] = []
  private var places: [Place: Int] = [:]
  private var rootFirstChild = KeyPathTree.none
  private let wanted: Set<String>

  /// - Parameter wanted: paths, joined by `.` or `_`, whose strings are kept.
  init(wanted: Set<String>) {
    self.wanted = wanted
    for known in KnownKey.allCases {
      _ = known.text.withUTF8Buffer { add(Array($0), under: KeyPathTree.none, needsDecoding: false) }
    }
  }

  var count: Int { nodes.count }

  /// Whether strings at this node are kept.
  func isWanted(_ node: Int) -> Bool { nodes[node].isWanted }

  /// Passes the key at which the cursor stands, with its quotes, and gives its node.
  ///
  /// - Parameter previous: the node of the key in front of it in the same object, if there is one.
  @inline(__always)
  mutating func node(
    under parent: Int, after previous: Int, _ cursor: inout JSONCursor
  ) throws(HeartbeatParseError) -> Int {
    let expected = previous >= 0 ? nodes[previous].following : parent >= 0 ? nodes[parent].firstChild : rootFirstChild
    if expected >= 0, nodes[expected].parent == parent {
      let key = nodes[expected].key
      let start = cursor.position &+ 1
      let end = start &+ key.count
      // In bounds: `end` is checked against the text, and `key` lies in `keys`.
      if end < cursor.text.count, cursor.text[end] == UInt8(ascii: "\""), cursor.peek == UInt8(ascii: "\""),
        keys.withUnsafeBufferPointer({ known in
          guard let a = known.baseAddress, let b = cursor.text.baseAddress else { return false }
          return memcmp(a + key.lowerBound, b + start, key.count) == 0
        })
      {
        cursor.position = end &+ 1
        return expected
      }
    }
    return try lookUp(under: parent, after: previous, &cursor)
  }

  private mutating func lookUp(
    under parent: Int, after previous: Int, _ cursor: inout JSONCursor
  ) throws(HeartbeatParseError) -> Int {
    let raw = try cursor.string()
    let key = Array(cursor.text[raw.range])
    let node = places[Place(parent: parent, key: key)] ?? add(key, under: parent, needsDecoding: raw.needsDecoding)
    if previous >= 0 {
      nodes[previous].following = node
    } else if parent >= 0 {
      nodes[parent].firstChild = node
    } else {
      rootFirstChild = node
    }
    return node
  }

  private mutating func add(_ key: [UInt8], under parent: Int, needsDecoding: Bool) -> Int {
    let node = nodes.count
    let start = keys.count
    keys.append(contentsOf: key)
    nodes.append(Node(parent: parent, key: start..<keys.count, needsDecoding: needsDecoding, isWanted: false))
    places[Place(parent: parent, key: key)] = node
    if !wanted.isEmpty {
      let path = components(of: node)
      nodes[node].isWanted =
        wanted.contains(path.joined(separator: ".")) || wanted.contains(path.joined(separator: "_"))
    }
    return node
  }

  /// The keys from the outside in, unescaped.
  func components(of node: Int) -> [String] {
    var result: [String] = []
    var next = node
    while next >= 0 {
      let raw = keys[nodes[next].key]
      result.append(String(decoding: nodes[next].needsDecoding ? JSONString.decode(raw)[...] : raw, as: UTF8.self))
      next = nodes[next].parent
    }
    return result.reversed()
  }
}
