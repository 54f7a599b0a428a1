@testable import HTTP
import Flags
import Glibc
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("Options of run")
struct RunOptionsTests {
  @Test(
    "a probe is one of five kinds",
    arguments: [
      ("http://h", "http://h:80/"), ("https://h/x", "https://h:443/x"), ("tcp://h:1", "tcp://h:1"),
      ("unix:/s", "unix:/s"),
      ("unix:///s", "unix:/s"), ("exec:test -e /x", "exec:test -e /x"), ("unix:s", nil), ("unix:", nil), ("exec:", nil),
      ("exec:  ", nil), ("ftp://h", nil), ("tcp://h", nil), ("", nil),
      ("unix:/" + String(repeating: "s", count: 107), nil),
      ("exec:" + String(repeating: "x", count: Probe.longestCommand + 1), nil),
    ] as [(String, String?)])
  func probes(text: String, shown: String?) {
    #expect(Probe(text)?.description == shown)
  }

  @Test(
    "what a program that is still starting shows too is told from what is wrong",
    arguments: [
      (NetworkError.system(Errno(ECONNREFUSED)), true), (.system(Errno(ENOENT)), true), (.timeout, true),
      (.system(Errno(EHOSTUNREACH)), false), (.unknownHost("no such name"), false), (.notHTTP, false),
      (.encryption("not trusted"), false),
    ])
  func absence(error: NetworkError, isAbsent: Bool) {
    if case .absent = Probe.answer(error) { #expect(isAbsent) } else { #expect(!isAbsent) }
  }

  @Test(
    "a limit of restarts is a number, or a number within a time",
    arguments: [
      ("10", "10"), ("0", "0"), ("10/5m", "10/5m"), ("3/90s", "3/1m30s"), ("0/5m", nil), ("10/0", nil), ("10/", nil),
      ("/5m", nil),
      ("-1", nil), ("1000001", nil), ("10/5", nil), ("ten", nil), ("", nil),
    ] as [(String, String?)])
  func limits(text: String, shown: String?) {
    #expect((try? RunFlags.limit.parse(text)).map { RunFlags.limit.format($0) } == shown)
  }

  @Test(
    "success is exit statuses and names of signals",
    arguments: [
      ("0", "0"), ("3,0,SIGTERM", "0,3,SIGTERM"), ("term", "SIGTERM"), ("256", nil), ("-1", nil), ("", nil),
      ("0,,3", nil), ("0,FOO", nil),
    ] as [(String, String?)])
  func success(text: String, shown: String?) {
    #expect((try? RunFlags.success.parse(text)).map { RunFlags.success.format($0) } == shown)
  }

  @Test(
    "a user is a name or a number, with a group or without",
    arguments: [
      ("root", 0, 0), ("0", 0, 0), ("root:1234", 0, 1234), ("54321:1234", 54321, 1234), ("54321", nil, nil),
      ("no-such-user", nil, nil),
      ("root:no-such-group", nil, nil), ("", nil, nil), (":", nil, nil), ("root:", nil, nil),
      ("4294967295:0", nil, nil),
      ("-1:0", nil, nil),
    ] as [(String, UInt32?, UInt32?)])
  func users(text: String, id: UInt32?, group: UInt32?) {
    let user = UserAccount(named: text)
    #expect(user?.id == id && user?.group == group)
  }

  @Test("a file of variables: comments, quotes, and values with =")
  func environment() throws {
    let text = "# a comment\n\nA=1\n  B = x y \r\nC='q # r'\nD=\"\"\nE=a=b\nF=\"it's\"\n"
    #expect(throws: FlagError.self) { try EnvironmentFile.parse(Array(text.utf8), "f") }
    let good = text.replacing("B = x", with: "B=x")
    let found = try EnvironmentFile.parse(Array(good.utf8), "f").map {
      String(decoding: $0.name, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self)
    }
    #expect(found == ["A=1", "B=x y", "C=q # r", "D=", "E=a=b", "F=it's"])
  }

  @Test(
    "what is no variable is refused with its line",
    arguments: [
      ("A", 1), ("A=1\n=2", 2), ("A=1\n\n1A=2", 3), ("A='x", 1), ("A B=1", 1), ("A=\u{0}", 1), ("A='", 1), ("é=1", 1),
    ])
  func hostileEnvironment(text: String, line: Int) {
    let error = #expect(throws: FlagError.self) { try EnvironmentFile.parse(Array(text.utf8), "file") }
    #expect(error?.description.contains("file:\(line): expected") == true)
  }

  @Test("a variable that is set anew stands there once, byte for byte")
  func variables() {
    var texts: [KernelText] = [Array("A=1".utf8), [0x42, 0x3d, 0xff], Array("AB=2".utf8)]
    texts.setVariable("A", "3")
    #expect(texts == [[0x42, 0x3d, 0xff], Array("AB=2".utf8), Array("A=3".utf8)])
    texts.setVariable("AB", nil)
    #expect(texts.variable("AB") == nil && texts.variable("A") == "3")
  }
}
