internal import Glibc
internal import POSIX

/// A picture of the host: what is asked once for all readers of one tree that make it, and what one of them asks ahead for another.
public final class Picture: Sendable {
  /// Which directory a path leads to.
  struct Identity: Equatable, Sendable {
    private let device: dev_t
    private let inode: ino_t

    init(_ status: Glibc.stat) { (device, inode) = (status.st_dev, status.st_ino) }
  }

  /// The room of mounts.
  struct Room {
    /// Which mounts are asked, and what those said that have answered.
    fileprivate(set) var keys: [MountProbe.Key] = []
    fileprivate(set) var answers: [MountProbe.Answer?] = []
    /// The place of the one that has been asked and has not answered.
    fileprivate(set) var underWay: Int?
    /// Somebody has taken the answers, and asks the others in another way.
    fileprivate var isTaken = false
  }

  /// When it was begun, on the monotonic clock in nanoseconds.
  let time = Clock.monotonicNanoseconds
  private let found = Lock<Identity?>(nil)
  private let room = ConditionLock(Room())

  /// Nothing was asked yet.
  public init() {}

  /// Where a path leads to, asked at the first call; nil when that cannot be said. It waits for whatever is there, but not for others
  /// that ask.
  func identity(of path: String) -> Identity? {
    if let known = found.withLock({ $0 }) { return known }
    var status = Glibc.stat()
    guard fstatat(AT_FDCWD, path, &status, 0) == 0 else { return nil }
    let identity = Identity(status)
    found.withLock { $0 = $0 ?? identity }
    return identity
  }

  /// Sets which mounts are asked ahead.
  func ask(_ keys: [MountProbe.Key]) {
    room.withoutWaking { room in
      guard !room.isTaken else { return }
      (room.keys, room.answers) = (keys, Array(repeating: nil, count: keys.count))
    }
  }

  /// Notes that the mount of a place is asked next; false when it need not be any more.
  func begin(_ place: Int) -> Bool {
    room.withoutWaking { room in
      guard !room.isTaken, room.answers.indices.contains(place) else { return false }
      room.underWay = place
      return true
    }
  }

  /// Takes an answer, and wakes who waits for it; nil when the mount is not asked after all.
  func end(_ place: Int, _ answer: MountProbe.Answer?) {
    let isAwaited = room.withoutWaking { room in
      if room.answers.indices.contains(place) { room.answers[place] = answer }
      room.underWay = nil
      return room.isTaken
    }
    if isAwaited { room.withLock { _ in } }
  }

  /// What was asked ahead; from here on nothing more is.
  func takeRoom() -> Room {
    room.withoutWaking { room in
      room.isTaken = true
      return room
    }
  }

  /// Waits for the answer of one that is under way; nil when it is late, or is not asked after all.
  func answer(of place: Int, until deadline: UInt64) -> MountProbe.Answer? {
    let left = Double(deadline &- min(deadline, Clock.monotonicNanoseconds)) / 1e9
    return room.wait(timeout: left) { room -> MountProbe.Answer?? in
      room.underWay == place || !room.answers.indices.contains(place) ? nil : .some(room.answers[place])
    } ?? nil
  }
}
