internal import Glibc
internal import JSON
internal import POSIX

/// One content of a heartbeat file, parsed: flat arrays that point into the file's own bytes.
public struct HeartbeatSnapshot: Sendable {
  /// A piece of UTF-8 in `bytes`.
  public struct Text: Hashable, Sendable {
    private let place: CompactRange

    init(range: Range<Int>) { self.init(place: CompactRange(range)) }

    init(place: CompactRange) { self.place = place }

    /// Where it lies.
    public var range: Range<Int> { place.range }
  }

  /// One process of the file. There are hundreds of thousands of them, so each is small: what is not said is a value that nothing has.
  public struct Entry: Sendable {
    private let time: Double
    private let seconds: Double
    private let reportedPid: Int32
    private let jobPlace: Int32
    private var namePlace: CompactRange
    private var statusPlace: CompactRange.Possible
    private var hostPlace: CompactRange.Possible
    private var numbersPlace: CompactRange
    private var stringsPlace: CompactRange
    private var sourcePlace: CompactRange
    private var memberPlace: CompactRange.Possible

    /// - Parameters:
    ///   - lastHeartbeat: finite.
    ///   - pid: above zero.
    ///   - interval: above zero and finite.
    init(
      name: Text, lastHeartbeat: Double?, pid: Int32?, status: Text?, host: Text?, interval: Double?,
      job: Int?, numbers: Range<Int>, strings: Range<Int>, source: Range<Int>, member: Range<Int>?
    ) {
      time = lastHeartbeat ?? .infinity
      seconds = interval ?? 0
      reportedPid = pid ?? 0
      jobPlace = job.flatMap { Int32(exactly: $0) } ?? -1
      namePlace = CompactRange(name.range)
      statusPlace = CompactRange.Possible(status?.range)
      hostPlace = CompactRange.Possible(host?.range)
      numbersPlace = CompactRange(numbers)
      stringsPlace = CompactRange(strings)
      sourcePlace = CompactRange(source)
      memberPlace = CompactRange.Possible(member)
    }

    /// Its name, unescaped.
    public var name: Text { Text(place: namePlace) }
    /// Unix time of its last beat, always finite; nil when its file says that it never beat.
    public var lastHeartbeat: Double? { time.isFinite ? time : nil }
    /// The pid that it reports, if that is a pid: 1 to `maximumPid`. Other programs' files may have larger ones, which no process has.
    public var pid: Int32? { reportedPid > 0 ? reportedPid : nil }
    /// Its status word, at most `maximumStatusLength` bytes of it.
    public var status: Text? { statusPlace.range.map { Text(range: $0) } }
    /// The host on which it runs, where the beat came from another one.
    public var host: Text? { hostPlace.range.map { Text(range: $0) } }
    /// Seconds between two beats as the process means to beat; above zero and finite; nil when it does not say so.
    public var interval: Double? { seconds > 0 ? seconds : nil }
    /// What it says of its runs, in `jobs`; nil when it is no job.
    public var job: Int? { jobPlace >= 0 ? Int(widening: jobPlace) : nil }
    /// Its own data's numbers, in `numbers`.
    public var numbers: Range<Int> { numbersPlace.range }
    /// Its own data's strings, in `strings`.
    public var strings: Range<Int> { stringsPlace.range }
    /// Its JSON object, in `bytes`.
    public var source: Range<Int> { sourcePlace.range }
    /// Its name with the quotes and its object, in `bytes`, if these say all that there is of it.
    var member: Range<Int>? { memberPlace.range }

    /// Its text stands so many bytes further on, and its numbers and strings stand elsewhere.
    mutating func move(by shift: Int, numbers: Range<Int>, strings: Range<Int>) {
      namePlace.move(by: shift)
      statusPlace.move(by: shift)
      hostPlace.move(by: shift)
      sourcePlace.move(by: shift)
      memberPlace.move(by: shift)
      numbersPlace = CompactRange(numbers)
      stringsPlace = CompactRange(strings)
    }

