internal import HTTP
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX
internal import Procfs

/// How the processes do, as JSON text. What changes by the mere passing of time is left out of its tag, so that an ETag can
/// be honest.
///
/// The text is written as the processes are added: a tree of values for each of them would cost ten times as much.
struct StatusDocument {
  /// One process with all that is known of it.
  struct Process {
    var name: String
    var displayName: String?
    var isConfigured = false
    var verdict: Verdict
    var since: Double?
    var age: Double?
    var timeout: Double
    var interval: Double?
    /// Whether the interval leaves little room in the timeout; nil when it is not known.
    var isTight: Bool?
    var lastHeartbeat: Double?
    var pid: Int32?
    var isUp: Bool?
    var matched: Int?
    var status: String?
    var host: String?
    /// The file that tells of it; nil when none does.
    var file: String?
    /// That somebody works on it; nil when nobody does.
    var silence: Silence?
    /// What it says of itself, as JSON text.
    var data: ArraySlice<UInt8>
    var figures: BoxedFigures?
    /// What is known of its runs; nil when it is no job.
    var job: MonitoredJob?
  }

  /// The processes' objects, with commas between them.
  private(set) var objects: [UInt8] = []
  private var counts = [Int64](repeating: 0, count: ProcessState.allCases.count)
  private var digest = Digest()

  /// Where a process stands in `objects`, and what tells its text from another one.
  struct Mark {
    let name: String
    let range: Range<Int>
    /// A keyed hash (`Hasher`) of all but the age: nobody can write two texts that have the same.
    let content: Int
  }

  /// A mark for each process, where they are wanted.
  private(set) var marks: [Mark] = []
  private let isMarked: Bool

  /// Begins a document without any process.
  ///
  /// - Parameters:
  ///   - capacity: how long `objects` may become before it must grow.
  ///   - isMarked: whether `marks` are wanted.
  init(capacity: Int, isMarked: Bool = false) {
    self.isMarked = isMarked
    objects.reserveCapacity(capacity)
  }

