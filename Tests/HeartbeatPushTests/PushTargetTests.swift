import Heartbeat
import JSON
import Testing

@testable import HeartbeatPush

struct PushTargetTests {
  @Test(
    "An exporter is named by http or a socket, and errors never show the password",
    arguments: [
      ("http://a:1", "http://a:1"), ("http://u:p%40w@a:1/", "http://a:1"), ("HTTP://[::1]:2/base", "http://[::1]:2"),
      ("http://u:p@w@a", "http://a:80"), ("unix:/s", "unix:/s"), ("/s", "unix:/s"), ("unix:s", nil), ("s", nil),
      ("https://u:p@a", "https://a:443"), ("a:1", nil),
      ("http://", nil), ("http://u:%zz@a", nil), ("http://a/?q=1", nil), ("", nil),
    ] as [(String, String?)])
  func urls(text: String, shown: String?) {
    #expect(PushTarget(text)?.description == shown)
  }

  @Test("The user and the password of a URL are percent-decoded; a password beside it counts more")
  func authorization() {
    #expect(PushTarget("http://u%C3%A9:p%40w@a")?.authorization == "Basic dcOpOnBAdw==")
    #expect(PushTarget("http://u:y@a", password: "x")?.authorization == "Basic dTp4")
    #expect(PushTarget("http://a", password: "x")?.authorization == nil)
  }

  @Test("A name is one path segment")
  func names() {
    #expect(PushTarget.encoded("a/b é?#%") == "a%2Fb%20%C3%A9%3F%23%25")
  }

  @Test(
    "this process's pid goes to an exporter on this host only, one that was chosen to any",
    arguments: [("http://localhost:1", true), ("/run/push.sock", true), ("http://192.0.2.7:1", false)])
  func pids(url: String, isLocal: Bool) throws {
    let target = try #require(PushTarget(url))
    let own = JSONValue.integer(Int64(HeartbeatManager.currentPid))
    #expect(target.object(of: Beat("a"))["pid"] == (isLocal ? .some(own) : .none))
    #expect(target.object(of: Beat("a", pid: 1))["pid"] == 1)
    #expect(target.object(of: Beat("a", pid: nil))["pid"] == nil)
  }

  @Test("a beat is pushed with all that it says")
  func body() throws {
    let target = try #require(PushTarget("/s"))
    var beat = Beat(
      "a", status: "busy", additionalData: ["n": 1], pid: 7, host: "web1", time: 17.5, interval: .milliseconds(1500))
    beat.mergesData = true
    let expected: JSONObject = [
      "status": "busy", "pid": 7, "timestamp": 17.5, "host": "web1", "interval": 1.5, "additional_data": ["n": 1],
      "merge": true,
    ]
    #expect(target.object(of: beat) == expected)
    #expect(target.object(of: Beat("a", pid: nil)) == ["status": "alive"])
  }

  @Test("an exporter that is not there is named, without the password")
  func nobody() throws {
    let target = try #require(PushTarget("http://user:secret@127.0.0.1:1"))
    #expect {
      try target.send(Beat("a"))
    } throws: { error in
      "\(error)".hasPrefix("http://127.0.0.1:1: ") && "\(error)".contains("is the exporter running")
    }
  }
}
