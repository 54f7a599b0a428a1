import Monitoring
import Testing

@testable import Exporter

@Suite("Warnings at the start")
struct StartWarningsTests {
  private func warnings(_ change: (inout ExporterOptions) -> Void, timeouts: [Double?]) -> [String] {
    var options = ExporterOptions()
    change(&options)
    let processes = timeouts.enumerated().map { ProcessConfiguration(name: "p\($0.offset)", timeout: $0.element) }
    return StartWarnings.of(options, Configuration(processes: processes))
  }

  @Test("a timeout that is longer than what is shown, or kept in the file, is told")
  func early() {
    #expect(warnings({ $0.heartbeat.retention = 60 }, timeouts: [nil, 60]) == [])
    #expect(
      warnings({ $0.heartbeat.retention = 60 }, timeouts: [30, 90, 120]) == [
        #"the timeout of "p1" (and of 1 more) is 1m30s, longer than --heartbeat.retention (1m): it is no longer shown by then"#
      ])
    // Nobody takes anything out of the file unless pushes are written.
    #expect(warnings({ _ in }, timeouts: [2 * 86_400]) == [])
    #expect(
      warnings({ $0.push.isOnWeb = true }, timeouts: [2 * 86_400]) == [
        #"the timeout of "p0" is 2d, longer than --push.retention (1d): it is no longer in the file by then"#
      ])
  }

  @Test("folders that are not there are told")
  func folders() {
    var paths = ExporterOptions.Paths()
    #expect(StartWarnings.ofFolders(paths) == [])
    (paths.procfs, paths.rootfs) = ("/nowhere/proc", "/nowhere")
    #expect(
      StartWarnings.ofFolders(paths).map { String($0.prefix { $0 != ";" }) } == [
        "--path.procfs: /nowhere/proc/stat cannot be read: No such file or directory (ENOENT)",
        "--path.rootfs: /nowhere cannot be entered: No such file or directory (ENOENT)",
      ])
  }
}