    /// Forgets its own data.
    mutating func dropValues() {
      (numbersPlace, stringsPlace) = (CompactRange(0..<0), CompactRange(0..<0))
    }
  }

  /// A number of a process's own data; booleans are 0 and 1.
  public struct Number: Sendable {
    /// The place of its path in `keyPaths`.
    public var key: Int32
    /// Always finite.
    public var value: Double
  }

  /// A string of a process's own data.
  public struct StringValue: Sendable {
    /// The place of its path in `keyPaths`.
    public var key: Int32
    /// The text, unescaped.
    public var value: Text
  }

  /// The keys that lead to a value in a process's own data.
  public struct KeyPath: Hashable, Sendable {
    /// From the outside in, unescaped: `["memory_usage", "heapTotal"]`. Empty for the numbers of a process beyond those that are told.
    public let components: [String]
  }

  /// Why a part of the file was left out: the `reason` of `heartbeat_entries_skipped_total`.
  public enum SkipReason: String, CaseIterable, Sendable {
    /// The process's value is no JSON object.
    case notAnObject = "not_an_object"
    /// There is no `last_heartbeat`.
    case missingLastHeartbeat = "missing_last_heartbeat"
    /// `last_heartbeat` is no time.
    case badLastHeartbeat = "bad_last_heartbeat"
    /// `pid` is none that a kernel gives, 1 to 4,194,304; the rest of the process counts.
    case badPid = "bad_pid"
    /// `job` says nothing of runs, or something that cannot be; the rest of the process counts.
    case badJob = "bad_job"
    /// A silence that cannot be used: it says no time at which it ends, or there are too many; the process itself counts.
    case badSilence = "bad_silence"
    /// The name is empty.
    case emptyName = "empty_name"
    /// The name is longer than `maximumNameLength`.
    case nameTooLong = "name_too_long"
    /// The name is the exporter's own, for its own series.
    case reservedName = "reserved_name"
    /// The name comes again further down; the last one counts.
    case duplicateName = "duplicate_name"
    /// The name is that of a process of another file, whose source comes first.
    case nameTaken = "name_taken"
    /// There are more processes than the limit, or their names are too long together.
    case tooManyEntries = "too_many_entries"
    /// A number of the process's data is NaN, infinite or too large for a double; the rest of the process counts.
    case numberOutOfRange = "number_out_of_range"
    /// An object of the process's data lies deeper than `maximumDataDepth`; the rest of the process counts.
    case tooDeep = "too_deep"
    /// The keys that lead to a value of the process's data are longer than `maximumKeyPathLength`; the rest counts.
    case keyTooLong = "key_too_long"
    /// The key of another program's number is an id or a time: it would be another one with every write; the rest counts.
    case changingKey = "changing_key"
    /// The file has more different key paths than `maximumKeyPaths`; what stands under the first ones counts.
    case tooManyKeys = "too_many_keys"
    /// In a folder of own files: this user may not read the process's file.
    case permissionDenied = "permission_denied"
    /// In a folder of own files: it is a symbolic link, a pipe, a folder or a device.
    case notARegularFile = "not_a_regular_file"
    /// In a folder of own files: for longer than it takes to write it, the file is empty, no whole JSON, or changes while it is read.
    case notJSON = "not_json"
    /// In a folder of own files: the file has more than 4 MiB, or all together have more than a file may have.
    case tooLarge = "too_large"
    /// In a folder of own files: the kernel gives another error.
    case inputOutput = "io_error"
    /// In a folder of own files: no process has a file of that name.
    case badFileName = "bad_file_name"
  }

  /// The largest pid that Linux gives: `PID_MAX_LIMIT`, see `proc(5)`, `/proc/sys/kernel/pid_max`.
  public static let maximumPid: Int32 = 4_194_304
  /// The longest process name in bytes.
  public static let maximumNameLength = 1024
  /// Of a longer status word this many bytes count.
  public static let maximumStatusLength = 64
  /// How deep objects of a process's own data may lie in one another.
  public static let maximumDataDepth = 16
  /// How long the keys that lead to a value may be together, in bytes.
  public static let maximumKeyPathLength = 1024
  /// How many different key paths a file may have: each costs memory of its own, numbers under a known one do not.
  public static let maximumKeyPaths = 20_000
  /// Of so many pruned processes it is known; of further ones it is not.
  public static let maximumPruned = 10_000
  /// How deep anything in the file may be nested; deeper is not read at all.
  public static let maximumNesting = JSONValue.maximumNesting

