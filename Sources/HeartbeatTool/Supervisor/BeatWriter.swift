internal import Heartbeat
internal import Synchronization

/// Writes one name's beats and complains once, not every time, while that fails.
struct BeatWriter: ~Copyable {
  private let manager: HeartbeatManager
  private let name: String
  private let complaint = Mutex<String?>(nil)

  init(file: String, name: String) {
    manager = HeartbeatManager(file: file, options: .tool)
    self.name = name
  }

  /// Writes a beat.
  borrowing func write(status: String, pid: Int32, data: JSONObject) {
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
  }
}
