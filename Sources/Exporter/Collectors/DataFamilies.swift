internal import Exposition
internal import Heartbeat
internal import Monitoring
internal import POSIX

/// The processes' own numbers as `heartbeat_data_<key>` gauges: the snapshot has them by process, the text has them
/// by name.
///
/// A series' name follows from the keys of its own process, in each way in which names can be spelt: what other processes
/// report, or whether they are there, never renames it. So keys meet only where their spelling is the same, and then only
/// those of one process.
///
/// Which number stands in which place of which family is planned once; as long as the processes and their keys stay the
/// same, new numbers only need to be written.
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
  /// The most bytes of text of all series together.
  private let byteLimit: Int

  /// One number that is shown.
  private struct Sample {
    /// Its process, by its place among those that are monitored.
    var process: Int32
    /// Its place among the snapshot's numbers.
    var number: Int32
  }

  private struct Family {
    let family: MetricFamily
    /// Its numbers, in `samples`.
    let samples: Range<Int>
  }

  /// Which number stands in which place of which family where names are spelt in one way.
  private struct Plan {
    var families: [Family] = []
    var samples: [Sample] = []
    /// The family of each key path that has one.
    var familyOfKey: [Int32: Int] = [:]
  }

  /// The plans by how names are spelt; those but the first are made when somebody asks for them.
  private var plans: [NameEscaping: Plan] = [:]
  /// Whether some name is spelt in several ways. Mostly none is, and one plan is that of all.
  private var hasSpellings = false

  /// Names made of key paths, kept from file to file: they are the same ones each time.
  private var names: [[UInt8]: Name] = [:]
  fileprivate struct Name {
    /// Without the characters that older readers do not know.
    let legacy: String
    /// The keys, for people.
    let path: String
    let family: MetricFamily
  }
  /// A hostile file must not make that memory grow without end.
  private let rememberedNames: Int

  /// - Parameters:
  ///   - seriesBytes: how many bytes of text there may be for each of `totalLimit` series; 0 is no limit.
  ///   - rememberedNames: how many names are kept from file to file.
  init(perProcessLimit: Int, totalLimit: Int, seriesBytes: Int = 0, rememberedNames: Int) {
    let (bytes, isTooMuch) = totalLimit.multipliedReportingOverflow(by: seriesBytes)
    byteLimit = seriesBytes == 0 || isTooMuch ? .max : bytes
    self.perProcessLimit = perProcessLimit
    self.totalLimit = totalLimit
    self.rememberedNames = rememberedNames
  }

  /// Forgets the names; the plan stays, which goes with what is monitored.
  mutating func forget() {
    names = [:]
  }

  private func plan(_ escaping: NameEscaping) -> Plan? { plans[hasSpellings ? escaping : .underscores] }

  /// How many families there are; they are sorted by name.
  func count(in escaping: NameEscaping) -> Int { plan(escaping)?.families.count ?? 0 }

  /// The versions of the families: that of a family is the highest of its key paths.
  ///
  /// - Parameter keys: those of the key paths, by their places.
  func versions(of keys: [UInt64], in escaping: NameEscaping) -> [UInt64] {
    guard let plan = plan(escaping) else { return [] }
    var versions = [UInt64](repeating: 0, count: plan.families.count)
    for (key, family) in plan.familyOfKey { versions[family] = max(versions[family], keys[Int(widening: key)]) }
    return versions
  }

  /// Writes a family; within one, the processes are in the order given.
  func write(
    _ place: Int, of processes: [MonitoredProcess], labels: [UInt8], snapshot: HeartbeatSnapshot,
    into exposition: inout Exposition
  ) {
    guard let plan = plan(exposition.style.escaping) else { return }
    let family = plan.families[place]
    exposition.family(family.family) { written in
      let labels = labels.span
      for sample in plan.samples[family.samples] {
        written.add(
          labels: labels.extracting(processes[Int(widening: sample.process)].labels),
          snapshot.numbers[Int(widening: sample.number)].value)
      }
    }
  }

  /// Plans anew, for other processes or keys.
  ///
  /// - Parameter dropped: what is left out is counted here, as it is where all names are spelt as every reader knows them.
  mutating func plan(
    for processes: [MonitoredProcess], snapshot: HeartbeatSnapshot, dropped: inout SeriesDropCounts
  ) {
    plans = [:]
    hasSpellings = false
    plans[.underscores] = planned(.underscores, for: processes, snapshot: snapshot, dropped: &dropped)
  }

  /// Plans for another spelling of the same processes and keys, unless that is done.
  mutating func prepare(_ escaping: NameEscaping, for processes: [MonitoredProcess], snapshot: HeartbeatSnapshot) {
    guard plan(escaping) == nil else { return }  // Not mutated: a plan made anew is the same one.
    var counted = SeriesDropCounts()
    plans[escaping] = planned(escaping, for: processes, snapshot: snapshot, dropped: &counted)
  }

  private mutating func planned(
    _ escaping: NameEscaping, for processes: [MonitoredProcess], snapshot: HeartbeatSnapshot,
    dropped: inout SeriesDropCounts
  ) -> Plan {
    let (shown, counts) = limited(processes, snapshot: snapshot, dropped: &dropped)
    let grouped = DataFamilies.grouped(shown, counts: counts, snapshot: snapshot)
    var plan = Plan()
    plan.samples.reserveCapacity(grouped.samples.count)
    for group in named(snapshot.keyPaths, escaping, counts: counts, dropped: &dropped) {
      let start = plan.samples.count
      if group.keys.count == 1 {
        plan.samples.append(contentsOf: grouped.samples[grouped.ranges[group.keys[0]]])
      } else {
        // Several keys of one name: of each process the first number counts. What other processes have is their own affair.
        let merged = group.keys.flatMap { grouped.samples[grouped.ranges[$0]] }
          .sorted { ($0.process, $0.number) < ($1.process, $1.number) }
        for sample in merged {
          if plan.samples.count > start, plan.samples[plan.samples.count - 1].process == sample.process {
            dropped[.duplicateName] += 1
          } else {
            plan.samples.append(sample)
          }
        }
      }
      for key in group.keys { plan.familyOfKey[Int32(truncatingIfNeeded: key)] = plan.families.count }
      plan.families.append(Family(family: group.family, samples: start..<plan.samples.count))
    }
    return plan
  }

  /// The numbers that both limits let through, and how many there are of each key.
  private func limited(
    _ processes: [MonitoredProcess], snapshot: HeartbeatSnapshot, dropped: inout SeriesDropCounts
  ) -> (samples: [Sample], counts: [Int]) {
    var samples: [Sample] = []
    samples.reserveCapacity(min(snapshot.numbers.count, totalLimit))
    var counts = [Int](repeating: 0, count: snapshot.keyPaths.count)
    let lengths = snapshot.keyPaths.map(DataFamilies.length)
    // What stands beyond the first ones of a process has no path. Where it takes back some of these, that gets among them.
    let untold = snapshot.keyPaths.firstIndex { $0.components.isEmpty }
    var bytes = 0
    for (index, process) in processes.enumerated() {
      guard let entry = process.entry else { continue }
      let numbers = snapshot.entries[entry].numbers
      let shown = min(numbers.count, perProcessLimit)
      dropped[.processLimit] &+= UInt64(clamping: numbers.count - shown)
      let room = min(shown, totalLimit - samples.count)
      dropped[.totalLimit] &+= UInt64(clamping: shown - room)
      for (past, place) in numbers.prefix(room).enumerated() {
        let key = Int(widening: snapshot.numbers[place].key)
        guard key != untold else {
          dropped[.processLimit] &+= 1
          continue
        }
        bytes &+= process.labels.count &+ lengths[key] &+ DataFamilies.valueLength
        // Its HELP and TYPE name a family thrice.
        if counts[key] == 0 { bytes &+= 3 &* lengths[key] &+ DataFamilies.valueLength }
        guard bytes <= byteLimit else {
          dropped[.totalLimit] &+= UInt64(clamping: room - past)
          break
        }
        samples.append(Sample(process: Int32(truncatingIfNeeded: index), number: Int32(truncatingIfNeeded: place)))
        counts[key] += 1
      }
    }
    return (samples, counts)
  }

  /// What a value takes in the text, with what stands around it, in bytes.
  private static let valueLength = 30

  /// How long the name that is made of a key path may get, in bytes: what no old reader knows is spelt as `_2e_`.
  private static func length(_ path: HeartbeatSnapshot.KeyPath) -> Int {
    var length = prefix.utf8.count
    for component in path.components {
      length &+= 1
      for byte in component.utf8 {
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x5F: length &+= 1
        // Of a-z, 0-9 and _ nothing changes. A capital letter becomes two characters, what no old reader knows up to four.
        default: length &+= 4
        }
      }
    }
    return min(length, 4 &* maximumNameLength)
  }

  /// The samples by key, within a key in the order of the processes: a counting sort.
  private static func grouped(
    _ samples: [Sample], counts: [Int], snapshot: HeartbeatSnapshot
  ) -> (samples: [Sample], ranges: [Range<Int>]) {
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
    var sorted = [Sample](repeating: Sample(process: 0, number: 0), count: samples.count)
    for sample in samples {
      let key = Int(widening: snapshot.numbers[Int(widening: sample.number)].key)
      sorted[next[key]] = sample
      next[key] += 1
    }
    return (sorted, ranges)
  }

  /// The families that have samples, sorted by name as it is spelt, each with the keys that map to it.
  private mutating func named(
    _ keyPaths: [HeartbeatSnapshot.KeyPath], _ escaping: NameEscaping, counts: [Int],
    dropped: inout SeriesDropCounts
  ) -> [(family: MetricFamily, keys: [Int])] {
    if names.count > rememberedNames { names.removeAll() }
    var keysByName: [[UInt8]: (name: Name, keys: [Int])] = [:]
    for key in keyPaths.indices where counts[key] > 0 {
      let name = name(of: keyPaths[key].components)
      if !name.legacy.isSame(as: name.family.name) { hasSpellings = true }
      if name.family.name.utf8.count > DataFamilies.maximumNameLength {
        dropped[.nameTooLong] &+= UInt64(clamping: counts[key])
        continue
      }
      if DataFamilies.reservedNames.contains(name.legacy) {
        dropped[.reservedName] &+= UInt64(clamping: counts[key])
        continue
      }
      // By bytes, as readers compare names: a `String` is equal to another that Unicode only calls equivalent.
      let spelt = Array((escaping == .underscores ? name.legacy : escaping.escape(name.family.name)).utf8)
      if let known = keysByName[spelt] {
        keysByName[spelt] = (name.isBefore(known.name) ? name : known.name, known.keys + [key])
      } else {
        keysByName[spelt] = (name, [key])
      }
    }
    return keysByName.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.value.name.family, $0.value.keys) }
  }

  private mutating func name(of keyPath: [String]) -> Name {
    // By bytes: two strings are the same where Unicode calls them equivalent, and yet two names for Prometheus.
    let key = Array(keyPath.map(\.utf8).joined(separator: [0xFF]))
    if let known = names[key] { return known }
    let spelt = MetricName.make(prefix: DataFamilies.prefix, keyPath: keyPath)
    let path = keyPath.joined(separator: ".").shortened(to: DataFamilies.maximumNameLength)
    let name = Name(
      legacy: NameEscaping.underscores.escape(spelt), path: path,
      family: MetricFamily(spelt, .gauge, "\(path) of the process's own data."))
    names[key] = name
    return name
  }
}

extension DataFamilies.Name {
  /// Which of several spellings of one name is shown: the one that every reader knows, else always the same one. The order
  /// in which the keys were met says nothing: it is that of all contents of the file so far.
  fileprivate func isBefore(_ other: Self) -> Bool {
    let (isLegacy, otherIsLegacy) = (
      family.name.isSame(as: legacy), other.family.name.isSame(as: legacy)
    )
    if isLegacy != otherIsLegacy { return isLegacy }
    if !family.name.utf8.elementsEqual(other.family.name.utf8) {
      return family.name.utf8.lexicographicallyPrecedes(other.family.name.utf8)
    }
    return path.utf8.lexicographicallyPrecedes(other.path.utf8)
  }
}
