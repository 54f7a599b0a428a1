import Exposition
import HTTP
import Heartbeat
import Monitoring
import Testing

@testable import Exporter

/// A heartbeat file and a `/proc` that are the test's own, and an exporter that looks at them again and again. What it says
/// must be what one says that was just started.
private final class Watched {
  let folder = Folder()
  let options: ExporterOptions
  var long: Scraper

  init(strings: [String] = [], retention: Double = 0) {
    var options = ExporterOptions()
    options.heartbeat.files = [folder.path + "/beats.json"]
    options.heartbeat.stringKeys = strings
    options.heartbeat.retention = retention
    options.heartbeat.remember = 0
    (options.paths.procfs, options.paths.rootfs) = (folder.path + "/proc", folder.path)
    self.options = options
    long = Self.scraper(options)
    for (name, text) in [
      ("stat", "cpu0 1 2 3 4\nbtime 900\nprocesses 5\n"), ("sys/kernel/hostname", "here\n"), ("1/cmdline", "init\0"),
    ] { folder.write("proc/" + name, text) }
  }

  static func scraper(_ options: ExporterOptions) -> Scraper {
    Scraper(
      options: options, configuration: Configuration(), requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent)
  }

  func write(_ processes: String) { folder.replace("beats.json", Array("{\"processes\": {\(processes)}}".utf8)) }

  /// The lines of one family, by the exporter that has been there for long; by a new one they must be the same.
  func lines(
    _ family: String, at now: Double, collect: [CollectorName] = [.heartbeat, .process],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    var fresh = Self.scraper(options)
    let all = try Self.lines(&long, at: now, collect)
    #expect(try Self.lines(&fresh, at: now, collect) == all, sourceLocation: sourceLocation)
    return all.filter { $0.contains(family) }
  }

  private static func lines(_ scraper: inout Scraper, at now: Double, _ collect: [CollectorName]) throws -> [String] {
    let selection = try CollectorSelection(
      query: collect.map { ("collect[]", $0.rawValue) }, enabled: Set(CollectorName.allCases))
    let style = ExpositionStyle(.text1_0_0, .allowUTF8)
    let answer = scraper.answer(selection, in: style, coding: .identity, at: now)
    return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init).filter {
      !$0.contains("heartbeat_exporter_") && !$0.contains("_total") && !$0.contains("system_filesystem")
    }
  }
}

@Suite("What was read before changes nothing")
struct RememberedTests {
  @Test("a clock that steps back brings back to life who was looked at as its time ran out")
  func clockAtTimeout() throws {
    let watched = Watched()
    watched.write(#""a": {"last_heartbeat": 1000}"#)
    for (now, alive) in [(1060.0, 0), (1059.75, 1), (1060, 0), (1060.25, 0), (995, 1), (994.75, 0), (995, 1)] {
      #expect(try watched.lines("heartbeat_alive{", at: now) == ["heartbeat_alive{process=\"a\"} \(alive)"])
    }
  }

  @Test("a clock that steps back brings back what had expired")
  func clockAtRetention() throws {
    let watched = Watched(retention: 100)
    watched.write(#""a": {"last_heartbeat": 1000}"#)
    for (now, count) in [(1200.0, 0), (1050, 1), (1100, 1), (1100.25, 0), (1100, 1), (1099, 1)] {
      #expect(try watched.lines("heartbeat_age_seconds{", at: now).count == count, "at \(now)")
    }
  }

  @Test("of keys with one metric name the same one is named, whichever was met first")
  func spellings() throws {
    let watched = Watched()
    let (one, other) = (#""a": {"last_heartbeat": 1, "a_b": 1}"#, #""b": {"last_heartbeat": 1, "a": {"b": 1}}"#)
    for content in [one, "\(other), \(one)", "\(one), \(other)", other, "\(other), \(one)"] {
      watched.write(content)
      let help = try watched.lines("# HELP heartbeat_data", at: 2)
      #expect(help == ["# HELP heartbeat_data_a_b \(content == one ? "a_b" : "a.b") of the process's own data."])
    }
  }

  @Test("keys that Unicode calls equivalent are two names, as for Prometheus")
  func equivalentKeys() throws {
    let watched = Watched()
    for key in ["\u{e9}", "e\u{301}", "\u{e9}"] {
      watched.write("\"a\": {\"last_heartbeat\": 1, \"\(key)\": 1}")
      let sample = try watched.lines("process=\"a\"} 1", at: 2, collect: [.heartbeat]).filter { $0.contains("_data_") }
      #expect(sample.map { Array($0.utf8) } == [Array("{\"heartbeat_data_\(key)\",process=\"a\"} 1".utf8)])
    }
  }

  @Test("strings under keys that look alike are one series")
  func alikeStrings() throws {
    let watched = Watched(strings: ["a.b"])
    watched.write(#""a": {"last_heartbeat": 1, "a.b": "x", "a": {"b": "y"}}"#)
    #expect(
      try watched.lines("heartbeat_data_info{", at: 2)
        == [#"heartbeat_data_info{process="a",key="a.b",value="x"} 1"#])
  }

  @Test("the host's name may change: beats of the old name are remote from then on")
  func hostname() throws {
    let watched = Watched()
    watched.write(#""a": {"last_heartbeat": 1000, "host": "here", "pid": 77}"#)
    #expect(try watched.lines("process_up{", at: 1001) == [#"process_up{process="a"} 0"#])
    watched.folder.write("proc/sys/kernel/hostname", "there\n")
    #expect(try watched.lines("process_up{", at: 1001) == [])
    #expect(try watched.lines("nodename=\"there\"", at: 1001, collect: [.system]).count == 1)
  }

  @Test("a /proc that is put in the place of another is seen, and one that goes is missed")
  func otherProc() throws {
    let watched = Watched()
    watched.write(#""a": {"last_heartbeat": 1000, "pid": 1}"#)
    func load() throws -> [String] {
      try watched.lines("system_load1 ", at: 1001, collect: [.system]).filter { !$0.hasPrefix("#") }
    }
    watched.folder.write("proc/loadavg", "1.5 1 1 1/1 1\n")
    #expect(try load() == ["system_load1 1.5"])
    watched.folder.rename("proc", "old")
    watched.folder.write("proc/loadavg", "2.5 1 1 1/1 1\n")
    watched.folder.write("proc/7/cmdline", "init\0")
    #expect(try load() == ["system_load1 2.5"])
    watched.folder.remove("proc")
    #expect(try load() == [])
  }

  @Test("what the CPUs did is as young as the scrape")
  func youngStat() throws {
    let watched = Watched()
    watched.write(#""a": {"last_heartbeat": 1000, "pid": 1}"#)
    _ = try watched.lines("", at: 1001, collect: [.process])
    watched.folder.write("proc/stat", "cpu0 1 2 3 4\nbtime 902\nprocesses 5\n")
    #expect(try watched.lines("system_boot_time", at: 1001, collect: [.system]).last == "system_boot_time_seconds 902")
  }

  @Test("the exporter's own process_up comes with the number of its process")
  func ownProcess() {
    var family = FlagFamily(ProcessFamilies.up, styles: 1)
    let own = Labels(["process": "own"])
    for further in [own, nil, own] {
      let text = family.render(
        [], of: MonitoredProcesses(MonitoringSettings(timeout: 60, hostname: [])), further: further, in: .plain
      ).bytes
      #expect(text.isEmpty == (further == nil))
    }
  }
}
