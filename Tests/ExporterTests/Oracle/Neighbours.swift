import Heartbeat

/// Sources beside the heartbeat file: another file of ours, files of other programs that patterns find, and a folder of own files,
/// in all the states in which a reader may meet them.
///
/// What is there of another program has the same keys each time, and no time without a zone: from contents before follow which keys
/// come and go.
struct Neighbours {
  private let folder: Folder
  private var beats: Beats
  /// A file that is gone keeps its number, so that no other one gets it: by its number a file is known that was renamed.
  private var gone = 0

  static let second = "second.json"
  static let programs = "bots/*/state.json"
  static let marks = "marks/*"
  static let own = "heartbeat.d"
  static let all = [second, programs, own, marks]

  /// Whether a file is found by the pattern of programs, or in the folder of own files.
  static func isProgram(_ name: String) -> Bool { name.hasPrefix("bots/") }
  static func isOwn(_ name: String) -> Bool { name.hasPrefix(own + "/") }

  /// Who may have a file in the folder of own files.
  static let processes = ["a", "c", "d", "größe", "p3", "heartbeat-exporter", "own"]

  private static let gone = "gone"
  /// What links lead to. To the files that are found they do not: a file with two names that loses one counts as renamed.
  private static let far = "far"

  init(_ choices: inout Choices, in folder: Folder) {
    self.folder = folder
    beats = Beats(&choices)
    for name in [Self.second, "bots", "marks", Self.own, Self.gone, Self.far] { folder.remove(name) }
    for name in ["bots", "marks", Self.own, Self.gone] { folder.makeFolder(name) }
  }

  /// Changes some of it.
  mutating func change(_ choices: inout Choices, now: Double, pids: [Int], known: [String]) {
    for _ in 0..<choices.number(1...3) {
      switch choices.number(0...9) {
      case 0...1:
        beats.change(&choices, now: now, pids: pids, known: known)
        write(Self.second, beats.text(&choices), &choices)
      case 2...5: changeProgram(&choices, now: now, pids: pids)
      case 6...8: changeOwn(&choices, now: now, pids: pids)
      default: changeMark(&choices, now: now)
      }
    }
  }

  private mutating func changeProgram(_ choices: inout Choices, now: Double, pids: [Int]) {
    let bot = choices.one(of: ["a", "b", "größe", "p3", "z"])
    let place = "bots/\(bot)"
    let name = place + "/state.json"
    switch choices.number(0...15) {
    case 0: remove(name)
    case 1: remove(place)
    case 2:
      remove(place)
      folder.link(place, to: "../\(Self.far)/" + (choices.once(in: 3) ? "nowhere" : bot))
    case 3 where folder.isFolder(place):
      remove(name)
      folder.makeFolder(name)
    case 4 where folder.isFolder(place):
      remove(name)
      folder.link(name, to: "../../\(Self.far)/\(bot)/state.json")
    default:
      // A link that leads nowhere.
      if !folder.isFolder(place) { remove(place) }
      var text = program(&choices, now: now, pids: pids)
      if choices.once(in: 8) { text = Array(text.prefix(choices.number(0...text.count))) }
      write(name, text, &choices)
    }
  }

  /// What a program of somebody else leaves.
  private mutating func program(_ choices: inout Choices, now: Double, pids: [Int]) -> [UInt8] {
    func time(_ choices: inout Choices) -> Double { now - Double(choices.one(of: [0, 1, 59, 60, 61, 1_000])) }
    func facts(_ choices: inout Choices) -> String {
      let pid = choices.one(of: pids)
      return "\"updated_at\": \(time(&choices)), \"pid\": \(pid), \"count\": \(choices.number(0...5))"
    }
    let text: String
    switch choices.number(0...9) {
    case 0: text = #"{"workers": {"a": {\#(facts(&choices))}, "w": {\#(facts(&choices))}}}"#
    case 1: text = #"[{"id": "a", \#(facts(&choices))}, {"id": "i", \#(facts(&choices))}]"#
    case 2:
      let lines = (0..<choices.number(1...3)).map { _ in "{\(facts(&choices))}\n" }
      text = lines.joined() + (choices.once(in: 3) ? #"{"updated_at": 17"# : "")
    case 3: text = "\(time(&choices)) ok\n"
    case 4: text = "updated_at=\(time(&choices))\ncount=\(choices.number(0...5))\n"
    case 5: text = #"{"count": 1}"#
    case 6:
      beats.change(&choices, now: now, pids: pids, known: [])
      return beats.text(&choices)
    default: text = "{\(facts(&choices))}"
    }
    return Array(text.utf8)
  }

  private mutating func changeOwn(_ choices: inout Choices, now: Double, pids: [Int]) {
    switch choices.number(0...15) {
    case 0: folder.replace(Self.own + "/\(choices.one(of: ["no process", "%zz.json", ".json", "x.tmp"]))", [])
    case 1:
      let names = choices.one(of: [#""a": \#(now)"#, #""d": \#(now + 1), "größe": 1"#, ""])
      folder.replace(Self.own + "/.heartbeat-pruned-\(Folder.user)", Array(#"{"pruned": {\#(names)}}"#.utf8))
    case 2:
      let note = Self.own + "/.heartbeat-silence-\(Folder.user)-0123456789abcdef"
      let until = choices.one(of: [now, now + 1, now + 100])
      let text = #"{"silences": {"\#(choices.one(of: ["a", "d", "p3"]))": {"until": \#(until)}}}"#
      if choices.once(in: 3) { remove(note) } else { folder.replace(note, Array(text.utf8)) }
    default:
      let process = choices.one(of: Self.processes)
      guard let file = OwnFileName.file(of: process) else { preconditionFailure("no file may be named like that") }
      let name = Self.own + "/" + file
      switch choices.number(0...9) {
      case 0: remove(name)
      case 1:
        remove(name)
        folder.makeFolder(name)
      default:
        var text = Array(beats.member(&choices, now: now, pids: pids).utf8)
        if choices.once(in: 8) { text = Array(text.prefix(choices.number(0...text.count))) }
        write(name, text, &choices)
      }
    }
  }

  private mutating func changeMark(_ choices: inout Choices, now: Double) {
    let name = "marks/\(choices.one(of: ["a", "mark", "größe"]))"
    if choices.once(in: 3) { return remove(name) }
    folder.replace(name, [])
    folder.setModified(name, Int(now) - choices.one(of: [0, 59, 61, -100]))
  }

  private mutating func write(_ name: String, _ text: [UInt8], _ choices: inout Choices) {
    if folder.content(of: name) == nil { remove(name) }
    if choices.once(in: 2) {
      folder.write(name, text)
    } else {
      keep(name)
      folder.replace(name, text)
    }
  }

  private mutating func remove(_ name: String) {
    keep(name)
    folder.remove(name)
  }

  private mutating func keep(_ name: String) {
    if folder.keep(name, as: Self.gone + "/\(gone)") { gone += 1 }
  }
}
