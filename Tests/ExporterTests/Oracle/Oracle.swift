import Heartbeat
import Monitoring

@testable import Exporter

/// A long-lived exporter beside fresh ones: a file, a `/proc`, a clock and a configuration change by chance, both are asked the
/// same, and answer the same. What is remembered from one answer to the next must not show; and where it is forgotten, at any
/// moment and by any of its owners, that must not show either.
struct Oracle {
  private let folder: Folder
  private let probe: FileProbe
  private var choices: Choices
  private let place: HeartbeatPlace
  /// What else beats; nil where there is one source.
  private var neighbours: Neighbours?
  private var tree: HostTree?
  private var sleepers: Sleepers?
  private var beats: Beats
  private let setting: Setting
  private var configuration: Configuration
  private var now: Double
  private let long: Core
  private var history: History
  private var tag: String?

  /// What was found, in some lines.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameters:
  ///   - folder: where the files lie; empty, or left by another oracle.
  ///   - probe: of the heartbeat file in this folder.
  ///   - isLive: whether `/proc` is the kernel's, with processes that are started and ended.
  init(_ choices: Choices, in folder: Folder, probe: FileProbe, isLive: Bool) {
    var choices = choices
    self.folder = folder
    self.probe = probe
    place = HeartbeatPlace(in: folder)
    for mount in ["root/srv", "root/home"] { folder.makeFolder(mount) }
    if isLive {
      sleepers = Sleepers()
      now = Sleepers.now
    } else {
      folder.remove(HostTree.name)
      tree = HostTree(in: folder)
      now = 1_700_000_000
    }
    beats = Beats(&choices)
    neighbours = choices.once(in: 2) ? Neighbours(&choices, in: folder) : nil
    history = History(in: folder, isOneFile: neighbours == nil)
    setting = Setting(&choices, folder: folder.path, hasNeighbours: neighbours != nil, isLive: isLive)
    configuration = setting.configuration(&choices)
    long = Core(setting, configuration, probe: probe)
    self.choices = choices
  }

  /// Where the heartbeat file lies in a folder.
  static func file(in folder: Folder) -> String { folder.path + "/" + HeartbeatPlace.name }

  /// Runs so many steps, fewer when the choices are used up, until something is found.
  mutating func run(steps: Int) -> Finding? {
    for step in 0..<steps where !choices.isUsedUp {
      change()
      for _ in 0..<choices.number(1...2) {
        let question = Question(&choices, setting, tag: tag)
        do throws(Finding) { try ask(question) } catch {
          return Finding(description: "step \(step), \(question)\n\(error)\n\(state)")
        }
      }
    }
    return nil
  }

  private var state: String {
    let files = folder.files.map { name in
      let text = folder.content(of: name)?.bytes.prefix(3_000) ?? []
      return "\(name): \(String(decoding: text, as: UTF8.self))"
    }
    return
      "at \(now), \(setting.limits), \(setting.options.heartbeat), \(configuration.processes), \(configuration.sources)\n"
      + "in \(folder.path):\n\(files.joined(separator: "\n"))"
  }

  private mutating func change() {
    let pids = sleepers?.pids ?? HostTree.pids
    if choices.once(in: 3) { tree?.change(&choices) }
    if choices.once(in: 5) { sleepers?.change(&choices) }
    if !choices.once(in: 4) {
      let known = configuration.processes.map(\.name)
      if neighbours == nil || choices.once(in: 3) {
        beats.change(&choices, now: now, pids: pids, known: known)
        place.write(beats.text(&choices), &choices)
      } else {
        neighbours?.change(&choices, now: now, pids: pids, known: known)
      }
    } else if choices.once(in: 4) {
      // Longer than the grain of the file system's clock: what is not touched any more need not be read again.
      Sleepers.pause(microseconds: 25_000)
    }
    let rarely = setting.isCalm ? 40 : 8
    if choices.once(in: rarely) {
      let next = setting.configuration(&choices)
      if setting.reading(of: Neighbours.programs, next) != setting.reading(of: Neighbours.programs, configuration) {
        history.forget(where: Neighbours.isProgram)
      }
      configuration = next
      long.configure(configuration)
    }
    if choices.once(in: 16) { long.configure(nil) }
    // Mostly on, sometimes back, and right to where somebody's state changes.
    now += choices.one(of: [0, 0.001, 0.25, 1, 1, 5, 10, 59, -0.25, -1, -60, choices.once(in: 10) ? 86_400 : 15])
    if choices.once(in: rarely / 2) {
      for memory in Scraper.Memory.allCases where choices.once(in: 3) { long.forget(memory) }
    }
    if choices.once(in: 20) { for memory in Scraper.Memory.allCases { long.forget(memory) } }
  }

  private mutating func ask(_ question: Question) throws(Finding) {
    let (long, now) = (long, now)
    var fresh = Core(setting, configuration, probe: probe)
    fresh.follow(long)
    var expected = fresh.answer(question, at: now)
    if question.looksAtFile {
      let alone = fresh
      let files = alone.files(in: folder)
      let served = history.served(insteadOf: files)
      var staged: [Core.File] = []
      if !served.isEmpty {
        fresh = Core(setting, configuration, probe: probe)
        fresh.follow(long)
        folder.with(served) { _ = fresh.counters(at: now) }
        staged = fresh.files(in: folder)
        fresh.follow(long)
        expected = fresh.answer(question, at: now)
      }
      history.add(fresh.files(in: folder), since: staged) { alone.counters(at: now) }
    }
    let answer = long.answer(question, at: now)
    if let difference = answer.difference(from: expected) { throw Finding(description: difference) }
    if let difference = history.difference(from: answer) { throw Finding(description: difference) }
    if let problem = answer.problem { throw Finding(description: problem) }
    if answer.tag != nil { tag = answer.tag }
  }
}
