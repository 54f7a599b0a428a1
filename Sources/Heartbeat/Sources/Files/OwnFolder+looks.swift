internal import Glibc
internal import POSIX

/// What each file says.
extension OwnFolder {
  /// Looks at each file, and reads those that changed, first those of which a beat came before.
  ///
  /// - Parameter isChanged: is set where something else comes of a file.
  /// - Returns: of how many files what came before is shown, and was not read now; nil where more is to be read than was wanted at once.
  mutating func look(
    in folder: borrowing FileDescriptor, waitingUntil end: UInt64, _ work: Work, _ isChanged: inout Bool
  ) -> Int? {
    var found: [Result<stat, Errno>] = []
    found.reserveCapacity(items.count)
    // By their places, here and below: a loop over the items themselves copies each.
    for place in items.indices {
      do throws(Errno) {
        found.append(.success(try folder.status(at: items[place].file)))
      } catch {
        found.append(.failure(error))
      }
    }
    let largest = largestThatFits(found)
    let areGood = items.indices.map { items[$0].member != nil }
    // New ones have their turn too, however many good ones change.
    let othersWait =
      work == .part
      && items.indices.contains { place in
        guard !areGood[place], case .success(let status) = found[place] else { return false }
        return needsReading(place, status, upTo: largest)
      }
    var room = Room(work, limits, keepsRest: othersWait)
    var unread = 0
    for (kind, isGood) in [true, false].enumerated() {
      var left: Int?
      let begin = min(begins[kind], items.count)
      for turn in items.indices {
        let place = begin + turn < items.count ? begin + turn : begin + turn - items.count
        guard areGood[place] == isGood else { continue }
        let isNew: Bool
        switch found[place] {
        case .success(let status):
          if needsReading(place, status, upTo: largest), !room.takeOne() {
            guard work != .atOnce else { return nil }
            left = left ?? place
            if isGood { unread += 1 }
            continue
          }
          isNew = look(at: place, status, upTo: largest, in: folder, waitingUntil: end)
        // The next listing does not have it any more.
        case .failure(.noSuchFile): isNew = take(nil, nil, at: place)
        case .failure(let error): isNew = take(nil, OwnFileLook.Problem(error), at: place)
        }
        items[place].isAsked = true
        isChanged = isNew || isChanged
      }
      // What was not read this time is the first one to be read.
      begins[kind] = left ?? 0
      room.openRest()
    }
    return unread
  }

  /// How much a look may still read.
  private struct Room {
    private var files: Int
    /// Of the processor's time of this thread.
    private var end: UInt64
    private var isOver = false
    /// What is kept for later, of both.
    private var rest: (files: Int, time: UInt64) = (0, 0)

    /// - Parameter keepsRest: whether a quarter is kept until `openRest`.
    init(_ work: Work, _ limits: ReadingLimits, keepsRest: Bool) {
      switch work {
      case .all: (files, end) = (.max, .max)
      case .atOnce: (files, end) = (limits.filesAtOnce, .max)
      case .part:
        files = limits.filesOfLook
        let time = Clock.nanoseconds(limits.timeOfLook)
        if keepsRest { rest = ((files + 3) / 4, time / 4) }
        files -= rest.files
        end = Clock.threadNanoseconds &+ (time - rest.time)
      }
    }

    mutating func openRest() {
      guard rest.files > 0 else { return }
      files += rest.files
      end &+= rest.time
      rest = (0, 0)
      isOver = false
    }

    /// Whether one more file may be read.
    mutating func takeOne() -> Bool {
      guard !isOver, files > 0 else { return false }
      files -= 1
      // A few are read in any case.
      if files & 0x3F == 0, end != .max, Clock.threadNanoseconds >= end { isOver = true }
      return true
    }
  }

  /// Whether a file is to be read to know what it says.
  private func needsReading(_ place: Int, _ status: stat, upTo largest: Int) -> Bool {
    guard status.st_mode & S_IFMT == S_IFREG, Int(widening: status.st_size) <= largest else { return false }
    return items[place].stamp != FileStamp(status)
  }

