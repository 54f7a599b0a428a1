internal import Exposition
internal import JSON
internal import Procfs

/// The load: `/proc/loadavg`.
struct LoadSource: HostSource {
  static let file: StaticString = "loadavg"

  private static let one = MetricFamily("system_load1", .gauge, "Load average of the last minute.")
  private static let five = MetricFamily("system_load5", .gauge, "Load average of the last 5 minutes.")
  private static let fifteen = MetricFamily("system_load15", .gauge, "Load average of the last 15 minutes.")

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let load = try reading.procfs.loadAverage()
    reading.exposition.family(Self.one, load.one)
    reading.exposition.family(Self.five, load.five)
    reading.exposition.family(Self.fifteen, load.fifteen)
  }

  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject {
    let load = try procfs.loadAverage()
    return ["load1": .number(load.one), "load5": .number(load.five), "load15": .number(load.fifteen)]
  }
}
