public import JSON

/// Where beats go: a heartbeat file or a folder (`HeartbeatManager`), or an exporter that takes pushes (`PushTarget` of the
/// library `HeartbeatPush`).
public protocol HeartbeatTarget: Sendable {
  /// Delivers one beat. It waits for files, locks and the network: not to be called from a task.
  func send(_ beat: Beat) throws(HeartbeatError)

  /// Gets a sentence when something went on but is worth knowing.
  func warn(_ text: String)
}

extension HeartbeatTarget {
  /// Delivers one beat; the waiting is done on a thread that belongs to no task.
  public func send(_ beat: Beat) async throws(HeartbeatError) {
    let result = await BlockingThreads.run { () -> Result<Void, HeartbeatError> in
      do throws(HeartbeatError) {
        return .success(try self.send(beat))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Writes the sentence to standard error.
  public func warn(_ text: String) {
    HeartbeatManager.printWarning(text)
  }
}

extension HeartbeatManager: HeartbeatTarget {
  /// Writes one beat.
  public func send(_ beat: Beat) throws(HeartbeatError) {
    try sendHeartbeats([beat])
  }

  /// Hands the sentence to `Options.warn`.
  public func warn(_ text: String) {
    options.warn(text)
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func sendHeartbeat(
    _ processName: String, status: String = "alive", additionalData: JSONObject? = nil,
    pid: Int32? = HeartbeatManager.currentPid, host: String? = nil
  ) async throws(HeartbeatError) {
    try await send(Beat(processName, status: status, additionalData: additionalData, pid: pid, host: host))
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func sendHeartbeats(_ beats: [Beat]) async throws(HeartbeatError) {
    try await elsewhere { (manager) throws(HeartbeatError) in try manager.sendHeartbeats(beats) }
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func heartbeatStatus(of processName: String) async throws(HeartbeatError) -> HeartbeatEntry? {
    try await elsewhere { (manager) throws(HeartbeatError) in try manager.heartbeatStatus(of: processName) }
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func allHeartbeats() async throws(HeartbeatError) -> [HeartbeatEntry] {
    try await elsewhere { (manager) throws(HeartbeatError) in try manager.allHeartbeats() }
  }

  private func elsewhere<Value: Sendable>(
    _ work: @escaping @Sendable (HeartbeatManager) throws(HeartbeatError) -> Value
  ) async throws(HeartbeatError) -> Value {
    let result = await BlockingThreads.run { () -> Result<Value, HeartbeatError> in
      do throws(HeartbeatError) {
        return .success(try work(self))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
