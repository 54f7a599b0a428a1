internal import Exposition
internal import Heartbeat

/// The processes' own numbers as `heartbeat_data_<key>` gauges: the snapshot has them by process, the text has them
/// by name.
struct DataFamilies {
  /// The longest metric name that is made of a key path, in bytes.
  static let maximumNameLength = 200
  /// What every name begins with.
  static let prefix = "heartbeat_data_"
  /// Names that the exporter uses itself.
  static let reservedNames: Set<String> = ["heartbeat_data_info"]

  /// The most series of one process.
  let perProcessLimit: Int
  /// The most series of all processes together.
  let totalLimit: Int
  /// One number that is shown.
  private struct Sample {
    var process: Int32
    var key: Int32
    var value: Double
  }

  /// Names made of key paths, kept from file to file: they are the same ones each time.
  private var families: [[String]: Named] = [:]
  private struct Named {
    let name: String
    let family: MetricFamily
  }
  /// A hostile file must not make that memory grow without end.
  private static let maximumRememberedFamilies = 10_000

  init(perProcessLimit: Int, totalLimit: Int) {
    self.perProcessLimit = perProcessLimit
    self.totalLimit = totalLimit
  }

  /// Writes the families, sorted by name; within one, the processes in the order given.
  mutating func write(
    of processes: [MonitoredProcess], labels: [UInt8], snapshot: HeartbeatSnapshot, dropped: inout SeriesDropCounts,
    into chunks: inout ChunkedExposition
  ) {
    let (samples, counts) = limited(processes, snapshot: snapshot, dropped: &dropped)
    let grouped = DataFamilies.grouped(samples, counts: counts)
    for group in named(snapshot.keyPaths, counts: counts, dropped: &dropped) {
      chunks.family(group.family) { family in
        if group.keys.count == 1 {
          for sample in grouped.samples[grouped.ranges[group.keys[0]]] {
            family.add(labels: labels[processes[Int(sample.process)].labels], sample.value)
          }
          return
        }
        // Several spellings of one name: of each process the first number counts.
        let merged = group.keys.flatMap { grouped.samples[grouped.ranges[$0]] }
          .enumerated().sorted { ($0.element.process, $0.offset) < ($1.element.process, $1.offset) }
        var last: Int32 = -1
        for (_, sample) in merged {
          guard sample.process != last else {
            dropped[.duplicateName] += 1
            continue
          }
          last = sample.process
          family.add(labels: labels[processes[Int(sample.process)].labels], sample.value)
        }
      }
    }
  }

  /// The numbers that both limits let through, and how many there are of each key.
  private func limited(
    _ processes: [MonitoredProcess], snapshot: HeartbeatSnapshot, dropped: inout SeriesDropCounts
  ) -> (samples: [Sample], counts: [Int]) {
    var samples: [Sample] = []
    samples.reserveCapacity(min(snapshot.numbers.count, totalLimit))
    var counts = [Int](repeating: 0, count: snapshot.keyPaths.count)
    for (index, process) in processes.enumerated() {
      guard let entry = process.entry else { continue }
      let numbers = snapshot.entries[entry].numbers
      let shown = min(numbers.count, perProcessLimit)
      dropped[.processLimit] &+= UInt64(numbers.count - shown)
      let room = min(shown, totalLimit - samples.count)
      dropped[.totalLimit] &+= UInt64(shown - room)
      for number in snapshot.numbers[numbers.prefix(room)] {
        samples.append(Sample(process: Int32(index), key: Int32(number.key), value: number.value))
        counts[Int(number.key)] += 1
      }
    }
    return (samples, counts)
  }

  /// The samples by key, within a key in the order of the processes: a counting sort.
  private static func grouped(_ samples: [Sample], counts: [Int]) -> (samples: [Sample], ranges: [Range<Int>]) {
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(counts.count)
    var next: [Int] = []
    next.reserveCapacity(counts.count)
    var start = 0
    for count in counts {
      next.append(start)
      ranges.append(start..<start + count)
      start += count
    }
    var sorted = [Sample](repeating: Sample(process: 0, key: 0, value: 0), count: samples.count)
    for sample in samples {
      sorted[next[Int(sample.key)]] = sample
      next[Int(sample.key)] += 1
    }
    return (sorted, ranges)
  }

  /// The families that have samples, sorted by name, each with the keys that map to it.
  private mutating func named(
    _ keyPaths: [HeartbeatSnapshot.KeyPath], counts: [Int], dropped: inout SeriesDropCounts
  ) -> [(family: MetricFamily, keys: [Int])] {
    if families.count > DataFamilies.maximumRememberedFamilies { families.removeAll() }
    var keysByName: [String: (family: MetricFamily, keys: [Int])] = [:]
    for key in keyPaths.indices where counts[key] > 0 {
      let named = family(of: keyPaths[key].components)
      if named.name.utf8.count > DataFamilies.maximumNameLength {
        dropped[.nameTooLong] &+= UInt64(counts[key])
      } else if DataFamilies.reservedNames.contains(named.name) {
        dropped[.reservedName] &+= UInt64(counts[key])
      } else {
        keysByName[named.name, default: (named.family, [])].keys.append(key)
      }
    }
    return keysByName.sorted { $0.key < $1.key }.map(\.value)
  }

  private mutating func family(of keyPath: [String]) -> Named {
    if let known = families[keyPath] { return known }
    let name = MetricName.make(prefix: DataFamilies.prefix, keyPath: keyPath)
    let path = keyPath.joined(separator: ".").prefix(DataFamilies.maximumNameLength)
    let named = Named(name: name, family: MetricFamily(name, .gauge, "\(path) of the process's own data."))
    families[keyPath] = named
    return named
  }
}
