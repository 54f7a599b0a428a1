internal import Flags
internal import HTTP
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX
internal import Procfs

/// Answers of the JSON API.
extension Scraper {
  /// Answers a question that several may ask, or sends the picture to those who watch.
  mutating func answer(_ requests: [StatusRequest], at now: Double) {
    guard let first = requests.first else { return }
    if case .watchers(let streams) = first.subject {
      let picture = picture(at: now)
      streams.send(picture) { gzip.part($0)?.bytes }
      return
    }
    for (request, response) in zip(requests, responses(to: requests, at: now)) { request.responder?.send(response) }
  }

  /// The answers to requests that ask the same.
  mutating func responses(to requests: [StatusRequest], at now: Double) -> [Response] {
    guard let first = requests.first else { return [] }
    let content: Content
    do throws(APIError) {
      content = try self.content(of: first.subject, at: now)
    } catch {
      let response = error.response
      return requests.map { _ in response }
    }
    // Compressed once for all, and only when somebody does not have it yet.
    var whole: Response?
    var responses: [Response] = []
    for request in requests {
      if let tag = content.tag, EntityTag.matches(tag, request.knownTag) {
        responses.append(Response(status: 304, headers: content.headers))
      } else {
        let response = whole ?? self.whole(content, first.coding)
        whole = response
        responses.append(response)
      }
    }
    return responses
  }

  /// What is said to a question.
  private struct Content {
    let text: [[UInt8]]
    /// nil where it is another one each time.
    var tag: String?

    var headers: [(String, String)] {
      var headers = [("Content-Type", "application/json"), ("Vary", "Accept-Encoding"), ("Cache-Control", "no-cache")]
      headers.append(("X-Content-Type-Options", "nosniff"))
      if let tag { headers.append(("ETag", tag)) }
      return headers
    }
  }

  private mutating func content(of subject: StatusRequest.Subject, at now: Double) throws(APIError) -> Content {
    switch subject {
    case .heartbeats:
      let document = statusDocument(at: now)
      return Content(
        text: document.list(
          generated: Scraper.milliseconds(now), file: fileObject, files: fileObjects, problems: problemList,
          problemCount: watch.problemCount, silences: silenceList(at: now)),
        tag: document.tag(
          fileObject, fileObjects, problemList, problemCount: watch.problemCount, silences: silenceList(at: now)))
    case .heartbeat(let name):
      refresh(at: now)
      guard let place = watch.monitored.place(of: name) else {
        throw APIError(404, "there is no heartbeat of that name")
      }
      let document = statusDocument(of: place..<place + 1, at: now)
      return Content(text: [document.objects], tag: document.tag([:], .null, [], problemCount: 0))
    case .host:
      return Content(text: [JSONValue.object(hostDocument()).serialised()])
    case .watchers:
      return Content(text: news(at: now))
    }
  }

  /// The whole picture for those who watch, in pieces.
  mutating func news(at now: Double) -> [[UInt8]] { picture(at: now).whole }

  private mutating func picture(at now: Double) -> LivePicture {
    let document = statusDocument(at: now, isMarked: true)
    return LivePicture(
      generated: Scraper.milliseconds(now),
      head: document.head(
        file: fileObject, files: fileObjects, problems: problemList, problemCount: watch.problemCount,
        silences: silenceList(at: now)),
      processes: document, host: hostDocument())
  }

  private static func milliseconds(_ time: Double) -> Double { (time * 1e3).rounded() / 1e3 }

  private mutating func whole(_ content: Content, _ coding: ContentCoding) -> Response {
    var response = Response(status: 200, headers: content.headers, pieces: content.text + [[UInt8(ascii: "\n")]])
    if coding == .gzip, response.bodyLength >= Scraper.smallestCompressed,
      let compressed = gzip.compress(response.pieces)
    {
      response.headers.append(("Content-Encoding", "gzip"))
      response.pieces = compressed
    }
    return response
  }

