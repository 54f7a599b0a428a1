import Exporter
import Flags
import Foundation
import Testing

/// The options of a command line; anything else fails the test.
private func options(_ line: String, _ environment: [String: String] = [:]) throws -> ExporterOptions {
  let outcome = try ExporterOptions.parse(line.split(separator: " ").map(String.init), environment: environment)
  guard case .run(let options) = outcome else { throw FlagError.invalid("not options: \(outcome)") }
  return options
}

@Suite("Exporter options")
struct ExporterOptionsTests {
  @Test("without flags they are the defaults")
  func defaults() throws {
    #expect(try options("") == ExporterOptions())
    #expect(ExporterOptions().web.listenAddresses == [":9464"])
    #expect(ExporterOptions().heartbeat.retention == 0)
  }

  @Test(
    "no flag is without effect: another value than the default gives other options",
    arguments: ExporterOptions.flags.flags.map(\.name))
  func noDeadFlag(name: String) throws {
    let flag = try #require(ExporterOptions.flags.flags.first { $0.name == name })
    let candidates =
      flag.isToggle ? ["true", "false"] : ["1", "2", "1s", "1500ms", "1MiB", "0600", "x", ":1", "/x", "debug", "json"]
    let given = candidates.compactMap { candidate -> ExporterOptions? in
      // Without the checks of values that are wrong together.
      guard case .values(let values)? = try? ExporterOptions.flags.parse(["--\(name)=\(candidate)"]) else { return nil }
      return ExporterOptions(values)
    }
    #expect(given.contains { $0 != ExporterOptions() })
  }

  @Test("what the flags say reaches the values of all groups")
  func everyFlag() throws {
    var expected = ExporterOptions()
    expected.web.listenAddresses = ["127.0.0.1:1", "[::1]:2"]
    expected.web.telemetryPath = "/m"
    expected.web.maxRequests = 0
    expected.web.maxConnections = 1
    expected.web.maxWatchers = 6
    expected.web.headerTimeout = 1
    expected.web.idleTimeout = 2
    expected.web.writeTimeout = 3
    expected.web.shutdownTimeout = 0
    expected.heartbeat.files = ["/run/h.json", "/srv/*/x"]
    expected.heartbeat.filesAreDefault = false
    expected.heartbeat.maxFiles = 11
    expected.heartbeat.maxTotalSize = 2048
    expected.heartbeat.maxProcesses = 13
    expected.heartbeat.timeout = 90
    expected.heartbeat.retention = 86_400
    expected.heartbeat.stringKeys = ["a", "b.c", "d"]
    expected.heartbeat.maxSeries = 10
    expected.heartbeat.maxSeriesPerProcess = 5
    expected.heartbeat.maxFileSize = 1024
    expected.web.configFile = "w.yml"
    expected.configFile = "c.yml"
    expected.checkConfig = true
    expected.collectors.heartbeat = true
    expected.collectors.process = false
    expected.collectors.system = false
    expected.paths.procfs = "/host/proc"
    expected.paths.rootfs = "/host"
    expected.paths.hostName = "web-1"
    expected.heartbeat.readTimeout = 4
    expected.web.systemdSocket = true
    expected.push.isOnWeb = true
    expected.push.allowsUnauthenticated = true
    expected.push.socket = "/run/p.sock"
    expected.push.socketMode = 0o600
    expected.push.socketGroup = "adm"
    expected.push.maxBody = 2048
    expected.push.maxProcesses = 3
    expected.push.rateLimit = 4
    expected.push.queueLimit = 6
    expected.heartbeat.remember = 7200
    expected.push.timeout = 7
    expected.push.retention = 0
    expected.push.synchronise = true
    expected.host.mountPointsExclude = "^/mnt"
    expected.host.filesystemTypesExclude = ""
    expected.host.mountTimeout = 0.5
    expected.host.networkDevicesExclude = "^lo$"
    expected.host.disksExclude = "sr[0-9]"
    expected.log.level = .debug
    expected.log.format = .json
    let line = """
      --web.listen-address=127.0.0.1:1 --web.listen-address [::1]:2 --web.telemetry-path=/m --web.max-requests=0
      --web.max-connections=1 --web.max-watchers=6 --web.header-timeout=1s --web.idle-timeout=2s --web.write-timeout=3s
      --web.shutdown-timeout=0 --heartbeat.file=/run/h.json --heartbeat.file=/srv/*/x --heartbeat.max-files=11 --heartbeat.max-total-size=2KiB --heartbeat.max-processes=13 --heartbeat.timeout=1m30s --heartbeat.retention=24h
      --heartbeat.remember=2h
      --heartbeat.string-keys=a,b.c --heartbeat.string-keys=d --heartbeat.max-series=10
      --heartbeat.max-series-per-process=5 --heartbeat.max-file-size=1KiB --heartbeat.read-timeout=4s --config.file=c.yml
      --check-config --web.config.file=w.yml
      --collector.heartbeat --no-collector.process --no-collector.system --path.procfs=/host/proc --path.rootfs=/host --host.name=web-1
      --log.level=debug --log.format=json --web.systemd-socket --web.enable-push --push.allow-unauthenticated
      --push.socket=/run/p.sock --push.socket-mode=600 --push.socket-group=adm --push.max-body=2KiB
      --collector.filesystem.mount-points-exclude=^/mnt --collector.filesystem.fs-types-exclude=
      --collector.filesystem.mount-timeout=500ms --collector.netdev.device-exclude=^lo$
      --collector.diskstats.device-exclude=sr[0-9]
      --push.max-processes=3 --push.rate-limit=4 --push.queue-limit=6 --push.timeout=7s --push.retention=0 --push.fsync
      """
    let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(try ExporterOptions.parse(words, environment: [:]) == .run(expected))
    // The one that excludes --check-config.
    #expect(try options("--health-check").healthCheck)
  }

