extension HeartbeatManager {
  /// Says that a job began, or how it ended.
  ///
  ///     try heartbeats.sendJob("backup", JobEvent(.start))
  public func sendJob(_ name: String, _ event: JobEvent) throws(HeartbeatError) {
    try sendHeartbeats([.job(name, event, pid: HeartbeatManager.currentPid)])
  }

  /// Does a job's work, and says when it began and how it ended. Work that throws has failed.
  ///
  /// What cannot be written is told to `options.warn`, and does not keep the work from being done.
  public func job<Value, Failure: Error>(
    _ name: String, _ work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    tell(name, JobEvent(.start))
    let value: Value
    do throws(Failure) {
      value = try work()
    } catch {
      tell(name, JobEvent(.fail))
      throw error
    }
    tell(name, JobEvent(.success))
    return value
  }

  private func tell(_ name: String, _ event: JobEvent) {
    do throws(HeartbeatError) { try sendJob(name, event) } catch { options.warn(error.description) }
  }
}
