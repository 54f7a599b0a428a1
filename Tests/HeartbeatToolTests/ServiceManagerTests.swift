import Glibc
import Testing

@testable import HeartbeatTool

@Suite("A service manager above")
struct ServiceManagerTests {
  private static func texts(_ variables: [String]) -> [KernelText] { variables.map { Array($0.utf8) } }

  @Test(
    "what it hands on is for us only when it names nobody else",
    arguments: [
      (["NOTIFY_SOCKET=/run/n", "WATCHDOG_USEC=2000000"], "/run/n", 2_000_000, false),
      (["NOTIFY_SOCKET=@n", "WATCHDOG_USEC=5", "WATCHDOG_PID=7", "LISTEN_PID=7"], "@n", 5, true),
      (["WATCHDOG_USEC=5", "WATCHDOG_PID=8", "LISTEN_PID=8"], nil, nil, false),
      (["NOTIFY_SOCKET=", "WATCHDOG_USEC=0"], nil, nil, false),
      (["WATCHDOG_USEC=-1"], nil, nil, false), (["WATCHDOG_USEC=99999999999999999999"], nil, nil, false),
    ] as [([String], String?, UInt64?, Bool)])
  func read(variables: [String], socket: String?, watchdog: UInt64?, sockets: Bool) {
    let manager = ServiceManager(Self.texts(variables), ownPID: 7)
    #expect(manager.socket == socket && manager.watchdog == watchdog && manager.handsOnSockets == sockets)
  }

  @Test(
    "the program gets the shorter of the two watchdogs",
    arguments: [
      (60.0, nil, "60000000"), (60, 2_000_000, "2000000"), (1, 2_000_000, "1000000"), (9e9, nil, "1000000000000000"),
    ]
      as [(Double, UInt64?, String)])
  func watchdog(timeout: Double, outer: UInt64?, expected: String) {
    var options = SupervisorOptions(name: "p", command: [[0x70]], file: "f")
    options.timeout = timeout
    options.environment = Self.texts(["WATCHDOG_PID=7"] + (outer.map { ["WATCHDOG_USEC=\($0)"] } ?? []))
    let manager = ServiceManager(options.environment, ownPID: 7)
    let start = manager.start(options, notifySocket: "@s", mark: "m", ownsGroup: true)
    #expect(start.environment.variable("WATCHDOG_USEC") == expected)
    #expect(start.environment.variable("WATCHDOG_PID") == nil)
    #expect(start.environment.variable("NOTIFY_SOCKET") == "@s")
  }

  @Test("its sockets go to the program with the program's own number, and others stay as they are")
  func sockets() {
    var options = SupervisorOptions(name: "p", command: [[0x70]], file: "f")
    options.environment = Self.texts(["LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "HEARTBEAT_RUN_ID=above"])
    let ours = ServiceManager(options.environment, ownPID: 7)
      .start(options, notifySocket: "@s", mark: "m", ownsGroup: true)
    #expect(ours.inheritsSockets && ours.environment.variable("LISTEN_PID") == nil)
    #expect(ours.environment.variable("LISTEN_FDS") == "2" && ours.environment.variable("LISTEN_FDNAMES") == "a:b")
    #expect(ours.environment.variable("HEARTBEAT_RUN_ID") == "above m")
    let foreign = ServiceManager(options.environment, ownPID: 8)
      .start(options, notifySocket: "@s", mark: "m", ownsGroup: true)
    #expect(!foreign.inheritsSockets && foreign.environment.variable("LISTEN_PID") == "7")
  }

  @Test(
    "what the program says goes on as it is, but that the supervisor stands in its place",
    arguments: [
      ("READY=1\nSTATUS=é", [], "READY=1\nSTATUS=é"), ("MAINPID=42\nREADY=1", [], "MAINPID=7\nREADY=1"),
      ("MAINPID=43", [], "MAINPID=7"), ("MAINPID=43\nMAINPIDFDID=9\nMAINPIDFD=1\nREADY=1", [], "MAINPID=7\nREADY=1"),
      ("MAINPIDFD=1", [], nil), ("FDSTORE=1\nFDNAME=a", [], "FDSTORE=1\nFDNAME=a"), ("BARRIER=1", [], "BARRIER=1"),
      ("WATCHDOG=trigger", [], "WATCHDOG=trigger"), ("WATCHDOG=trigger", .trigger, nil),
      ("WATCHDOG=trigger\nSTATUS=x", .trigger, "STATUS=x"), ("STOPPING=1", [], "STOPPING=1"),
      ("STOPPING=1\nSTATUS=x", .stopping, "STATUS=x"), ("", [], nil),
    ] as [(String, NotifyMessage.Unsaid, String?)])
  func relayed(text: String, unsaid: NotifyMessage.Unsaid, expected: String?) {
    let relayed = NotifyMessage.relayed(Array(text.utf8), supervisor: 7, leavingOut: unsaid)
    #expect(relayed.map { String(decoding: $0, as: UTF8.self) } == expected)
  }
}
