internal import POSIX
internal import Heartbeat

/// Writes one name's beats and complains once, not every time, while that fails.
struct BeatWriter: ~Copyable {
  private let manager: HeartbeatManager
  private let name: String
  private let complaint = Lock<String?>(nil)

  init(file: String, name: String, retention: Double) {
    var options = HeartbeatManager.Options()
    options.retention = retention
    // Signals wait meanwhile; a beat that could not be written is tried again.
    options.lockTimeout = 2
    manager = HeartbeatManager(file: file, options: options)
    self.name = name
  }

  /// Writes a beat; false when that failed.
  borrowing func write(status: String, pid: Int32, data: JSONObject) -> Bool {
    var failure: String?
    do throws(HeartbeatError) {
      try manager.sendHeartbeat(name, status: status, additionalData: data, pid: pid)
    } catch {
      failure = error.description
    }
    let changed = complaint.withLock { last in
      defer { last = failure }
      return last != failure
    }
    if changed, let failure { Console.error(failure) }
    return failure == nil
  }
}
