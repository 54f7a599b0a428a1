internal import Monitoring

/// Says once of each process that always beats so seldom that a little delay makes an alarm.
enum TightTimeouts {
  static func tell(_ processes: MonitoredProcesses, _ logger: Logger) {
    for place in processes.processes.indices where processes.processes[place].isAlwaysTight {
      let process = processes.processes[place]
      let name = processes.name(of: place)
      logger.once(
        "tight timeout", of: name, .warn,
        "the timeout of a process is tight: a little delay makes it silent, and three intervals would be safe",
        ["process": name, "interval": process.interval ?? 0, "timeout": process.timeout])
    }
  }
}
