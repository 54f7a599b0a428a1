internal import Exposition
internal import Procfs

/// How long tasks waited for what is short: `/proc/pressure`.
struct PressureSource: HostSource {
  static let file: StaticString = "pressure"

  private static let families = Pressure.Resource.allCases.map {
    (resource: $0, some: family($0, isFull: false), full: family($0, isFull: true))
  }

  private static func family(_ resource: Pressure.Resource, isFull: Bool) -> MetricFamily {
    MetricFamily(
      "system_pressure_\(resource.rawValue)_\(isFull ? "stalled" : "waiting")_seconds_total", .counter,
      "Seconds in which \(isFull ? "all" : "some") tasks waited for \(resource.meaning).")
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    for (resource, some, full) in Self.families {
      // One resource of which the kernel says nothing keeps nobody from reading the others.
      do throws(ProcfsError) {
        guard let pressure = try reading.procfs.pressure(of: resource, { reading.fail($0) }) else { continue }
        if let seconds = pressure.someSeconds { reading.exposition.family(some, seconds) }
        if let seconds = pressure.fullSeconds { reading.exposition.family(full, seconds) }
      } catch {
        reading.fail(error)
      }
    }
  }
}
