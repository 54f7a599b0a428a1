import Flags
import Testing

private enum Format: String, CaseIterable { case logfmt, json }

private enum Demo {
  static let address = Flag.list(
    "web.listen-address", .string.named("ADDRESS"), default: [":9464"], help: "Where to listen.")
  static let requests = Flag.value("web.max-requests", .integer(0...1000), default: 40, help: "Requests at once.")
  static let timeout = Flag.value("heartbeat.timeout", .duration, default: 60, help: "Age of a dead one.")
  static let keys = Flag.list("heartbeat.string-keys", .string, commas: true, help: "Keys.")
  static let size = Flag.value("heartbeat.max-file-size", .size(), default: 64 << 20, help: "Bytes.")
  static let file = Flag.optional("heartbeat.file", .file, environment: ["HEARTBEAT_FILE"], help: "The file.")
  static let collector = Flag.toggle("collector.system", default: true, help: "Host metrics.")
  static let once = Flag.toggle("once", negatable: false, help: "Prints once.")
  static let format = Flag.value("log.format", .choice, default: Format.logfmt, help: "Format of the log.")

  static func flags(_ arguments: ArgumentRule = .none) -> FlagSet {
    FlagSet(
      program: "demo", summary: "Shows flags.",
      groups: [FlagGroup("All", [address, requests, timeout, keys, size, file, collector, once, format])],
      arguments: arguments, environmentPrefix: "DEMO_", hasVersion: true)
  }
}

/// The values of a command line; an error fails the test.
private func values(
  _ line: String, _ environment: [String: String] = [:], _ arguments: ArgumentRule = .none
) throws -> FlagValues {
  let outcome = try Demo.flags(arguments).parse(line.split(separator: " ").map(String.init), environment: environment)
  guard case .values(let values) = outcome else { throw FlagError.invalid("not values: \(outcome)") }
  return values
}

@Suite("Flag sets")
struct FlagSetTests {
  @Test("without flags every value is its default")
  func defaults() throws {
    let values = try values("")
    #expect(values[Demo.address] == [":9464"])
    #expect(values[Demo.requests] == 40)
    #expect(values[Demo.timeout] == 60)
    #expect(values[Demo.keys] == [])
    #expect(values[Demo.size] == 67_108_864)
    #expect(values[Demo.file] == nil)
    #expect(values[Demo.collector])
    #expect(!values[Demo.once])
    #expect(values[Demo.format] == .logfmt)
    #expect(!values.isSet(Demo.format))
    #expect(values.warnings.isEmpty)
  }

  @Test("a value stands behind an equals sign or as the next word")
  func spellings() throws {
    let joined = try values("--web.max-requests=7 --heartbeat.timeout=1h30m --log.format=json --heartbeat.file=a=b")
    let apart = try values("--web.max-requests 7 --heartbeat.timeout 1h30m --log.format json --heartbeat.file a=b")
    for values in [joined, apart] {
      #expect(values[Demo.requests] == 7)
      #expect(values[Demo.timeout] == 5400)
      #expect(values[Demo.format] == .json)
      #expect(values[Demo.file] == "a=b")
      #expect(values.source(of: Demo.file) == .commandLine)
    }
  }

  @Test("a repeated flag replaces the default, commas separate only where they are told to")
  func lists() throws {
    let values = try values(
      "--web.listen-address=:1,:2 --web.listen-address :3 --heartbeat.string-keys=a,b --heartbeat.string-keys c")
    #expect(values[Demo.address] == [":1,:2", ":3"])
    #expect(values[Demo.keys] == ["a", "b", "c"])
  }

  @Test(
    "toggles are on, off, or as their value says",
    arguments: [
      ("--collector.system", true), ("--no-collector.system", false), ("--collector.system=false", false),
      ("--collector.system=0", false), ("--collector.system=1", true), ("", true),
    ])
  func toggles(line: String, expected: Bool) throws {
    #expect(try values(line)[Demo.collector] == expected)
  }

