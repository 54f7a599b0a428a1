internal import Exposition
internal import Heartbeat
internal import Monitoring

/// The families that say of jobs what their entries say of their runs, and when they are due.
///
/// Jobs are few and run seldom: nothing of their text is kept.
enum JobFamilies {
  private struct Family {
    let family: MetricFamily
    let value: @Sendable (MonitoredJob) -> Double?

    init(
      _ name: String, _ type: MetricType, _ help: String, _ value: @escaping @Sendable (MonitoredJob) -> Double?
    ) {
      family = MetricFamily("heartbeat_job_" + name, type, help)
      self.value = value
    }
  }

  private static let all = [
    Family(
      "last_success_timestamp_seconds", .gauge,
      "Unix time at which the last successful run of the job ended; later failures leave it."
    ) { $0.record.lastSuccess },
    Family("last_start_timestamp_seconds", .gauge, "Unix time at which the last run of the job began.") {
      $0.record.started
    },
    Family("last_end_timestamp_seconds", .gauge, "Unix time at which the last run of the job that ended did so.") {
      $0.record.ended
    },
    Family(
      "next_due_timestamp_seconds", .gauge,
      "Unix time at which the job is next to succeed, without its grace; in the past when it is late."
    ) { $0.due },
    Family("last_duration_seconds", .gauge, "Seconds that the last run of the job took that ended.") {
      $0.record.durationSeconds
    },
    Family("last_exit_code", .gauge, "How the last run of the job ended; 0 is success.") { $0.record.exitCode },
    Family("runs_total", .counter, "Runs of the job that ended, as its entry counts them.") { $0.record.runs },
    Family("failures_total", .counter, "Runs of the job that failed, as its entry counts them.") {
      $0.record.failures
    },
  ]

  /// Writes what there is to say; without jobs nothing.
  static func write(_ monitored: MonitoredProcesses, into exposition: inout Exposition) {
    let processes = monitored.processes
    let jobs = processes.indices.filter { processes[$0].isJob }
      .compactMap { place in processes[place].job.map { (processes[place].labels, $0) } }
    guard !jobs.isEmpty else { return }
    for family in all {
      exposition.family(family.family) { samples in
        let labels = monitored.labels.span
        for (place, job) in jobs {
          if let value = family.value(job) { samples.add(labels: labels.extracting(place), value) }
        }
      }
    }
  }
}
