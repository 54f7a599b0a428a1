internal import POSIX
internal import Synchronization

/// What a reader of `/proc` is at. Another thread may ask, to see whether the reader hangs.
public final class ReadingProgress: Sendable {
  /// What is read, and with it what can be gone without when it does not come back.
  public enum Place: Hashable, Sendable {
    /// The tree itself.
    case tree
    /// A file of the host; in a look that is the one that tells the boot time.
    case hostFile
    /// Some file of a process.
    case process(Int32)
    /// The command line of a process, of which all else may well be read.
    case commandLine(Int32)

    /// Its path in the tree.
    public var path: String {
      switch self {
      case .tree: ""
      case .hostFile: "stat"
      case .process(let pid): "\(pid)"
      case .commandLine(let pid): "\(pid)/cmdline"
      }
    }
  }

  /// The number of readings in the upper half, the place in the lower one: the process, or 0 for the host, and above it whether it
  /// is the file that can be gone without.
  private let state = Atomic<UInt64>(0)

  /// Nothing was read yet.
  init() {}

  private static let apart: UInt32 = 1 << 31

  /// Notes what is read next.
  func note(_ place: Place) {
    let low: UInt32 =
      switch place {
      case .tree: 0
      case .hostFile: Self.apart
      case .process(let pid): UInt32(truncatingIfNeeded: pid) & ~Self.apart
      case .commandLine(let pid): UInt32(truncatingIfNeeded: pid) | Self.apart
      }
    let count = state.load(ordering: .relaxed) >> 32
    state.store((count &+ 1) << 32 | UInt64(widening: low), ordering: .relaxed)
  }

  /// Notes that something else of the same is read next.
  func noteFurther() {
    state.store(state.load(ordering: .relaxed) &+ 1 << 32, ordering: .relaxed)
  }

  /// Differs from one reading to the next.
  public var mark: UInt64 { state.load(ordering: .relaxed) }

  /// What is read.
  public static func place(of mark: UInt64) -> Place {
    let low = UInt32(truncatingIfNeeded: mark)
    let pid = Int32(truncatingIfNeeded: low & ~apart)
    if low & apart == 0 { return pid == 0 ? .tree : .process(pid) }
    return pid == 0 ? .hostFile : .commandLine(pid)
  }
}