  @Test("every flag is in the environment too")
  func environment() throws {
    let read = try options(
      "",
      [
        "HEARTBEAT_EXPORTER_WEB_LISTEN_ADDRESS": ":1,:2", "HEARTBEAT_EXPORTER_HEARTBEAT_MAX_SERIES_PER_PROCESS": "7",
        "HEARTBEAT_EXPORTER_COLLECTOR_SYSTEM": "0", "HEARTBEAT_EXPORTER_LOG_FORMAT": "json", "HEARTBEAT_FILE": "x.json",
      ])
    #expect(read.web.listenAddresses == [":1", ":2"])
    #expect(read.heartbeat.maxSeriesPerProcess == 7)
    #expect(!read.collectors.system)
    #expect(read.log.format == .json)
    #expect(read.heartbeat.files == ["x.json"])
    let both = ["HEARTBEAT_EXPORTER_HEARTBEAT_FILE": "a.json", "HEARTBEAT_FILE": "b.json"]
    #expect(try options("", both).heartbeat.files == ["a.json"])
    #expect(try options("--heartbeat.file=c.json", both).heartbeat.files == ["c.json"])
  }

  @Test(
    "what is wrong is told before anything starts",
    arguments: [
      ("--web.listen-adress=:1", "unknown flag --web.listen-adress, did you mean --web.listen-address?"),
      (
        "--web.listen-address=:1 --web.listen-address=:1",
        #"--web.listen-address: ":1" is given twice"#
      ),
      (
        "--web.telemetry-path=metrics",
        #"bad value "metrics" for --web.telemetry-path: expected a path such as /metrics: a slash first, no blanks, "#
          + "no ?, # or %"
      ),
      (
        "--web.telemetry-path=/",
        #"bad value "/" for --web.telemetry-path: expected a path that no other page has (/, /-/, /api/ and /assets/ are taken), "#
          + "such as /metrics"
      ),
      (
        "--web.telemetry-path=/-/healthy",
        #"bad value "/-/healthy" for --web.telemetry-path: expected a path that no other page has "#
          + "(/, /-/, /api/ and /assets/ are taken), such as /metrics"
      ),
      (
        "--heartbeat.timeout=0s",
        #"bad value "0s" for --heartbeat.timeout: expected a duration of at least 1ms"#
      ),
      ("--check-config", "--check-config needs --config.file or --web.config.file"),
      (
        "--heartbeat.retention=30s",
        "--heartbeat.retention (30s) must not be shorter than --heartbeat.timeout (1m): "
          + "a process would vanish before it counts as dead"
      ),
      (
        "--heartbeat.max-series=10 --heartbeat.max-series-per-process=11",
        "--heartbeat.max-series-per-process (11) must not be larger than --heartbeat.max-series (10)"
      ),
      (
        "--no-collector.heartbeat --no-collector.process --no-collector.system",
        "every collector is off: expected at least one of heartbeat, process and system"
      ),
      (
        "--log.level=warning",
        #"bad value "warning" for --log.level: expected one of debug, info, warn, error"#
      ),
      ("serve", #"unexpected argument "serve""#),
    ])
  func mistakes(line: String, expected: String) {
    let error = #expect(throws: FlagError.self) { try options(line) }
    #expect(error?.description == expected)
  }

  @Test("a small limit on all series is no contradiction to the default per process")
  func smallMaxSeries() throws {
    #expect(try options("--heartbeat.max-series=10").heartbeat.maxSeries == 10)
  }

  @Test("values without effect are warned of")
  func warnings() throws {
    #expect(try options("--config.file=c.yml").warnings == [])
    #expect(
      try options("--no-collector.heartbeat --no-collector.process --heartbeat.string-keys=a --config.file=c.yml")
        .warnings
        == [
          "--heartbeat.string-keys has no effect: the heartbeat collector is off",
          "--config.file has no effect: the heartbeat and process collectors are off",
        ])
    let push = "--push.max-body=1KiB --push.timeout=1s --push.fsync"
    #expect(
      try options(push).warnings
        == ["--push.max-body", "--push.timeout", "--push.fsync"].map {
          "\($0) has no effect without --push.socket or --web.enable-push"
        })
    for taking in ["--push.socket=s", "--web.enable-push", "--web.systemd-socket"] {
      #expect(try options("\(push) \(taking)").warnings == [])
    }
  }

  @Test("the documentation has each flag with its default and its meaning")
  func documentation() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/configuration.md")
    let text = try String(contentsOf: file.standardized, encoding: .utf8)
    for flag in ExporterOptions.flags.flags {
      let spelling = flag.placeholder.map { "--\(flag.name)=\($0.replacing("|", with: "\\|"))" } ?? flag.spelling
      let row =
        "| `\(spelling)` | \(flag.defaultText.map { "`\($0.replacing("|", with: "\\|"))`" } ?? "") | \(flag.help) |"
      #expect(text.contains(row), "\(row)")
    }
  }

  @Test("help names every flag and every variable")
  func help() throws {
    guard case .help(let text) = try ExporterOptions.parse(["--help"], environment: [:], columns: 100) else {
      Issue.record("no help")
      return
    }
    for flag in ExporterOptions.flags.flags {
      #expect(text.contains(flag.spelling))
      for name in ExporterOptions.flags.environmentNames(of: flag) { #expect(text.contains("[env: \(name)]")) }
    }
    // An expression is not broken into lines.
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 || $0.contains("[default: ^") })
    #expect(try ExporterOptions.parse(["--version"], environment: [:]) == .version)
  }
}

@Suite("Version")
struct VersionTests {
  @Test("says what was built, as other exporters do")
  func text() {
    let lines = Version.text(program: "heartbeat-exporter").split(separator: "\n")
    #expect(lines.first == "heartbeat-exporter, version \(Version.number) (revision: \(Version.revision))")
    #expect(lines.count == 3)
    #expect(!Version.revision.isEmpty)
    #expect(Version.number.split(separator: ".").count == 3)
  }
}