  /// Adds `{"name": ..., "state": ..., "age_seconds": ..., ...}`.
  mutating func add(_ process: Process) {
    if let place = ProcessState.allCases.firstIndex(of: process.verdict.state) { counts[place] += 1 }
    if !objects.isEmpty { objects.append(UInt8(ascii: ",")) }
    let start = objects.count
    append("{\"name\":", .string(process.name))
    append(",\"state\":", .string(process.verdict.state.rawValue))
    append(",\"reason\":", .string(process.verdict.reason.rawValue))
    digest.add(objects[start...])
    let head = start..<objects.count
    append(",\"age_seconds\":", process.age.map { .number($0) })
    let rest = objects.count
    append(",\"display_name\":", process.displayName.map { .string($0) })
    append(",\"configured\":", .bool(process.isConfigured))
    append(",\"timeout_seconds\":", process.job == nil ? .number(process.timeout) : nil)
    append(",\"interval_seconds\":", process.interval.map { .number($0) })
    append(",\"timeout_tight\":", process.isTight.map { .bool($0) })
    append(",\"since\":", process.since.map { .number(($0 * 1e3).rounded() / 1e3) })
    append(",\"last_heartbeat\":", process.lastHeartbeat.map { .number($0) })
    append(",\"pid\":", process.pid.map { .integer(Int64(widening: $0)) })
    append(",\"up\":", process.isUp.map { .bool($0) })
    append(",\"matched\":", process.matched.map { .integer(Int64(widening: $0)) })
    append(",\"status\":", process.status.map { .string($0) })
    append(",\"host\":", process.host.map { .string($0) })
    append(",\"file\":", process.file.map { .string($0) })
    append(",\"silenced\":", process.silence.map { .object($0.whole) })
    objects.append(contentsOf: ",\"data\":".utf8)
    objects.append(contentsOf: process.data)
    append(",\"job\":", process.job.map { .object($0.object) })
    append(",\"process\":", process.figures.map { .object($0.value.object) })
    objects.append(UInt8(ascii: "}"))
    digest.add(objects[rest...])
    guard isMarked else { return }
    var hasher = Hasher()
    for part in [head, rest..<objects.count] {
      objects[part].withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    marks.append(Mark(name: process.name, range: start..<objects.count, content: hasher.finalize()))
  }

  private mutating func append(_ key: StaticString, _ value: JSONValue?) {
    key.withUTF8Buffer { objects.append(contentsOf: $0) }
    (value ?? .null).append(to: &objects)
  }

  /// `{"generated": ..., "summary": {...}, "file": {...}, "files": [...], "problems": [...], "problem_count": 0, "silences": [...],
  /// "heartbeats": [...]}` in pieces.
  ///
  /// - Parameters:
  ///   - generated: Unix time in seconds.
  ///   - problemCount: how many there are with those that are not named.
  func list(
    generated: Double, file: JSONObject, files: JSONValue = .array([]), problems: [JSONValue], problemCount: Int = 0,
    silences: JSONValue = .array([])
  ) -> [[UInt8]] {
    let members = head(
      file: file, files: files, problems: problems, problemCount: problemCount, silences: silences
    ).members
    return Self.list(head: JSONObject([.init(key: "generated", value: .number(generated))] + members), objects)
  }

  /// What the list says beside the processes and the time.
  func head(
    file: JSONObject, files: JSONValue, problems: [JSONValue], problemCount: Int = 0, silences: JSONValue = .array([])
  ) -> JSONObject {
    var summary = JSONObject()
    for (state, count) in zip(ProcessState.allCases, counts) { summary.append(state.rawValue, .integer(count)) }
    return [
      "summary": .object(summary), "file": .object(file), "files": files, "problems": .array(problems),
      "problem_count": .integer(Int64(clamping: problemCount)), "silences": silences,
    ]
  }

  /// These members, then `"heartbeats": [...]`, in pieces.
  static func list(head: JSONObject, _ objects: [UInt8]) -> [[UInt8]] {
    var start = JSONValue.object(head).serialised()
    start.removeLast()
    start.append(contentsOf: ",\"heartbeats\":[".utf8)
    return [start, objects, Array("]}".utf8)]
  }

  /// A tag that stays while nothing but the ages has changed: weak, since ages do (RFC 9110 section 8.8.1). The state is
  /// part of it, though it too may change by the mere passing of time: a silent process is news.
  func tag(
    _ file: JSONObject, _ files: JSONValue = .array([]), _ problems: [JSONValue], problemCount: Int = 0,
    silences: JSONValue = .array([])
  ) -> String {
    var digest = digest
    digest.add(Array("\(problemCount)".utf8)[...])
    digest.add(JSONValue.object(file).serialised()[...])
    digest.add(files.serialised()[...])
    digest.add(JSONValue.array(problems).serialised()[...])
    digest.add(silences.serialised()[...])
    return "W/\"\(String(digest.value, radix: 16))\""
  }
}

extension Silence {
  /// As the API shows it; what is not known is null.
  fileprivate var whole: JSONObject {
    [
      "until": .number(until), "comment": comment.map { .string($0) } ?? .null,
      "created_by": createdBy.map { .string($0) } ?? .null,
    ]
  }

  /// As the API lists it.
  func listed(as name: [UInt8]) -> JSONValue {
    var object: JSONObject = ["process": .string(String(decoding: name, as: UTF8.self))]
    for member in whole.members { object.append(member.key, member.value) }
    return .object(object)
  }
}

extension MonitoredJob {
  /// As the API shows it; what is not known is null.
  fileprivate var object: JSONObject {
    func number(_ value: Double?) -> JSONValue {
      value.map { value in Int64(exactly: value).map { .integer($0) } ?? .number(value) } ?? .null
    }
    return [
      "running": .bool(record.isRunning), "started": number(record.started), "ended": number(record.ended),
      "exit_code": number(record.exitCode), "duration_seconds": number(record.durationSeconds),
      "last_success": number(record.lastSuccess), "runs": number(record.runs), "failures": number(record.failures),
      "next_due": number(due), "late_at": number(lateAt),
    ]
  }
}

extension ProcessFigures {
  /// As the API shows them; what the kernel does not tell is null.
  fileprivate var object: JSONObject {
    func whole(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? .null }
    return [
      "cpu_seconds": .number(cpuSeconds), "resident_memory_bytes": whole(residentBytes),
      "virtual_memory_bytes": whole(virtualBytes), "threads": whole(threads), "open_fds": whole(openFiles),
      "max_fds": maxOpenFiles.map { .number($0) } ?? .null, "start_time": startTime.map { .number($0) } ?? .null,
      "read_bytes": whole(readBytes), "written_bytes": whole(writtenBytes), "major_page_faults": whole(majorFaults),
    ]
  }
}
