internal import Glibc
internal import JSON
internal import POSIX

/// Reads a file that careless writers truncate and fill while others look: what cannot be understood is read again
/// until nobody has touched it for a while, before it counts.
struct FileContents {
  /// What came of it.
  enum Reading<Value> {
    case missing
    /// `fstat(2)` of the file as it was read.
    case value(Value, stat)
    /// Nothing is in it.
    case empty(stat)
    /// Half a heartbeat file, or one with a fault in it.
    case damaged(reason: String, stat)
  }

  let limit: Int
  /// Whether a file that seems half written is waited for until nobody writes it any more.
  var settles = true

  /// The pauses before each further look, in microseconds: longer in all than a writer usually needs between truncating
  /// a file and having filled it.
  // Not mutated: how long a pause is shows nowhere.
  private static let pauses: [UInt32] = [1_000, 3_000, 10_000, 20_000, 40_000]
  /// Seconds for which a file that is half written, or empty, must stay as it is until it counts as damaged, or as new.
  static let settledAfter = 2.0
  static let longPause: UInt32 = 50_000

  /// Reads the file until `parse` understands it. Somebody else's file is an error.
  func read<Value: RecognisableText>(
    _ place: borrowing Place, _ parse: ([UInt8]) throws(JSONError) -> Value
  ) throws(HeartbeatError) -> Reading<Value> {
    var looks = 0
    var stillness = Stillness()
    while true {
      guard let (bytes, status) = try readOnce(place) else { return .missing }
      let problem = FileContents.problem(of: bytes, parse)
      if case .none(let value) = problem { return .value(value, status) }
      stillness.note(status)
      if looks >= FileContents.pauses.count {
        let isSettled = !settles || stillness.isLong
        switch problem {
        case .foreign(let reason): throw .foreign(file: place.path, reason: reason)
        case .empty where isSettled: return .empty(status)
        case .damaged(let reason) where isSettled: return .damaged(reason: reason, status)
        default: break
        }
        guard stillness.watched < 2 * FileContents.settledAfter else { throw .beingWritten(file: place.path) }
      }
      usleep(looks < FileContents.pauses.count ? FileContents.pauses[looks] : FileContents.longPause)
      looks += 1
    }
  }

  private enum Problem<Value> {
    case none(Value)
    case empty
    case damaged(String)
    case foreign(String)
  }

  private static func problem<Value: RecognisableText>(
    of bytes: [UInt8], _ parse: ([UInt8]) throws(JSONError) -> Value
  ) -> Problem<Value> {
    if UnreadableText.isBlank(bytes) { return .empty }
    do throws(JSONError) {
      let value = try parse(bytes)
      return value.foreignReason.map { .foreign($0) } ?? .none(value)
    } catch {
      return TornText.isHeartbeatFile(bytes) ? .damaged(error.description) : .foreign(error.description)
    }
  }

  /// The file's bytes; nil when there is none. A link in its place is an error: it was followed already, or may not be.
  ///
  /// What somebody writes in place while it is read may be half old and half new, and valid all the same: it is read again, or
  /// the mixture would be written back.
  func readOnce(_ place: borrowing Place) throws(HeartbeatError) -> ([UInt8], stat)? {
    var looks = 0
    var bytes: [UInt8] = []
    do throws(Errno) {
      while true {
        let descriptor = try place.open(place.name, O_RDONLY)
        let status = try descriptor.status()
        guard status.isRegular else { throw Errno(EISDIR) }
        bytes.removeAll(keepingCapacity: true)
        try descriptor.readToEnd(appendingTo: &bytes, limit: limit)
        if FileStamp(try descriptor.status()).hasContent(of: FileStamp(status)) { return (bytes, status) }
        guard looks < FileContents.pauses.count else { throw Errno(EAGAIN) }
        usleep(FileContents.pauses[looks])
        looks += 1
      }
    } catch {
      switch error.rawValue {
      case ENOENT: return nil
      case EFBIG: throw .tooLarge(file: place.path, limit: limit)
      case EAGAIN: throw .beingWritten(file: place.path)
      // ENXIO is what opening a socket gives.
      case EISDIR, ENXIO: throw .notAFile(file: place.path)
      case ELOOP: throw .link(file: place.path, reason: "it is a symbolic link: it is not followed; remove it")
      default: throw .cannotRead(file: place.path, error)
      }
    }
  }
}

/// For how long nobody has touched a file, as far as one who looks at it again and again can know.
struct Stillness {
  private let start = Clock.monotonicNanoseconds
  private var known: (stamp: FileStamp, since: UInt64)?
  /// Seconds since the file was written, by its own time; negative when that lies ahead: the clock was set back, or the
  /// time was set by somebody.
  private var age = 0.0

  /// Notes what `fstat(2)` says now.
  mutating func note(_ status: stat) {
    let stamp = FileStamp(status)
    if known?.stamp.hasContent(of: stamp) != true { known = (stamp, Clock.monotonicNanoseconds) }
    age = Clock.realtime - FileStamp.seconds(status.st_mtim)
  }

  /// Seconds since the first look.
  var watched: Double { Stillness.seconds(since: start) }

  /// Whether the file's own time says nothing.
  var isAhead: Bool { age < 0 }

  /// Whether it has stayed as it is for long enough to count as damaged, or as new.
  var isLong: Bool {
    max(known.map { Stillness.seconds(since: $0.since) } ?? 0, age) >= FileContents.settledAfter
  }

  private static func seconds(since past: UInt64) -> Double { Double(Clock.monotonicNanoseconds &- past) / 1e9 }
}