  /// What is said of all processes, or of those at some places.
  private mutating func statusDocument(
    of places: Range<Int>? = nil, at now: Double, isMarked: Bool = false
  ) -> StatusDocument {
    if places == nil { refresh(at: now) }
    ownData.begin(count: watch.sources.snapshot.entries.count)
    let places = places ?? watch.monitored.processes.indices
    let found = look(at: places, at: now)
    let isWhole = places.count == watch.monitored.processes.count
    // Not mutated: room that is only reserved. Of all it is mostly about as long as it was before.
    var document = StatusDocument(capacity: isWhole ? statusLength + statusLength / 16 : 0, isMarked: isMarked)
    for (index, place) in places.enumerated() {
      document.add(describe(place, found?.findings[index], at: now))
    }
    if isWhole { statusLength = document.objects.count }
    return document
  }

  /// What is said of the files: of all together, and of each.
  private var fileObject: JSONObject {
    var object: JSONObject = ["up": .bool(watch.sources.isUp)]
    if let problem = watch.sources.lastProblem { object["problem"] = Scraper.object(of: problem) }
    return object
  }

  /// What of the files is left out: first the whole files, then what is in those that are read.
  private var problemList: [JSONValue] {
    let files: [JSONValue] = watch.filesLeftOut.map {
      [
        "process": "", "reason": .string(FilesLeftOut.reason), "byte": .null, "file": .string($0.pattern),
        "files": .integer(Int64(clamping: $0.count)), "hides_process": true, "message": .string($0.description),
      ]
    }
    let entries: [JSONValue] = watch.problems.map {
      [
        "process": .string($0.process), "reason": .string($0.reason.rawValue),
        "byte": $0.offset.map { .integer(Int64(widening: $0)) } ?? .null,
        "file": $0.file.map { .string($0) } ?? .null, "hides_process": .bool($0.reason.leavesOutEntry),
        "message": .string($0.description),
      ]
    }
    return Array((files + entries).prefix(EntryProblem.maximumCount))
  }

  /// Who is silenced, also those of whom nothing else is known.
  private func silenceList(at now: Double) -> JSONValue {
    .array(watch.sources.snapshot.activeSilences(at: now).map { $0.silence.listed(as: $0.name) })
  }

  private var fileObjects: JSONValue {
    .array(
      watch.sources.files.map { file in
        var object: JSONObject = [
          "path": .string(file.path), "layout": file.layout.map { .string($0.rawValue) } ?? .null,
          "up": .bool(file.isUp),
          "processes": .integer(Int64(clamping: file.entryCount)),
        ]
        if let problem = file.lastProblem { object["problem"] = Scraper.object(of: problem) }
        if !file.taken.isEmpty {
          object["names_taken"] = .array(file.taken.prefix(Scraper.mostNames).map { .string($0) })
        }
        return .object(object)
      })
  }

  /// So many names of one file are told whose processes are not shown.
  private static let mostNames = 100

  private static func object(of problem: HeartbeatFileProblem) -> JSONValue {
    ["reason": .string(problem.failure.rawValue), "message": .string(problem.description)]
  }

  private mutating func describe(
    _ place: Int, _ finding: ProcessSearch.Finding?, at now: Double
  ) -> StatusDocument.Process {
    let process = watch.monitored.processes[place]
    var pid = process.reportedPid
    if case .yes(let found, _)? = finding?.existence { pid = found }
    return StatusDocument.Process(
      name: watch.monitored.name(of: place),
      displayName: process.configured.flatMap { watch.configuration.processes[$0].displayName },
      isConfigured: process.configured != nil, verdict: process.verdict ?? Verdict(.never, .neverSeen),
      since: process.since, age: process.age(at: now),
      timeout: process.timeout, interval: !process.isJob ? process.interval : nil,
      isTight: !process.isJob ? process.isTight : nil, lastHeartbeat: process.lastHeartbeat, pid: pid,
      isUp: finding?.existence.isUp, matched: finding?.matched, status: process.status.map(watch.monitored.text),
      host: process.host.map(watch.monitored.text),
      file: process.entry.flatMap(watch.sources.path(ofEntry:)),
      silence: watch.silence(of: place, at: now),
      data: process.entry.map { ownData.text(of: $0, in: watch.sources.snapshot) } ?? ArraySlice("{}".utf8),
      figures: finding?.figures, job: process.job)
  }

  private func hostDocument() -> JSONObject {
    let facts = readers.facts(until: deadline)
    var host: JSONObject = [
      "name": facts["name"] ?? .string(String(decoding: watch.monitored.settings.hostname, as: UTF8.self)),
      "exporter_version": .string(Version.number),
    ]
    for member in facts.members { host[member.key] = member.value }
    return host
  }
}