  @Test("the environment gives what the command line leaves open")
  func environment() throws {
    let environment = [
      "DEMO_WEB_LISTEN_ADDRESS": ":1, :2", "DEMO_WEB_MAX_REQUESTS": "9", "DEMO_COLLECTOR_SYSTEM": "false",
      "DEMO_ONCE": "1", "DEMO_HEARTBEAT_TIMEOUT": "", "HEARTBEAT_FILE": "x.json",
    ]
    let values = try values("--web.max-requests=3", environment)
    #expect(values[Demo.address] == [":1", ":2"])
    #expect(values[Demo.requests] == 3)
    #expect(!values[Demo.collector])
    #expect(values[Demo.once])
    #expect(values[Demo.timeout] == 60)
    #expect(values[Demo.file] == "x.json")
    #expect(values.name(of: Demo.file) == "HEARTBEAT_FILE")
    #expect(values.name(of: Demo.requests) == "--web.max-requests")
    #expect(values.source(of: Demo.timeout) == .defaultValue)
  }

  @Test("the variable with the prefix comes before the others")
  func environmentOrder() throws {
    let both = ["DEMO_HEARTBEAT_FILE": "first", "HEARTBEAT_FILE": "second"]
    #expect(try values("", both)[Demo.file] == "first")
    #expect(try values("", both.merging(["DEMO_HEARTBEAT_FILE": ""]) { $1 })[Demo.file] == "second")
  }

