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

  /// Changes the file; returns the names of the removed entries.
  ///
  /// - Parameters:
  ///   - kind: what it may do.
  ///   - merge: makes the new text of the old one, which is empty for a new file.
  func run(
    _ kind: Kind, _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> [String] {
    let target = try target()
    let lock = try FileLock(of: target, timeout: options.lockTimeout)
    defer { _ = lock }
    return try runLocked(target, kind, merge)
  }

  /// The file itself, behind symbolic links.
  func target() throws(HeartbeatError) -> String {
    do throws(Errno) {
      return try Path.followingLinks(file)
    } catch {
      throw .cannotWrite(file: file, error)
    }
  }

  /// `run` for whoever holds the lock of `target` already.
  func runLocked(
    _ target: String, _ kind: Kind, _ merge: ([UInt8]) throws(JSONError) -> HeartbeatMerge
  ) throws(HeartbeatError) -> [String] {
    AtomicReplace.removeLeftovers(of: target)

    let merged: HeartbeatMerge
    let old: stat?
    switch try FileContents(file: target, limit: options.maximumFileSize).read(merge) {
    case .missing:
      guard kind == .merging else { return [] }
      old = nil
      merged = try fresh(merge)
    case .value(let value, let status):
      old = status
      merged = value
    case .corrupt(let reason, let status):
      guard kind == .merging else { throw .corrupt(file: target, reason: reason.description) }
      try moveAside(target, reason)
      old = status
      merged = try fresh(merge)
    }
    guard kind == .merging || kind == .removing && !merged.removed.isEmpty else { return merged.removed }
    // A larger one could never be read again. What only loses entries is never larger than what was read.
    guard kind == .removing || merged.bytes.count <= options.maximumFileSize else {
      throw .tooLarge(file: target, limit: options.maximumFileSize)
    }
    var bytes = merged.bytes
    if kind == .removing, let noted = try? PrunedNames.adding(merged.removed, to: bytes, now: Clock.realtime),
      noted.count <= options.maximumFileSize
    {
      bytes = noted
    }
    do throws(Errno) {
      try AtomicReplace.replace(target, with: bytes, like: old, synchronise: options.synchronise)
    } catch {
      throw .cannotWrite(file: target, error)
    }
    return merged.removed
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

  /// Renames a file that is none of ours, so that a person can look at it.
  private func moveAside(_ target: String, _ reason: JSONError) throws(HeartbeatError) {
    let base = "\(target).corrupt-\(LocalTime.compactUTC(Clock.realtime))"
    var name = base
    var number = 1
    while access(name, F_OK) == 0, number < 1000 {
      number += 1
      name = "\(base)-\(number)"
    }
    guard rename(target, name) == 0 else { throw .cannotWrite(file: target, Errno.last) }
    options.warn("\(target) is not a heartbeat file (\(reason)): moved it to \(name) and began a new one")
  }
}
