/// The heartbeat file on the disk, in all the states in which a reader may meet it.
struct HeartbeatPlace {
  private let folder: Folder
  /// What a reader gets that looks now; nil when there is no file.
  private(set) var content: [UInt8]?
  private var isFolder = false

  static let name = "heartbeat_status.json"
  var path: String { folder.path + "/" + Self.name }

  init(in folder: Folder) {
    self.folder = folder
    folder.remove(Self.name)
  }

  /// Puts a content there: whole, half, or something else.
  mutating func write(_ text: [UInt8], _ choices: inout Choices) {
    switch choices.number(0...19) {
    case 0: put(Array(text.prefix(choices.number(0...min(text.count, 60_000)))), &choices)
    case 1: put([], &choices)
    case 2: put(Array("{\"processes\": \(choices.one(of: ["7", "{}", "[]", "{}}"]))}".utf8), &choices)
    case 3: remove()
    case 4:
      remove()
      folder.makeFolder(Self.name)
      isFolder = true
    case 5: put([0xEF, 0xBB, 0xBF] + text, &choices)
    case 6: put(text.map { $0 == UInt8(ascii: "1") ? UInt8(ascii: "2") : $0 }, &choices)
    default: put(text, &choices)
    }
  }

  private mutating func remove() {
    folder.remove(Self.name)
    (content, isFolder) = (nil, false)
  }

  private mutating func put(_ text: [UInt8], _ choices: inout Choices) {
    if content == nil { remove() }
    // In place, as careless writers do, or by a new file.
    if choices.once(in: 2) { folder.write(Self.name, text) } else { folder.replace(Self.name, text) }
    if choices.once(in: 2) { folder.setModified(Self.name, choices.number(1_000...1_002)) }
    content = text
  }

  /// Runs `body` while another content stands there; then all is as it was, the file's number and times too.
  func with(_ other: [UInt8], _ body: () -> Void) {
    let isThere = content != nil || isFolder
    if isThere { folder.rename(Self.name, Self.name + ".aside") }
    folder.write(Self.name, other)
    body()
    folder.remove(Self.name)
    if isThere { folder.rename(Self.name + ".aside", Self.name) }
  }
}
