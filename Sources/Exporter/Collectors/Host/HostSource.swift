internal import Exposition
internal import JSON
internal import Procfs

/// One thing that is measured of the host: it reads its source in `/proc`, and writes its families.
///
/// A new one is a file beside this one, and a line in `HostSources.all`.
protocol HostSource {
  /// The file below `/proc` that it reads, or the folder.
  static var file: StaticString { get }

  /// Reads and writes. What this kernel does not tell is left out.
  ///
  /// - Throws: why its source says nothing; what was written before stays.
  mutating func collect(_ reading: inout HostReading) throws(ProcfsError)

  /// What the API says of it.
  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject
}

extension HostSource {
  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject { [:] }
}

/// One reading of the host's figures.
struct HostReading {
  let procfs: Procfs
  /// Where families are written.
  var exposition: Exposition
  /// What could not be read.
  private(set) var failures: [ProcfsError] = []
  /// What this process may not ask, which is said but fails nothing.
  var forbidden: [ProcfsError] = []
  /// Mount points of the host that this process does not see.
  var unseenMounts: [String] = []

  init(_ procfs: Procfs, into exposition: consuming Exposition) {
    self.procfs = procfs
    self.exposition = exposition
  }

  /// Notes something that could not be read, while the rest of the source can be.
  mutating func fail(_ failure: ProcfsError) { failures.append(failure) }

  /// Reads a source.
  mutating func read(_ source: inout any HostSource) {
    do throws(ProcfsError) {
      try source.collect(&self)
    } catch {
      fail(error)
    }
  }

  /// Writes a family with a series for each device or mount.
  ///
  /// - Parameter series: their labels, and their places among the items.
  mutating func family<Item>(
    _ family: MetricFamily, _ items: [Item], _ series: [LabelledPlace], _ value: (Item) -> Double?
  ) {
    exposition.family(family) { samples in
      for series in series where items.indices.contains(series.place) {
        if let value = value(items[series.place]) { samples.add(series.labels, value) }
      }
    }
  }
}

/// Labels, and the place of what has them.
struct LabelledPlace {
  let labels: Labels
  let place: Int
}

/// The labels of devices or mounts, kept from one reading to the next for as long as these have the same names, byte for byte.
struct KeptLabels<Name: Equatable> {
  private var names: [Name] = []
  private var kept: [LabelledPlace] = []

  /// The labels of each; of those with the same labels the first alone.
  mutating func series(of names: [Name], _ labels: (Name) -> Labels) -> [LabelledPlace] {
    if names == self.names { return kept }
    var seen: Set<Labels> = []
    kept = names.enumerated().compactMap { place, name in
      let labels = labels(name)
      return seen.insert(labels).inserted ? LabelledPlace(labels: labels, place: place) : nil
    }
    self.names = names
    return kept
  }
}

/// What is measured of the host.
enum HostSources {
  /// In the order in which they are written.
  static func all(limits: ScrapeLimits) -> [any HostSource] {
    [
      CPUSource(limits: limits), LoadSource(), MemorySource(), FilesystemSource(), NetworkSource(), DiskSource(),
      PressureSource(), UptimeSource(), VirtualMemorySource(), ProcessCountSource(), FileDescriptorSource(),
      ClockSource(),
      // The last one, for it is asked for the host's name.
      SystemInfoSource(),
    ]
  }
}
