internal import Glibc
internal import JSON
internal import POSIX

/// One change of a heartbeat file under its lock: read, merge, replace.
struct HeartbeatUpdate {
  /// What a change may do.
  enum Kind {
    /// Sets entries: makes the file when there is none, moves a corrupt one aside.
    case merging
    /// Removes entries of a file that is there, and writes nothing when none goes.
    case removing
    /// Only says what it would remove.
    case listing
  }

  let file: String
  let options: HeartbeatManager.Options

  var contents: FileContents { FileContents(limit: options.maximumFileSize) }

  /// What a change did.
  struct Outcome {
    /// The names of the removed entries.
    var removed: [String] = []
    /// Whether readers are told to forget those that were to be noted.
    var isNoted = false
  }

  /// Changes the file; says which entries are removed.
  ///
  /// - Parameters:
  ///   - kind: what it may do.
  ///   - noted: of these the file shall say that they were pruned, whether it has them or not.
  ///   - merge: makes the new text of the old one, which is empty for a new file.
  func run(
    _ kind: Kind, noting noted: [String] = [], _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> Outcome {
    let place = try place()
    if kind != .merging {
      // Whoever only looks makes no lock file either.
      let found = try look(place, merge)
      if kind == .listing || (found.isEmpty && (noted.isEmpty || !place.has(place.name))) {
        return Outcome(removed: found)
      }
    }
    try refuseForeign(place)
    let lock = try FileLock(of: place, timeout: options.lockTimeout)
    defer { _ = lock }
    return try runLocked(place, kind, noted, merge)
  }

  /// The file itself, behind those symbolic links that may be followed.
  func place() throws(HeartbeatError) -> Place {
    do throws(PlaceError) {
      return try Place.locate(file)
    } catch {
      throw error.described { .cannotWrite(file: file, $0) }
    }
  }

  /// Somebody else's file must not get a lock file beside it either.
  func refuseForeign(_ place: borrowing Place) throws(HeartbeatError) {
    guard place.has(place.name), !place.has(FileLock.name(for: place.name)) else { return }
    _ = try contents.read(place, HeartbeatText.init(scanning:))
  }

  /// The entries that would go.
  private func look(
    _ place: borrowing Place, _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> [String] {
    switch try contents.read(place, merge) {
    case .missing, .empty: return []
    case .value(let value, _): return value.removed
    case .damaged(let reason, _): throw .corrupt(file: place.path, reason: reason)
    }
  }

  /// Removes what dead writers left, when it is time to. Whoever holds the lock knows that the writers of all temporary
  /// files are dead.
  func removeLeftovers(_ place: borrowing Place) {
    guard Leftovers.isDue(place.name, in: place), let names = try? place.names() else { return }
    Leftovers.remove(temporaryPrefix(place), of: names, in: place)
  }

  /// Puts new content in the file's place.
  func replace(
    _ place: borrowing Place, with content: [UInt8], like old: stat?, keepingAs copy: String? = nil
  ) throws(HeartbeatError) -> stat {
    let replacement = Replacement(
      temporaryPrefix: temporaryPrefix(place), synchronises: options.synchronise, newFilesAreOf: .writers)
    return try replacement.replace(place, with: content, like: old, keepingAs: copy)
  }

  private func temporaryPrefix(_ place: borrowing Place) -> String { place.name + ".tmp-" }

  /// `run` for whoever holds the lock of the file already.
  func runLocked(
    _ place: borrowing Place, _ kind: Kind, _ noted: [String] = [],
    _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> Outcome {
    removeLeftovers(place)
    let merged: HeartbeatMerge
    var old: stat?
    var damage: String?
    switch try contents.read(place, merge) {
    case .missing:
      guard kind == .merging else { return Outcome() }
      merged = try fresh(merge)
    case .empty(let status):
      guard kind == .merging else { return Outcome() }
      old = status
      merged = try fresh(merge)
    case .value(let value, let status):
      old = status
      merged = value
    case .damaged(let reason, let status):
      guard kind == .merging else { throw .corrupt(file: place.path, reason: reason) }
      (old, damage) = (status, reason)
      merged = try fresh(merge)
    }
    guard kind == .merging || !merged.removed.isEmpty || !noted.isEmpty else { return Outcome() }
    // A larger one could never be read again. What only loses entries is never larger than what was read.
    guard kind == .removing || merged.bytes.count <= options.maximumFileSize else {
      throw .tooLarge(file: place.path, limit: options.maximumFileSize)
    }
    var bytes = merged.bytes
    var isNoted = false
    let pruned = noted.isEmpty ? merged.removed : noted
    if kind == .removing, let text = try? PrunedNames.adding(pruned, to: bytes, now: Clock.realtime),
      text.count <= options.maximumFileSize
    {
      bytes = text
      isNoted = !noted.isEmpty
    }
    let copy = damage.map { _ in DamagedFile.nextName(in: place) }
    _ = try replace(place, with: bytes, like: old, keepingAs: copy)
    if let copy, let damage {
      DamagedFile.removeOldest(place, but: copy)
      options.warn(
        "\(place.path) is not a heartbeat file any more (\(damage)): moved it to \(place.beside(copy)) and began a new one"
      )
    }
    return Outcome(removed: merged.removed, isNoted: isNoted)
  }

  /// The text of a new file.
  private func fresh(
    _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> HeartbeatMerge {
    do throws(JSONError) {
      return try merge([])
    } catch {
      throw .corrupt(file: file, reason: error.description)
    }
  }
}
