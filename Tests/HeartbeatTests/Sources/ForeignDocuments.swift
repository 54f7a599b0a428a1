@testable import Heartbeat

/// Documents as they lie about in public and are no heartbeats, each another one for another number.
struct ForeignDocuments {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  private mutating func word() -> String {
    let words = [
      "alpha", "north", "river", "lamp", "orbit", "mint", "coral", "delta", "spark", "cloud", "ember", "quartz",
    ]
    return words[next(words.count)]
  }

  private mutating func time() -> String { "2026-0\(1 + next(9))-1\(next(9))T0\(next(9)):2\(next(9)):3\(next(9))Z" }
  private mutating func unix() -> Int { 1_700_000_000 + next(84_000_000) }
  private mutating func many(_ count: ClosedRange<Int>, _ make: (inout Self) -> String) -> String {
    let count = count.lowerBound + next(count.upperBound - count.lowerBound + 1)
    return (0..<count).map { _ in make(&self) }.joined(separator: ",")
  }

  static let kinds = 24

  /// A document of a kind.
  mutating func make(_ kind: Int) -> String {
    switch kind {
    case 0:
      return
        #"{"name":"\#(word())","version":"\#(next(9)).\#(next(20)).0","scripts":{"test":"run","start":"node ."},"dependencies":{"\#(word())":"^1.2.\#(next(9))"},"license":"MIT"}"#
    case 1:
      return
        #"{"compilerOptions":{"target":"es2022","strict":\#(next(2) == 1)},"include":["src"],"exclude":["\#(word())"]}"#
    case 2: return "{" + many(2...9) { #""\#($0.word()).\#($0.next(99))":"\#($0.word()) \#($0.word())""# } + "}"
    case 3:
      return #"{"type":"FeatureCollection","features":["#
        + many(1...4) {
          #"{"type":"Feature","geometry":{"type":"Point","coordinates":[\#($0.next(90)),\#($0.next(90))]},"properties":{"name":"\#($0.word())"}}"#
        } + "]}"
    case 4:
      return "["
        + many(1...5) {
          #"{"id":\#($0.next(9999)),"title":"\#($0.word())","body":"\#($0.word())","created_at":"\#($0.time())","updated_at":"\#($0.time())","user":{"login":"\#($0.word())"}}"#
        } + "]"
    case 5:
      return
        #"{"title":"\#(word())","time":{"from":"now-\#(1 + next(9))h","to":"now"},"refresh":"5s","panels":[{"id":\#(next(9)),"type":"graph"}],"version":\#(next(99))}"#
    case 6:
      return
        #"{"manifest_version":3,"name":"\#(word())","version":"1.\#(next(9))","permissions":["alarms"],"background":{"service_worker":"\#(word()).js"}}"#
    case 7:
      return
        #"{"order":{"id":"\#(next(99_999))","created_at":"\#(time())","due_at":"\#(time())"},"amount":\#(next(999)),"currency":"CHF","lines":["#
        + many(1...3) { #"{"sku":"\#($0.word())","count":\#($0.next(9))}"# } + "]}"
    case 8:
      return
        #"{"name":"\#(word())","time":{"created":"\#(time())","modified":"\#(time())","1.0.0":"\#(time())","1.1.0":"\#(time())"},"versions":{},"license":"MIT"}"#
    case 9:
      return
        #"{"hourly":{"time":["\#(time())","\#(time())"],"temperature":[\#(next(30)),\#(next(30))]},"latitude":\#(next(90)),"longitude":\#(next(90))}"#
    case 10:
      return
        #"{"slot":\#(next(9)),"player":"\#(word())","level":\#(next(99)),"gold":\#(next(99_999)),"playtime":\#(next(99_999)),"inventory":[\#(next(99)),\#(next(99))]}"#
    case 11:
      return "{"
        + many(2...7) { #""\#($0.word())_\#($0.word())":{"enabled":\#($0.next(2) == 1),"percent":\#($0.next(101))}"# }
        + "}"
    case 12:
      return
        #"{"cells":[{"cell_type":"code","execution_count":\#(next(99)),"source":["print(1)"]}],"metadata":{"kernelspec":{"name":"python3"}},"nbformat":4}"#
    case 13:
      return "["
        + many(1...4) {
          #"{"name":"\#($0.word())","value":"\#($0.word())","domain":".example","expires":\#($0.unix()),"secure":true}"#
        } + "]"
    case 14:
      return
        #"{"access_token":"\#(word())\#(word())","token_type":"bearer","expires_in":\#(next(9999)),"expires_at":\#(unix()),"created_at":\#(unix())}"#
    case 15:
      return
        #"{"id":\#(1_790_000_000 + next(9_000_000)),"author":\#(1_790_000_000 + next(9_000_000)),"name":"Heartbeat","song":\#(next(999_999)),"objects":\#(next(9999))}"#
    case 16:
      return
        #"{"name":"heartbeat","interval":\#(next(600)),"timeout":\#(next(60)),"enabled":true,"url":"https://example.test/\#(word())","retries":\#(next(9))}"#
    case 17:
      return #"{"tasks":["#
        + many(1...4) {
          #"{"id":"\#($0.word())","interval_minutes":\#($0.next(99)),"due":"\#($0.time())","enabled":true}"#
        } + "]}"
    case 18: return "{" + many(1...5) { #""down_\#($0.word())\#($0.next(999))":\#($0.unix())"# } + "}"
    case 19:
      return
        #"{"released":"2026-0\#(1 + next(9))-14","updated":"2026-0\#(1 + next(9))-15","version":"\#(next(9)).1","notes":"\#(word())"}"#
    case 20: return #"{"started_at":"\#(time())","pid":\#(next(9999)),"version":"\#(next(9)).0","port":\#(next(9999))}"#
    case 21:
      return
        #"{"monitor":{"id":\#(next(99)),"name":"\#(word())"},"heartbeat":{"monitorID":\#(next(99)),"status":0,"time":"2026-07-1\#(next(9)) 10:00:00.123","msg":"timeout"},"msg":"down"}"#
    case 22:
      return "{" + many(2...6) { #""\#($0.word())\#($0.next(9))":"\#(["running", "stopped", "ok"][$0.next(3)])""# }
        + "}"
    default: return "[" + many(0...6) { "\($0.next(99_999))" } + "]"
    }
  }
}