  /// Adds up the files, and says how large one may be so that all together fit.
  private mutating func largestThatFits(_ found: [Result<stat, Errno>]) -> Int {
    var sizes: [Int] = []
    sizes.reserveCapacity(found.count)
    for case .success(let status) in found where status.st_mode & S_IFMT == S_IFREG {
      sizes.append(Int(widening: status.st_size))
    }
    size = sizes.reduce(0, &+)
    guard size > maximumBytes else { return OwnFile.largest }
    sizes.sort()
    var room = maximumBytes
    for size in sizes {
      guard size <= room else { return min(OwnFile.largest, size - 1) }
      room -= size
    }
    return OwnFile.largest
  }

  private mutating func look(
    at place: Int, _ status: stat, upTo largest: Int, in folder: borrowing FileDescriptor, waitingUntil end: UInt64
  ) -> Bool {
    if items[place].owner != status.st_uid { hasNewOwner = true }
    items[place].owner = status.st_uid
    guard status.st_mode & S_IFMT == S_IFREG else {
      return take(nil, OwnFileLook.notRegular(status.st_mode), at: place)
    }
    let size = Int(widening: status.st_size)
    guard size <= largest else { return take(nil, OwnFileLook.tooLarge(largest, maximumBytes), at: place) }
    let stamp = FileStamp(status)
    if items[place].stamp == stamp { return false }
    let start = Clock.realtime
    let (file, process) = (items[place].file, items[place].process)
    // An empty one need not be read to be known for one.
    var look =
      size == 0 ? OwnFileLook([], of: process) : OwnFileLook(file, of: process, status, in: folder)
    var attempt = 0
    while case .unfinished = look, attempt < limits.retries, Clock.monotonicNanoseconds < end {
      attempt += 1
      usleep(limits.retryPause)
      look = OwnFileLook(file, of: process, nil, in: folder)
    }
    let isSettled = start - FileStamp.seconds(status.st_ctim) > limits.timestampGrain
    let kept = isSettled ? stamp : nil
    switch look {
    case .member(let member): return take(.new(member), nil, at: place, stamp: kept)
    case .gone: return take(nil, nil, at: place)
    case .bad(let problem):
      // Whether this user may read it can change without a trace in the file.
      let isInFile = problem.reason == .notAnObject || problem.reason == .missingLastHeartbeat
      return take(nil, problem, at: place, stamp: isInFile ? kept : nil)
    case .unfinished(let problem):
      let since = items[place].unfinished ?? Clock.monotonicNanoseconds
      let age = max(
        start - FileStamp.seconds(status.st_mtim), Double(Clock.monotonicNanoseconds &- since) / 1e9)
      guard age >= limits.unfinishedFor else {
        items[place].unfinished = since
        // Served as it was last.
        return take(items[place].member, nil, at: place, isUnfinished: true)
      }
      return take(nil, problem, at: place, stamp: kept)
    }
  }

  /// Takes over what comes of a file; says whether it is something else than before.
  private mutating func take(
    _ member: Member?, _ problem: OwnFileLook.Problem?, at place: Int, stamp: FileStamp? = nil,
    isUnfinished: Bool = false
  ) -> Bool {
    let isNew = !isSame(items[place].member, member) || items[place].problem != problem
    items[place].stamp = stamp
    if isNew { items[place].member = member }
    items[place].problem = problem
    if !isUnfinished { items[place].unfinished = nil }
    return isNew
  }

  private func isSame(_ one: Member?, _ other: Member?) -> Bool {
    switch (one, other) {
    case (nil, nil): true
    case (.shown(let one), .shown(let other)): one == other
    case (.new(let one), .new(let other)): one == other
    case (.shown(let shown), .new(let new)), (.new(let new), .shown(let shown)): snapshot.bytes[shown] == new[...]
    case (nil, _), (_, nil): false
    }
  }
}
