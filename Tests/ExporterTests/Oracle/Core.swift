import Exposition
import HTTP
@testable import Heartbeat
import Monitoring

@testable import Exporter

/// An exporter without its sockets.
final class Core {
  private var scraper: Scraper
  private let isLive: Bool

  init(_ setting: Setting, _ configuration: Configuration, probe: FileProbe) {
    isLive = setting.isLive
    scraper = Scraper(
      options: setting.options, configuration: configuration, requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent, limits: setting.limits, probe: probe)
  }

  func answer(_ question: Question, at now: Double) -> Answer {
    switch question {
    case .metrics(let selection, let style, let isCompressed):
      let coding: ContentCoding = isCompressed ? .gzip : .identity
      return Answer(scraper.answer(selection, in: style, coding: coding, at: now), isLive: isLive)
    case .status(let subject, let isCompressed, let tag):
      let request = StatusRequest(
        subject: subject, coding: isCompressed ? .gzip : .identity, knownTag: tag, responder: nil)
      return Answer(scraper.responses(to: [request], at: now)[0], isLive: isLive)
    case .news: return Answer(news: scraper.news(at: now))
    }
  }

  /// The counters by themselves.
  func counters(at now: Double) -> [String: Double] {
    guard let selection = try? CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat]) else {
      return [:]
    }
    return answer(.metrics(selection, .plain, isCompressed: false), at: now).counters
  }

  func configure(_ configuration: Configuration?) { scraper.configure(configuration) }

  func forget(_ memory: Scraper.Memory) { scraper.forget(memory) }

  /// What the last look found of a file.
  struct File {
    /// Its path below the folder of all.
    var name: String
    var isGood: Bool
    /// Whether what was good before is served.
    var keepsLastGood: Bool
    /// How many readings of it failed, by reason.
    var errors: [String: UInt64] = [:]
  }

  /// What the last look found of all files in a folder, and of the own files in folders.
  func files(in folder: Folder) -> [File] {
    scraper.watch.sources.files.flatMap { file in
      let name = String(file.path.dropFirst(folder.path.count + 1))
      let errors = file.readErrors.map { ($0.key.rawValue, $0.value) }
      let whole = File(
        name: name, isGood: file.isUp, keepsLastGood: !file.isUp && !file.isLeftOut,
        errors: Dictionary(uniqueKeysWithValues: errors))
      return [whole]
        + (file.folder?.value.items ?? []).map { item in
          File(name: "\(name)/\(item.file)", isGood: item.problem == nil, keepsLastGood: item.unfinished != nil)
        }
    }
  }

  /// Takes over what another one has seen and nobody can read again: when beats came, who vanished, how everybody did, and the
  /// boot time that is held fast.
  func follow(_ other: Core) { scraper.goOn(from: other.scraper) }
}
