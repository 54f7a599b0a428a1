internal import Glibc
internal import JSON

/// Every key path of a file once, by number.
///
/// Programs write the same keys in the same order each time, so a key is first compared with the one that followed its
/// predecessor the last time; only a surprise costs a look-up.
struct KeyPathTree {
  /// The keys that mean something to us, as children of the root, in the order in which they are made.
  enum KnownKey: Int, CaseIterable {
    case lastHeartbeat, lastHeartbeatFormatted, pid, status, host, interval, additionalData, job

    var text: StaticString {
      switch self {
      case .lastHeartbeat: "last_heartbeat"
      case .lastHeartbeatFormatted: "last_heartbeat_formatted"
      case .pid: "pid"
      case .status: "status"
      case .host: "host"
      case .interval: "interval"
      case .additionalData: "additional_data"
      case .job: "job"
      }
    }
  }

  /// Stands for "no node": the root's parent, the predecessor of a first key.
  static let none = -1

  /// Stands for "no node, nor is one needed": the process has as many numbers as are told.
  static let untold = -2

  private struct Node {
    var parent: Int
    /// The key as it stands in the file, in `keys`.
    var key: Range<Int>
    var needsDecoding: Bool
    /// Of all keys from the outside in, in bytes.
    var pathLength: Int
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
  /// Every path, by node. A parent comes before its children, and they share its strings.
  private(set) var keyPaths: [HeartbeatSnapshot.KeyPath] = []
  private var keys: [UInt8] = []
  private var places: [Place: Int] = [:]
  private var rootFirstChild = KeyPathTree.none
  private var wanted: Set<String>
  private var maximumPaths: Int
  private var untoldPlace: Int?

  /// What each tree begins with where no string is wanted: made once, as files are read for the first time by the thousand.
  private static let known = KeyPathTree(knownKeysWith: [])

  /// - Parameters:
  ///   - wanted: paths, joined by `.` or `_`, whose strings are kept.
  ///   - maximumPaths: further ones are refused; the known keys count.
  init(wanted: Set<String>, maximumPaths: Int) {
    self = wanted.isEmpty ? KeyPathTree.known : KeyPathTree(knownKeysWith: wanted)
    self.maximumPaths = maximumPaths
  }

  private init(knownKeysWith wanted: Set<String>) {
    self.wanted = wanted
    maximumPaths = 0
    for known in KnownKey.allCases {
      let key = known.text.withUTF8Buffer { Array($0) }
      _ = add(key, under: KeyPathTree.none, needsDecoding: false, pathLength: key.count)
    }
  }

  /// Why the last key for which there was no node was refused one.
  private(set) var refusal = HeartbeatSnapshot.SkipReason.tooManyKeys

  /// Of all keys that lead to the last key that is `untold`, in bytes.
  private(set) var untoldLength = 0

  /// The node of all numbers that are not told: its path has no keys, and no key leads to it. It takes no other one's room, since it may
  /// be made before or behind that.
  mutating func untoldNode() -> Int {
    if let untoldPlace { return untoldPlace }
    let node = nodes.count
    untoldPlace = node
    nodes.append(
      Node(parent: KeyPathTree.none, key: 0..<0, needsDecoding: false, pathLength: 0, isWanted: false))
    keyPaths.append(HeartbeatSnapshot.KeyPath(components: []))
    return node
  }

  /// Whether strings at this node are kept.
  func isWanted(_ node: Int) -> Bool { nodes[node].isWanted }

  /// Passes the key at which the cursor stands, with its quotes, and gives its node.
  ///
  /// - Parameters:
  ///   - previous: the node of the key in front of it in the same object, if there is one.
  ///   - isFull: the process has as many numbers as are told, so that further ones take no room from other processes'.
  /// - Returns: `none` when a limit keeps the key from having one; `refusal` says which. `untold` when it needs none.
  @inline(__always)
  mutating func node(
    under parent: Int, after previous: Int, isFull: Bool, _ cursor: inout JSONCursor
  ) throws(JSONParseError) -> Int {
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
    return try lookUp(under: parent, after: previous, isFull: isFull, &cursor)
  }

  private mutating func lookUp(
    under parent: Int, after previous: Int, isFull: Bool, _ cursor: inout JSONCursor
  ) throws(JSONParseError) -> Int {
    let raw = try cursor.string()
    let pathLength = raw.range.count &+ (parent >= 0 ? nodes[parent].pathLength : 0)
    guard pathLength <= HeartbeatSnapshot.maximumKeyPathLength else {
      refusal = .keyTooLong
      return KeyPathTree.none
    }
    let key = Array(cursor.text[raw.range])
    let node: Int
    if let known = places[Place(parent: parent, key: key)] {
      node = known
    } else if isFull, !(try mayLeadToWanted(cursor)) {
      untoldLength = pathLength
      return KeyPathTree.untold
    } else if nodes.count &- (untoldPlace == nil ? 0 : 1) < maximumPaths {
      node = add(key, under: parent, needsDecoding: raw.needsDecoding, pathLength: pathLength)
    } else {
      refusal = .tooManyKeys
      return KeyPathTree.none
    }
    if previous >= 0 {
      nodes[previous].following = node
    } else if parent >= 0 {
      nodes[parent].firstChild = node
    } else {
      rootFirstChild = node
    }
    return node
  }

  /// Whether a string that is kept may stand behind the key that was just passed.
  private func mayLeadToWanted(_ cursor: JSONCursor) throws(JSONParseError) -> Bool {
    guard !wanted.isEmpty else { return false }
    var cursor = cursor
    try cursor.expect(UInt8(ascii: ":"), "':'")
    return cursor.peek == UInt8(ascii: "{") || cursor.peek == UInt8(ascii: "\"")
  }

  private mutating func add(_ key: [UInt8], under parent: Int, needsDecoding: Bool, pathLength: Int) -> Int {
    let node = nodes.count
    let start = keys.count
    keys.append(contentsOf: key)
    nodes.append(
      Node(
        parent: parent, key: start..<keys.count, needsDecoding: needsDecoding, pathLength: pathLength, isWanted: false))
    places[Place(parent: parent, key: key)] = node
    let outer = parent >= 0 ? keyPaths[parent].components : []
    keyPaths.append(HeartbeatSnapshot.KeyPath(components: outer + [text(of: nodes[node])]))
    if !wanted.isEmpty {
      let path = keyPaths[node].components
      nodes[node].isWanted =
        wanted.contains(path.joined(separator: ".")) || wanted.contains(path.joined(separator: "_"))
    }
    return node
  }

  /// How many paths there are.
  var count: Int { nodes.count }

  private func text(of node: Node) -> String {
    let raw = keys[node.key]
    return String(decoding: node.needsDecoding ? JSONString.decode(raw)[...] : raw, as: UTF8.self)
  }
}
