/// Why the heartbeat file could not be read: the `reason` of `heartbeat_file_read_errors_total`.
public enum HeartbeatFileFailure: String, CaseIterable, Sendable {
  /// There is no such file.
  case missing
  /// This user may not read it.
  case permissionDenied = "permission_denied"
  /// A folder, a device or a pipe stands in its place.
  case notARegularFile = "not_a_regular_file"
  /// There is nothing in it.
  case empty
  /// It ends in the middle, as while it is being written in place.
  case torn
  /// It is no JSON.
  case notJSON = "not_json"
  /// It is JSON of another kind.
  case wrongShape = "wrong_shape"
  /// It can be read, but holds no sign of life.
  case noBeat = "no_beat"
  /// It is larger than the limit.
  case tooLarge = "too_large"
  /// Its file system does not answer in time, or it is large and was not read in time.
  case timeout
  /// The kernel gave another error.
  case inputOutput = "io_error"

  /// Whether a moment later things may look better, as they do while a careless writer writes.
  var mayHealAtOnce: Bool {
    switch self {
    case .missing, .empty, .torn, .notJSON, .wrongShape: true
    case .permissionDenied, .notARegularFile, .noBeat, .tooLarge, .timeout, .inputOutput: false
    }
  }
}

/// A failure with the sentence for people.
public struct HeartbeatFileProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind it is.
  public let failure: HeartbeatFileFailure
  /// What was wrong, where, and what was expected.
  public let description: String
}
