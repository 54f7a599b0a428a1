internal import Glibc
internal import JSON
internal import POSIX

/// What one look at a process's own file gives.
enum OwnFileLook {
  /// Its process, as a member of `processes`.
  case member([UInt8])
  /// It is empty or cut short, or was rewritten while it was read: somebody writes it in place.
  case unfinished(Problem)
  /// No beat comes of it.
  case bad(Problem)
  /// It is not there any more.
  case gone

  /// What is wrong with a file.
  struct Problem: Equatable {
    var reason: HeartbeatSnapshot.SkipReason
    /// What was found, and what was expected, for people.
    var sentence: String
    /// Where it stands, in bytes from the beginning of the file.
    var offset: Int?

    init(_ reason: HeartbeatSnapshot.SkipReason, _ sentence: String, offset: Int? = nil) {
      (self.reason, self.sentence, self.offset) = (reason, sentence, offset)
    }

    /// What the kernel says.
    init(_ error: Errno) {
      switch error.rawValue {
      case EACCES, EPERM: self.init(.permissionDenied, "this user may not read it; expected read permission")
      case EFBIG:
        self.init(.tooLarge, "it has more than \(OwnFile.largest) bytes; expected at most these")
      // It was put in the place of a regular file meanwhile.
      case ELOOP, ENXIO: self.init(.notARegularFile, "it is a link or a socket; expected a regular file")
      default: self.init(.inputOutput, "it cannot be read: \(error)")
      }
    }
  }

  /// Looks at a file that `stat` called a regular one.
  ///
  /// - Parameters:
  ///   - found: what `stat` said just now; without it the kernel is asked.
  ///   - afterReading: as that of `readContent`.
  init(
    _ file: String, of process: String, _ found: stat? = nil, in folder: borrowing FileDescriptor,
    afterReading: () -> Void = {}
  ) {
    var bytes: [UInt8] = []
    do throws(Errno) {
      let opened = try folder.open(at: file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)
      let before = if let found { found } else { try opened.status() }
      let isWhole = try opened.readContent(
        into: &bytes, limit: OwnFile.largest, since: before, afterReading: afterReading)
      guard isWhole else {
        self = .unfinished(Problem(.notJSON, "it is rewritten in place whenever it is read"))
        return
      }
    } catch {
      self = error == .noSuchFile ? .gone : .bad(Problem(error))
      return
    }
    self.init(bytes, of: process)
  }

  /// Reads what a file has.
  init(_ bytes: [UInt8], of process: String) {
    var found: (range: Range<Int>, hasTime: Bool)?
    do throws(JSONError) {
      found = try JSONError.catching(in: bytes) {
        (cursor) throws(JSONParseError) -> (range: Range<Int>, hasTime: Bool)? in
        var cursor = cursor
        // What is legal here must be so as a member of all processes, which lies deeper.
        cursor.maximumNesting -= OwnFileLook.levelsAbove
        cursor.begin()
        guard cursor.peek == UInt8(ascii: "{") else {
          try cursor.skipValue()
          try cursor.expectEnd()
          return nil
        }
        let start = cursor.position
        var hasTime = false
        try cursor.object { (cursor, key) throws(JSONParseError) in
          if cursor.isSame(key, HeartbeatEntry.Key.lastHeartbeat) { hasTime = true }
          try cursor.skipValue()
        }
        let end = cursor.position
        try cursor.expectEnd()
        return (start..<end, hasTime)
      }
    } catch {
      let sentence =
        bytes.isEmpty ? "it is empty" : "it is no whole JSON: \(error)"
      self = .unfinished(Problem(.notJSON, sentence, offset: error.offset))
      return
    }
    guard let found else {
      self = .bad(Problem(.notAnObject, "it is JSON, but no object"))
      return
    }
    guard found.hasTime else {
      self = .bad(Problem(.missingLastHeartbeat, "there is no last_heartbeat"))
      return
    }
    var member: [UInt8] = []
    member.reserveCapacity(found.range.count + process.utf8.count + 8)
    JSONText.append(process, to: &member)
    member.append(UInt8(ascii: ":"))
    member.append(contentsOf: bytes[found.range])
    self = .member(member)
  }

  /// The object `processes`, and the one around it.
  private static let levelsAbove = 2

  /// - Parameters:
  ///   - largest: so large may it be here.
  ///   - together: so large may all files of the folder be together.
  static func tooLarge(_ largest: Int, _ together: Int) -> Problem {
    largest >= OwnFile.largest
      ? Problem(Errno(EFBIG))
      : Problem(
        .tooLarge, "all files of the folder together have more than \(together) bytes; the largest are left out")
  }

  static let badName = Problem(
    .badFileName, "no process has a file of this name; a percent sign is spelt %25, a slash %2F")

  static let noPlace = Problem(
    .tooManyEntries, "there are more files than processes may be read; the places are shared by the files' owners")

  /// What is in the place of a regular file.
  static func notRegular(_ mode: mode_t) -> Problem {
    let kind =
      switch mode & S_IFMT {
      case S_IFLNK: "a symbolic link"
      case S_IFIFO: "a pipe"
      case S_IFDIR: "a folder"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    return Problem(.notARegularFile, "it is \(kind); expected a regular file")
  }
}
