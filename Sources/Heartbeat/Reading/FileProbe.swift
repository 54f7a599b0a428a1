internal import Glibc
internal import POSIX

/// Whether a file can be asked for at all: on a network or FUSE file system whose server hangs, `stat(2)` and `open(2)`
/// do not return, and no time limit can be put on them.
///
/// So a thread of its own asks first, and whoever needs the file waits for that thread with a limit. A file on a local
/// file system needs no thread: once that is known, nothing is asked any more until the file turns bad, or `forget` says that
/// another file system may lie there now. A thread that hangs is left to itself once the file answers another one (`HangWatch`).
/// To be used by one thread at a time.
public final class FileProbe: Sendable {
  private struct State {
    var isAsked = false
    /// Whether the answers of the file come from this machine's own kernel.
    var isLocal = false
    var hasThread = false
    /// Set once the thread is left to itself.
    var leftBehind: HangWatch?
  }

  private let path: String
  private let touch: @Sendable (String) -> Bool
  private let current = Lock(FileProbe.newWorker())
  private let watch = Lock<HangWatch?>(nil)

  private static func newWorker() -> Worker<State> { Worker(named: "file-probe", State()) }
  private var worker: Worker<State> { current.withLock { $0 } }

  /// Describes a file, and asks nothing yet.
  public convenience init(path: String) {
    self.init(path: path, touch: FileProbe.touchAny)
  }

  /// - Parameter touch: does all that a reader does, however long that takes, and says whether the file lies on a local
  ///   file system.
  init(path: String, touch: @escaping @Sendable (String) -> Bool) {
    self.path = path
    self.touch = touch
  }

  deinit { worker.close { $0.isAsked = false } }

  /// Forgets where the file lies.
  func forget() { worker.withLock { $0.isLocal = false } }

  /// Whether the file, or the news that there is none, can be had without hanging.
  ///
  /// - Parameters:
  ///   - seconds: how long to wait; when an earlier question still hangs, it does not wait at all.
  ///   - wasGood: whether the last reading of the file went well.
  public func answers(within seconds: Double, wasGood: Bool) -> Bool {
    begin(wasGood: wasGood) ?? hasAnswered(within: seconds)
  }

  /// The same, but where a thread has to be waited for, it only begins to ask; then `hasAnswered` waits.
  ///
  /// - Parameter isLocal: whether the way to it is known to lie on this machine's own disks. Then it is read also where no thread can be
  ///   had: that it hangs is a lesser danger than that it is not read.
  /// - Returns: nil where there is something to be waited for.
  func begin(wasGood: Bool, isLocal: Bool = true) -> Bool? {
    let worker = worker
    if wasGood, worker.withoutWaking({ $0.isLocal }) { return true }
    let (isHanging, needsThread) = worker.withLock { state in
      let isHanging = state.isAsked
      state.isAsked = true
      defer { state.hasThread = true }
      return (isHanging, !state.hasThread)
    }
    if isHanging {
      guard let watch = watch.withLock({ $0 }), watch.answers({ [path, touch] in _ = touch(path) }), watch.leaveBehind()
      else { return false }
      current.withLock { $0 = FileProbe.newWorker() }
      worker.close { state in
        (state.isAsked, state.leftBehind) = (false, watch)
      }
      return begin(wasGood: false, isLocal: isLocal)
    }
    if needsThread {
      do throws(Errno) {
        // Not this value: it ends the thread when nobody needs it any more.
        try worker.start { [worker, path, touch] in FileProbe.serve(worker, path, touch) }
      } catch {
        worker.withLock { $0 = State() }
        return isLocal
      }
    }
    return nil
  }

  /// Waits for what was begun.
  func hasAnswered(within seconds: Double) -> Bool {
    let answers = worker.wait(within: seconds) { $0.isAsked ? nil : true } ?? false
    watch.withLock { watch in
      if !answers {
        watch = watch ?? HangWatch(at: [path])
      } else if watch?.isNeeded == false {
        watch = nil
      }
    }
    return answers
  }

  private static func serve(
    _ worker: Worker<State>, _ path: String, _ touch: @Sendable (String) -> Bool
  ) {
    while worker.next({ $0.isAsked ? () : nil }) != nil {
      let isLocal = touch(path)
      worker.withLock { state in
        state.isLocal = isLocal
        state.isAsked = false
      }
    }
    worker.withoutWaking { $0.leftBehind }?.comeBack()
  }

  /// Does all that a reader does, and says whether the file lies on a local file system.
  static func touch(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    else { return false }
    var byte: UInt8 = 0
    _ = withUnsafeMutableBytes(of: &byte) { buffer in (try? file.read(into: buffer)) ?? 0 }
    return (try? file.fileSystemType()).map(localTypes.contains) ?? false
  }

  /// The same for a folder, which is listed.
  static func touchFolder(_ path: String) -> Bool {
    guard let folder = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK) else { return false }
    return (try? folder.fileSystemType()).map(localTypes.contains) ?? false
  }

  /// The same for what may be a file or a folder.
  static func touchAny(_ path: String) -> Bool { touch(path) || touchFolder(path) }

  /// `f_type` of file systems whose answers need no other program and no other machine, from `statfs(2)`: ext, XFS,
  /// Btrfs, tmpfs, ramfs, F2FS, ZFS, overlayfs, bcachefs.
  private static let localTypes: Set<UInt32> = [
    0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x8584_58F6, 0xF2F5_2010, 0x2FC1_2FC1, 0x794C_7630, 0xCA45_1A4E,
  ]
}
