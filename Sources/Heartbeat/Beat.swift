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
  /// The process id; nil writes none.
  public var pid: Int32?
  /// The host, for a beat that came from another one; nil is this host.
  public var host: String?
  /// Unix time in seconds; nil is the time of writing.
  public var time: Double?
  /// Seconds between this process's beats, as it intends; nil promises nothing.
  public var interval: Double?

  /// Puts a beat together.
  public init(
    _ name: String, status: String = "alive", additionalData: JSONObject? = nil,
    pid: Int32? = HeartbeatManager.currentPid, host: String? = nil, time: Double? = nil, interval: Double? = nil
  ) {
    self.name = name
    self.status = status
    self.additionalData = additionalData
    self.pid = pid
    self.host = host
    self.time = time
    self.interval = interval
  }

  /// This beat as it is to be written when it comes right behind another one of the same process: data that it leaves
  /// as they are would else be lost together with the other one.
  func following(_ former: Beat) -> Beat {
    var beat = self
    beat.additionalData = additionalData ?? former.additionalData
    return beat
  }
}
