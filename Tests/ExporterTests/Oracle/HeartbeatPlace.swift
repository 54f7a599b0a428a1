/// The heartbeat file on the disk, in all the states in which a reader may meet it.
struct HeartbeatPlace {
  private let folder: Folder
  static let name = "heartbeat_status.json"
  init(in folder: Folder) {
    self.folder = folder
    folder.remove(Self.name)
  }

  /// Puts a content there: whole, half, or something else.
  func write(_ text: [UInt8], _ choices: inout Choices) {
    switch choices.number(0...19) {
    case 0: put(Array(text.prefix(choices.number(0...min(text.count, 60_000)))), &choices)
    case 1: put([], &choices)
    case 2: put(Array("{\"processes\": \(choices.one(of: ["7", "{}", "[]", "{}}"]))}".utf8), &choices)
    case 3: remove()
    case 4:
      remove()
      folder.makeFolder(Self.name)
    case 5: put([0xEF, 0xBB, 0xBF] + text, &choices)
    case 6: put(text.map { $0 == UInt8(ascii: "1") ? UInt8(ascii: "2") : $0 }, &choices)
    default: put(text, &choices)
    }
  }

  private func remove() {
    folder.remove(Self.name)
  }

  private func put(_ text: [UInt8], _ choices: inout Choices) {
    if folder.content(of: Self.name) == nil { remove() }
    // In place, as careless writers do, or by a new file.
    if choices.once(in: 2) { folder.write(Self.name, text) } else { folder.replace(Self.name, text) }
    if choices.once(in: 2) { folder.setModified(Self.name, choices.number(1_000...1_002)) }
  }
}