  /// The file's bytes; strings that had escapes follow, decoded.
  public internal(set) var bytes: [UInt8] = []
  /// The processes, in the order in which their names first appear.
  public internal(set) var entries: [Entry] = []
  /// The numbers of all processes, one process after the other.
  public internal(set) var numbers: [Number] = []
  /// The strings that were asked for, one process after the other.
  public internal(set) var strings: [StringValue] = []
  /// What the jobs among the processes say of their runs.
  public internal(set) var jobs: [JobRecord] = []
  /// Every path that leads to a value of some process, once.
  public internal(set) var keyPaths: [KeyPath] = []
  /// What the file gives as `last_updated`, Unix time.
  public internal(set) var lastUpdated: Double?
  /// Processes that somebody has pruned, and when in Unix time.
  public internal(set) var pruned: [[UInt8]: Double] = [:]
  /// Processes that somebody has silenced, those among them that are over: `activeSilences`.
  public internal(set) var silences: [[UInt8]: Silence] = [:]
  /// What was left out.
  public internal(set) var skipped: [SkipReason: Int] = [:]
  /// The first ones of what was left out, by name; at most `EntryProblem.maximumCount`.
  public internal(set) var problems: [EntryProblem] = []
  /// In what it differs from the content that was read before it.
  public internal(set) var changes = SnapshotChanges()

  /// Whether it has entries and none of them has a `last_heartbeat`, be it a wrong one.
  var hasOnlyEntriesOfOthers: Bool {
    entries.isEmpty && !skipped.isEmpty && pruned.isEmpty && silences.isEmpty
      && skipped.keys.allSatisfy { $0 == .missingLastHeartbeat || $0 == .notAnObject }
  }

  /// A file without processes.
  public init() {}

  /// Forgets everything and keeps the memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
    strings.removeAll(keepingCapacity: true)
    jobs.removeAll(keepingCapacity: true)
    keyPaths = []
    lastUpdated = nil
    pruned = [:]
    silences = [:]
    skipped = [:]
    problems = []
    changes = SnapshotChanges()
  }

  /// Keeps its text and what the known keys say, and forgets the processes' own data.
  mutating func dropValues() {
    guard !keyPaths.isEmpty else { return }
    (numbers, strings, keyPaths) = ([], [], [])
    for place in entries.indices { entries[place].dropValues() }
  }

  /// Counts silences that cannot be used, and names the first ones.
  ///
  /// - Parameters:
  ///   - offset: where the first one's object stands; nil where the place says nothing.
  ///   - file: the note in a folder.
  mutating func noteBadSilences(_ names: [String], at offset: Int?, file: String? = nil) {
    guard !names.isEmpty else { return }
    skipped[.badSilence, default: 0] += names.count
    for name in names where problems.count < EntryProblem.maximumCount {
      problems.append(EntryProblem(process: name, reason: .badSilence, offset: offset, file: file))
    }
  }

  /// Gives its bytes' memory away, empty.
  mutating func takeBytes() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    taken.removeAll(keepingCapacity: true)
    return taken
  }

  /// Takes memory back for the next time.
  mutating func giveBack(_ memory: consuming [UInt8]) {
    bytes = memory
  }

  /// Whether its bytes begin with these.
  func begins(with text: borrowing [UInt8]) -> Bool {
    let count = text.count
    guard count <= bytes.count else { return false }
    return text.withUnsafeBytes { one in
      bytes.withUnsafeBytes { other in
        guard let one = one.baseAddress, let other = other.baseAddress else { return true }
        return memcmp(one, other, count) == 0
      }
    }
  }

  /// The text as a string.
  public func string(_ text: Text) -> String {
    String(decoding: bytes[text.range], as: UTF8.self)
  }
}
