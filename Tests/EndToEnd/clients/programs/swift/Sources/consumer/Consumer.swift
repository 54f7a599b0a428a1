// consumer PLACE URL: what somebody's program does with the library: into a file or a folder, and by push.
import Heartbeat
import HeartbeatPush

@main
struct Consumer {
  let heartbeats: HeartbeatManager
  let exporter: PushTarget

  static func main() async throws {
    var options = HeartbeatManager.Options()
    options.lockTimeout = .seconds(30)
    options.retention = .seconds(3600)
    guard let exporter = PushTarget(CommandLine.arguments[2]) else { fatalError("no exporter") }
    let consumer = Consumer(
      heartbeats: HeartbeatManager(file: CommandLine.arguments[1], options: options), exporter: exporter)
    try consumer.beatWithoutTasks()
    try await consumer.beatFromTasks()
    try await consumer.push()
    for entry in try await consumer.heartbeats.allHeartbeats() {
      print(entry.name, entry.status ?? "none", String(decoding: entry.additionalData.serialised(), as: UTF8.self))
    }
  }

  func beatWithoutTasks() throws(HeartbeatError) {
    // The module has a type of the name; no type has the module's.
    let beat = Heartbeat.Beat(
      "qualified", additionalData: ["count": 1, "deep": ["ratio": 0.5]], interval: .seconds(30))
    try heartbeats.sendHeartbeats([beat])
    let entry: Heartbeat.HeartbeatEntry? = try heartbeats.heartbeatStatus(of: "qualified")
    precondition(entry?.pid == HeartbeatManager.currentPid)
  }

  func beatFromTasks() async throws {
    try await heartbeats.sendHeartbeat("async", status: "busy", additionalData: ["on": true])

    let loop = LoopHeartbeat("loop", every: .seconds(3600), to: heartbeats)
    for round in 1...1000 { await loop.beat(["round": JSONValue(round)]) }
    await loop.stop(["rounds": 1000])

    let sender = HeartbeatSender("sender", to: heartbeats, interval: .seconds(30), maxSilence: .seconds(60))
    sender.tick()
    while try await heartbeats.heartbeatStatus(of: "sender") == nil { try await Task.sleep(for: .milliseconds(10)) }
    sender.stop()
  }

  func push() async throws {
    try await exporter.send(Beat("pushed", status: "busy", additionalData: ["n": 7]))
    do throws(HeartbeatError) {
      try await exporter.send(Beat(""))
    } catch {
      print(error)
    }
  }
}
