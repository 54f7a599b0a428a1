public import JSON
internal import POSIX

/// One sign of life to be written.
public struct Beat: Sendable, Equatable {
  /// The process's name: any text but the empty one.
  public var name: String
  /// The status word.
  public var status: String
  /// The process's own data, which replaces what the entry has under `additional_data`; nil leaves that as it is.
  public var additionalData: JSONObject?
  /// Whether the data are put beside those that the entry has under other keys, in the place of replacing all of them.
  public var mergesData = false
  /// The process id; nil writes none.
  public var pid: Int32?
  /// The host, for a beat that came from another one; nil is this host.
  public var host: String?
  /// Unix time in seconds; nil is the time of writing.
  public var time: Double?
  /// The time between this process's beats, as it intends, 366 days at most; nil promises nothing.
  public var interval: Duration?
  /// What happened to it as a job, the oldest first; none for a beat of a program that goes on.
  public var jobEvents: [JobEvent] = []

  /// Puts a beat together.
  public init(
    _ name: String, status: String = "alive", additionalData: JSONObject? = nil,
    pid: Int32? = HeartbeatManager.currentPid, host: String? = nil, time: Double? = nil, interval: Duration? = nil
  ) {
    self.name = name
    self.status = status
    self.additionalData = additionalData
    self.pid = pid
    self.host = host
    self.time = time
    self.interval = interval
  }

  /// A `status` or a `pid` that a caller puts into the data is meant as the beat's own, unless the beat says another one.
  /// What is neither a word nor a process id stays among the data.
  ///
  /// - Parameters:
  ///   - hasOwnStatus: whether the status was chosen; nil takes any but `alive` for chosen.
  ///   - hasOwnPid: whether the pid was chosen; nil takes any but this process's for chosen.
  public func takingKnownKeys(hasOwnStatus: Bool? = nil, hasOwnPid: Bool? = nil) -> Beat {
    guard var data = additionalData else { return self }
    var beat = self
    if let word = data["status"].flatMap(Beat.word) {
      if !(hasOwnStatus ?? (status != Beat.usualStatus)) { beat.status = Beat.shortened(word) }
      data["status"] = nil
    }
    if let number = data["pid"]?.integerValue.flatMap({ Int32(exactly: $0) }), Beat.pids.contains(number) {
      if !(hasOwnPid ?? (pid != nil && pid != HeartbeatManager.currentPid)) { beat.pid = number }
      data["pid"] = nil
    }
    beat.additionalData = data
    return beat
  }

  /// A value as a status word: a text, a number or a boolean; nil for what is none.
  private static func word(_ value: JSONValue) -> String? {
    switch value {
    case .string(let word): word.isEmpty ? nil : word
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .number(let number): number.isFinite ? String(decoding: value.serialised(), as: UTF8.self) : nil
    case .null, .array, .object: nil
    }
  }

  /// The process ids that Linux gives: up to `PID_MAX_LIMIT`, see `proc(5)`.
  package static let pids: ClosedRange<Int32> = 1...4_194_304
  /// The most bytes of a status word.
  package static let longestStatus = 256

  /// A status word of at most `longestStatus` bytes, cut between two characters.
  private static func shortened(_ word: String) -> String {
    guard word.utf8.count > longestStatus else { return word }
    // Not by characters, of which one may be longer than that.
    var end = word.utf8.index(word.startIndex, offsetBy: longestStatus)
    while end > word.startIndex, word.utf8[end] & 0xC0 == 0x80 { end = word.utf8.index(before: end) }
    return String(word[..<end])
  }

  /// The longest interval that is declared, in seconds: 366 days.
  static let longestInterval = 31_622_400.0

  /// The status word of a beat that says none.
  static let usualStatus = "alive"

  /// This beat as it is to be written when it comes right behind another one of the same process: data that it leaves
  /// as they are would else be lost together with the other one.
  package func following(_ former: Beat) -> Beat {
    var beat = self
    beat.jobEvents =
      former.jobEvents.map { event in
        var event = event
        event.time = event.time ?? former.time
        return event
      } + jobEvents
    guard let data = additionalData else {
      beat.additionalData = former.additionalData
      beat.mergesData = former.mergesData
      return beat
    }
    guard mergesData, let earlier = former.additionalData else { return beat }
    beat.additionalData = earlier.merging(data)
    beat.mergesData = former.mergesData
    return beat
  }
}
