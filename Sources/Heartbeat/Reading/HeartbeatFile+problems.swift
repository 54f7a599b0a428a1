internal import Glibc
internal import JSON
internal import POSIX

/// What is said of a file that cannot be used.
extension HeartbeatFile {
  func problem(_ error: Errno) -> HeartbeatFileProblem {
    switch error.rawValue {
    case ENOENT, ENOTDIR:
      HeartbeatFileProblem(failure: .missing, description: "\(path): there is no such file yet; does anything beat?")
    case EACCES, EPERM:
      HeartbeatFileProblem(
        failure: .permissionDenied, description: "\(path): this user may not read it; expected read permission")
    case EFBIG: tooLarge(nil)
    default: HeartbeatFileProblem(failure: .inputOutput, description: "\(path): \(error)")
    }
  }

  func notRegular() -> HeartbeatFileProblem {
    HeartbeatFileProblem(
      failure: .notARegularFile, description: "\(path): a folder, device or pipe; expected a regular file")
  }

  func tooLarge(_ size: Int?) -> HeartbeatFileProblem {
    let found = size.map { "\($0) bytes" } ?? "more"
    return HeartbeatFileProblem(
      failure: .tooLarge, description: "\(path): \(found), expected at most \(maximumSize) bytes")
  }

  func problem(_ failure: SourceFailure, in bytes: [UInt8]) -> HeartbeatFileProblem {
    switch failure {
    case .torn: problem(JSONParseError.torn, in: bytes)
    case .empty: problem(JSONParseError.empty, in: bytes)
    case .notJSON(let offset, let expected):
      problem(JSONParseError.notJSON(offset: offset, expected: expected), in: bytes)
    case .noBeat(let sentence):
      HeartbeatFileProblem(failure: .noBeat, description: "\(path): no heartbeat in it: \(sentence)")
    }
  }

  func problem(_ error: JSONParseError, in bytes: [UInt8]) -> HeartbeatFileProblem {
    func place(_ offset: Int) -> String {
      let before = bytes[..<min(offset, bytes.count)]
      let line = before.count { $0 == UInt8(ascii: "\n") } + 1
      let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
      return "\(path):\(line):\(column)"
    }
    return switch error {
    case .empty: HeartbeatFileProblem(failure: .empty, description: "\(path): empty; expected a JSON object")
    case .torn:
      HeartbeatFileProblem(
        failure: .torn, description: "\(place(bytes.count)): the file ends here, in the middle of its JSON")
    case .notJSON(let offset, let expected):
      HeartbeatFileProblem(failure: .notJSON, description: "\(place(offset)): this is no JSON; expected \(expected)")
    case .wrongShape(let offset, let expected):
      HeartbeatFileProblem(
        failure: .wrongShape, description: "\(place(offset)): no heartbeat file; expected \(expected)")
    }
  }
}
