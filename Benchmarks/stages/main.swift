// stages STAGE SECONDS ARGUMENT...: does one stage of a scrape again and again for so long, and prints the CPU seconds of
// one time (the median) and how much it worked on.
//
//   stages parse SECONDS FILE     a heartbeat file that was never seen before; prints numbers
//   stages parse SECONDS A B      two of them by turns, of which the reader compares the one with the other
//   stages render SECONDS FILE    the exposition of its numbers, a family for each key; prints bytes
//   stages gzip SECONDS FILE      any file, at the level of a scrape; prints bytes
//   stages proc SECONDS PID...    what /proc says of these processes; prints processes
import Exposition
import Glibc
import HTTP
import Heartbeat
import Procfs

/// CPU time of this thread in seconds.
func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Runs `body` for about `seconds`, and gives the median time of one run.
func median(of seconds: Double, _ body: () throws -> Void) rethrows -> Double {
  try body()  // The first time finds neither caches nor memory warm.
  var times: [Double] = []
  let end = cpuSeconds() + seconds
  repeat {
    let start = cpuSeconds()
    try body()
    times.append(cpuSeconds() - start)
  } while cpuSeconds() < end
  times.sort()
  return times[times.count / 2]
}

func contents(of path: String) -> [UInt8] {
  guard let file = fopen(path, "r") else { fail("\(path): cannot be read") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes.append(contentsOf: buffer[..<count]) }
  return bytes
}

func fail(_ message: String) -> Never {
  var text = "stages: \(message)\n"
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  exit(1)
}

/// With one file, as one of which nothing is known; with two that differ little, each after the other. The memory of
/// the content before is used again, as simdjson uses its own again.
func parse(_ seconds: Double, _ paths: ArraySlice<String>) throws -> (seconds: Double, amount: Int) {
  let contents = paths.map(contents)
  var reader = SnapshotReader()
  var snapshot = HeartbeatSnapshot()
  var spare = HeartbeatSnapshot()
  var turn = 0
  let time = try median(of: seconds) {
    if contents.count == 1 { reader = SnapshotReader() }
    var next = try reader.read(contents[turn % contents.count], into: &spare)
    swap(&next, &snapshot)
    spare = next
    turn += 1
  }
  return (time, snapshot.numbers.count)
}

func render(_ seconds: Double, _ path: String) throws -> (seconds: Double, amount: Int) {
  let snapshot = try HeartbeatSnapshot(parsing: contents(of: path))
  let families = snapshot.keyPaths.map { path in
    MetricFamily(MetricName.make(prefix: "heartbeat_data_", keyPath: path.components), .gauge, "One number.")
  }
  var samples = [[(labels: Labels, value: Double)]](repeating: [], count: families.count)
  for entry in snapshot.entries {
    let labels = Labels(["process": String(decoding: snapshot.bytes[entry.name.range], as: UTF8.self)])
    for number in snapshot.numbers[entry.numbers] { samples[Int(number.key)].append((labels, number.value)) }
  }
  var exposition = Exposition()
  let time = median(of: seconds) {
    exposition.removeAll()
    for (family, samples) in zip(families, samples) {
      exposition.family(family) { written in
        for sample in samples { written.add(sample.labels, sample.value) }
      }
    }
  }
  return (time, exposition.bytes.count)
}

func compress(_ seconds: Double, _ path: String) -> (seconds: Double, amount: Int) {
  let bytes = contents(of: path)
  var gzip = Gzip(level: 1)
  let time = median(of: seconds) {
    guard gzip.part(bytes) != nil else { fail("zlib has not enough memory") }
  }
  return (time, bytes.count)
}

func readProcesses(_ seconds: Double, _ pids: [Int32]) throws -> (seconds: Double, amount: Int) {
  let procfs = Procfs()
  var found = 0
  let time = try median(of: seconds) {
    let table = try procfs.processTable()
    found = pids.count { table.presence(of: $0, lastBeat: nil).isRunning && table.figures(of: $0) != nil }
  }
  return (time, found)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 3, let seconds = Double(arguments[2]) else {
  fail("expected STAGE SECONDS and a FILE or PIDs")
}
let result =
  switch arguments[1] {
  case "parse": try parse(seconds, arguments[3...])
  case "render": try render(seconds, arguments[3])
  case "gzip": compress(seconds, arguments[3])
  case "proc": try readProcesses(seconds, arguments[3...].compactMap { Int32($0) })
  default: fail("no stage '\(arguments[1])': parse, render, gzip or proc")
  }
print(result.seconds, result.amount)
