internal import CLinux
internal import Exposition
internal import Glibc
internal import POSIX
internal import Procfs

/// How right the host's clock is, as far as the kernel was told: `adjtimex(2)`, which reads no file.
struct ClockSource: HostSource {
  static let file: StaticString = "adjtimex"

  private static let offset = MetricFamily(
    "system_clock_offset_seconds", .gauge, "By how much the clock is off the one that it follows, in seconds.")
  private static let isSynchronised = MetricFamily(
    "system_clock_synchronized", .gauge, "1 if the clock follows another one.")

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    var clock = timex()
    let state = adjtimex(&clock)
    guard state >= 0 else {
      // A container or a sandbox may forbid to ask; that is no fault of the source, but somebody should know.
      reading.forbidden.append(ProcfsError(call: "adjtimex", Errno(errno).description))
      return
    }
    let unit = clock.status & STA_NANO != 0 ? 1e9 : 1e6
    reading.exposition.family(Self.offset, Double(clock.offset) / unit)
    reading.exposition.family(Self.isSynchronised, state == TIME_ERROR ? 0 : 1)
  }
}
