@testable import Procfs

/// The files of /proc: none of their readers may trap, whatever is in them.
func fuzzProc(_ input: UnsafeRawBufferPointer) {
  if let stat = ProcessStat(parsing: input) {
    require(stat.pid > 0, "a pid that is none")
    require(stat.cpuSeconds >= 0 && stat.startTime(bootTime: 0) >= 0, "time below zero")
  }
  _ = ProcessStatus(parsing: input)
  _ = ProcessIO(parsing: input)
  _ = ProcessLimits(parsing: input)
  _ = MemoryInfo(parsing: input)
  _ = Pressure(parsing: input)
  for cpu in SystemStat(parsing: input).cpus {
    require(cpu.cpu >= 0 && cpu.seconds.count <= CPUTimes.modes.count, "more modes than there are")
  }
  _ = DiskStats.parse(input)
  _ = NetworkDevice.parse(input)
  for root in [[], Array("/a".utf8)] { _ = Mount.parse(input, below: root) }
  if let matcher = try? ProcessMatcher(regex: String(decoding: input.prefix(64), as: UTF8.self)) {
    _ = matcher.matches(String(decoding: input.dropFirst(64).prefix(128), as: UTF8.self))
  }
}