  @Test("a misspelt environment variable is told, a stranger's is not")
  func environmentWarnings() throws {
    let values = try values(
      "", ["DEMO_WEB_LISTEN_ADRESS": ":1", "DEMO_SERVICE_PORT_9464_TCP_PROTO": "tcp", "PATH": "/"])
    #expect(
      values.warnings == [
        #"environment variable "DEMO_WEB_LISTEN_ADRESS" is not known, did you mean DEMO_WEB_LISTEN_ADDRESS?"#
      ])
  }

  @Test(
    "mistakes are told in one line",
    arguments: [
      ("--web.listen-adress=:1", "unknown flag --web.listen-adress, did you mean --web.listen-address?"),
      ("--listen-address=:1", "unknown flag --listen-address, did you mean --web.listen-address?"),
      ("-web.max-requests=1", "unknown flag -web.max-requests, did you mean --web.max-requests?"),
      ("--web-max-requests=1", "unknown flag --web-max-requests, did you mean --web.max-requests?"),
      ("--no-once", "unknown flag --no-once, did you mean --once?"),
      ("--no-colector.system", "unknown flag --no-colector.system, did you mean --no-collector.system?"),
      ("--vresion", "unknown flag --vresion, did you mean --version?"),
      ("--zzzzzz", "unknown flag --zzzzzz"),
      ("-x", "unknown flag -x"),
      ("--=1", "unknown flag --"),
      ("--web.max-requests", "--web.max-requests needs a value: expected an integer from 0 to 1000"),
      ("--heartbeat.file --once", "--heartbeat.file needs a value: expected a file's path"),
      (
        "--web.max-requests=many",
        #"bad value "many" for --web.max-requests: expected an integer from 0 to 1000"#
      ),
      ("--web.max-requests=1001", #"bad value "1001" for --web.max-requests: expected an integer from 0 to 1000"#),
      ("--web.max-requests=-1", #"bad value "-1" for --web.max-requests: expected an integer from 0 to 1000"#),
      (
        "--web.max-requests=99999999999999999999",
        #"bad value "99999999999999999999" for --web.max-requests: expected an integer from 0 to 1000"#
      ),
      ("--heartbeat.file=", #"bad value "" for --heartbeat.file: expected a file's path"#),
      (
        "--log.format=jsn",
        #"bad value "jsn" for --log.format: expected one of logfmt, json, did you mean json?"#
      ),
      ("--collector.system=yes", #"bad value "yes" for --collector.system: expected true, false, 1 or 0"#),
      ("--no-collector.system=1", #"--no-collector.system takes no value, but was given "1""#),
      ("--once --once", "--once may be given only once"),
      ("--collector.system --no-collector.system", "--collector.system may be given only once"),
      ("--heartbeat.string-keys=a,,b", #"bad value "" for --heartbeat.string-keys: expected a text"#),
      ("word", #"unexpected argument "word""#),
      ("-", #"unexpected argument "-""#),
      ("-- --once", #"unexpected argument "--once""#),
    ])
  func mistakes(line: String, expected: String) {
    let error = #expect(throws: FlagError.self) { try values(line) }
    #expect(error?.description == expected)
  }

  @Test("a bad value in the environment names the variable")
  func badEnvironment() {
    let error = #expect(throws: FlagError.self) { try values("", ["DEMO_HEARTBEAT_TIMEOUT": "60"]) }
    #expect(
      error?.description
        == #"bad value "60" for DEMO_HEARTBEAT_TIMEOUT: expected a duration such as 30s, 1h30m or 1d: "#
        + "the unit is missing (60s for seconds?)")
  }

  @Test("a hostile flag cannot write control characters into the message")
  func hostileFlag() {
    let error = #expect(throws: FlagError.self) { try Demo.flags().parse(["--a\u{1b}[2J\nb"]) }
    #expect(error?.description == #"unknown flag "--a\u{1b}[2J\nb""#)
  }

  @Test("help and version win over what follows them")
  func early() throws {
    for (word, isHelp) in [("--help", true), ("-h", true), ("--version", false)] {
      switch try Demo.flags().parse(["--once", word, "--nonsense"]) {
      case .help: #expect(isHelp)
      case .version: #expect(!isHelp)
      case .values: Issue.record("\(word) gave values")
      }
    }
  }

  @Test(
    "words beside the flags",
    arguments: [
      ("one --once two", ["one", "two"]), ("-- --once two", ["--once", "two"]), ("- --once", ["-"]), ("", []),
      ("one -- -h", ["one", "-h"]),
    ])
  func arguments(line: String, expected: [String]) throws {
    #expect(try values(line, [:], .named("NAME", 0...2)).arguments == expected)
  }

  @Test(
    "a command's own flags are left alone",
    arguments: [
      ("--once -- npm run serve --once", ["npm", "run", "serve", "--once"]),
      ("npm run --help", ["npm", "run", "--help"]),
      ("-- -- x", ["--", "x"]),
    ])
  func command(line: String, expected: [String]) throws {
    #expect(try values(line, [:], .command("COMMAND")).arguments == expected)
  }

  @Test("too few or too many words are told")
  func argumentCounts() {
    #expect(throws: FlagError.missingArgument(name: "NAME")) { try values("--once", [:], .named("NAME", 1...1)) }
    #expect(throws: FlagError.unexpectedArgument("b")) { try values("a b", [:], .named("NAME", 1...1)) }
    #expect(throws: FlagError.unexpectedArgument("b")) { try values("-- a b", [:], .named("NAME", 1...1)) }
    #expect(throws: FlagError.missingArgument(name: "COMMAND")) { try values("--once --", [:], .command("COMMAND")) }
  }

  @Test("completions know spellings, values and the first sentence")
  func completions() {
    let all = Demo.flags().completions
    #expect(all.map(\.spellings).contains(["--collector.system", "--no-collector.system"]))
    #expect(all.last?.spellings == ["--version"])
    let format = all.first { $0.spellings == ["--log.format"] }
    #expect(format?.values == .choices(["logfmt", "json"]))
    #expect(format?.help == "Format of the log")
    #expect(all.first { $0.spellings == ["--heartbeat.file"] }?.values == .files)
    #expect(all.first { $0.spellings == ["--once"] }?.takesValue == false)
  }
}
