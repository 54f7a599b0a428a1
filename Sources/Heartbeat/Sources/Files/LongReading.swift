internal import Glibc
internal import POSIX

/// Reads on a thread of its own what may take long, or hang; one after the other.
///
/// To be used by one thread at a time.
final class LongReading: Sendable {
  /// What is to be read.
  struct Task: Sendable {
    var reader: SourceReader
    /// As for its `refresh`, all of them.
    var mayWait: Bool
    var patience: UInt64
    var room: Int
    var most: Int
  }

  private struct Work {
    var next: Task?
    /// False where more was to be read than may be.
    var done: (reader: SourceReader, isRead: Bool)?
    var hasThread = false
    /// That of the processor's time that the thread has had.
    var clock: clockid_t?
    /// Set once it is left to itself.
    var leftBehind: HangWatch?
  }

  private let worker = Worker(named: "file-reader", Work())
  private let gate: @Sendable (String) -> Void
  private let spent: @Sendable (clockid_t) -> UInt64

  /// Has no thread yet.
  ///
  /// - Parameters:
  ///   - spent: how much of the processor's time a thread has had, in nanoseconds, by its clock.
  ///   - gate: is called on the thread in front of each reading, with the path.
  init(spent: @escaping @Sendable (clockid_t) -> UInt64, gate: @escaping @Sendable (String) -> Void) {
    (self.spent, self.gate) = (spent, gate)
  }

  convenience init(gate: @escaping @Sendable (String) -> Void = { _ in }) {
    self.init(spent: LongReading.spentTime, gate: gate)
  }

  deinit { worker.close { $0.next = nil } }

  /// One more of its kind, without a thread.
  func another() -> LongReading { LongReading(spent: spent, gate: gate) }

  /// How much of the processor's time its thread has had, in nanoseconds: one that hangs gets none.
  var spentTime: UInt64 { worker.withoutWaking { $0.clock }.map(spent) ?? 0 }

  /// Begins to read; what was begun before must have been taken.
  ///
  /// - Returns: what was to be read where there is no thread for it.
  func begin(_ task: Task) -> SourceReader? {
    let needsThread = worker.withLock { work in
      work.next = task
      defer { work.hasThread = true }
      return !work.hasThread
    }
    guard needsThread else { return nil }
    do throws(Errno) {
      // Not this value: it ends the thread when nobody needs it any more.
      try worker.start { [worker, gate] in LongReading.serve(worker, gate) }
      return nil
    } catch {
      return worker.withLock { work in
        work.hasThread = false
        return work.next.take()?.reader
      }
    }
  }

  /// Waits for what was begun, and takes it; nil when it is not done by then.
  func take(within seconds: Double) -> (reader: SourceReader, isRead: Bool)? {
    worker.wait(within: seconds) { $0.done.take() }
  }

  /// Leaves the thread to itself: what it still reads goes nowhere.
  ///
  /// - Parameter watch: is told when it comes back.
  func leaveBehind(_ watch: HangWatch) {
    worker.close { work in
      (work.next, work.done, work.leftBehind) = (nil, nil, watch)
    }
  }

  private static func serve(_ worker: Worker<Work>, _ gate: @Sendable (String) -> Void) {
    var clock = clockid_t()
    if pthread_getcpuclockid(pthread_self(), &clock) == 0 { worker.withoutWaking { $0.clock = clock } }
    while true {
      var task = worker.next { $0.next.take() }
      guard let path = task?.reader.path else { break }
      gate(path)
      let isRead = task?.readElsewhere() ?? false
      // Nothing of it stays here: who takes it changes it in place.
      worker.withLock { work in
        let reader = task.take()?.reader
        work.done = work.leftBehind == nil ? reader.map { ($0, isRead) } : nil
      }
    }
    worker.withoutWaking { $0.leftBehind }?.comeBack()
  }

  /// What works has one of so many parts of a processor's time, on a machine that is busy with other things too.
  static let workingPart: UInt64 = 50

  static func spentTime(_ clock: clockid_t) -> UInt64 {
    var spent = timespec()
    guard clock_gettime(clock, &spent) == 0 else { return 0 }
    return UInt64(clamping: spent.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: spent.tv_nsec)
  }

  /// Does all that a reader does which may hang, and keeps nothing: opens a file, or each one of a folder, and reads it to its end.
  ///
  /// - Parameter most: of a longer file so many bytes are read, the last ones.
  static func touchWhole(_ path: String, most: Int) {
    if let folder = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK) {
      var names: [[UInt8]] = []
      _ = try? FolderListings.list(folder, &names)
      for name in names where name.suffix(5).elementsEqual(".json".utf8) {
        let name = String(decoding: name, as: UTF8.self)
        guard let status = try? folder.status(at: name), status.st_mode & S_IFMT == S_IFREG,
          let file = try? folder.open(at: name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)
        else { continue }
        touchWhole(file, status, most)
      }
      return
    }
    var status = stat()
    // As everywhere, nothing is opened but what is a regular file.
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    else { return }
    touchWhole(file, status, most)
  }

  private static func touchWhole(_ file: borrowing FileDescriptor, _ status: stat, _ most: Int) {
    _ = lseek(file.rawValue, max(0, status.st_size - most), SEEK_SET)
    withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 1) { buffer in
      var left = most
      // One that grows has no end.
      while left > 0, let got = try? file.read(into: buffer), got > 0 { left -= got }
    }
  }
}

extension LongReading.Task {
  fileprivate mutating func readElsewhere() -> Bool {
    reader.readElsewhere(mayWait: mayWait, until: patience, room: room, most: most)
  }
}
