// beats FILE SECONDS: beats into a file for so long and prints the beats per second.
import Heartbeat

let manager = HeartbeatManager(file: CommandLine.arguments[1])
let limit = Duration.seconds(Double(CommandLine.arguments[2]) ?? 1)
let clock = ContinuousClock()
let start = clock.now
var count: Int64 = 0
while start.duration(to: clock.now) < limit {
  count += 1
  try manager.sendHeartbeat("bench", additionalData: ["sequence": .integer(count)])
}
print(Double(count) / (start.duration(to: clock.now) / .seconds(1)))
