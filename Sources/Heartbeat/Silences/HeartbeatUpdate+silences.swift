internal import Glibc
internal import JSON
internal import POSIX

extension HeartbeatUpdate {
  /// Silences processes in a file that is there, or ends what silences there are.
  ///
  /// - Parameter silence: nil ends them.
  /// - Returns: those of the names that were silenced before.
  func silence(_ names: [String], _ silence: Silence?, now: Double) throws(HeartbeatError) -> [String] {
    let place = try place()
    // A file that nobody reads must not be made by mistake: whoever silences would rely on it.
    guard place.has(place.name) else { throw .cannotRead(file: place.path, .noSuchFile) }
    // Whoever ends nothing makes no lock file either.
    if silence == nil, case .value(let change, _) = try read(place, names, nil, now), change.known.isEmpty { return [] }
    try refuseForeign(place)
    let lock = try FileLock(of: place, timeout: options.lockTimeout)
    defer { _ = lock }
    removeLeftovers(place)
    let change: SilencesChange
    let old: stat
    switch try read(place, names, silence, now) {
    case .missing: throw .cannotRead(file: place.path, .noSuchFile)
    case .damaged(let reason, _): throw .corrupt(file: place.path, reason: reason)
    case .value(let value, let status): (change, old) = (value, status)
    case .empty(let status):
      do throws(JSONError) {
        (change, old) = (try SilencesChange(names, silence, in: [], now: now), status)
      } catch {
        throw .corrupt(file: place.path, reason: error.description)
      }
    }
    if silence == nil, change.known.isEmpty { return [] }
    guard !change.isTooMuch else { throw .tooManySilences(file: place.path, limit: SilencesText.most) }
    guard change.bytes.count <= options.maximumFileSize else {
      throw .tooLarge(file: place.path, limit: options.maximumFileSize)
    }
    _ = try replace(place, with: change.bytes, like: old)
    return change.known
  }

  private func read(
    _ place: borrowing Place, _ names: [String], _ silence: Silence?, _ now: Double
  ) throws(HeartbeatError) -> FileContents.Reading<SilencesChange> {
    try contents.read(place) { (text) throws(JSONError) in
      try SilencesChange(names, silence, in: text, now: now)
    }
  }
}
