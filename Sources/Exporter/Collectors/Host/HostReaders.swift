internal import Exposition
internal import JSON
internal import POSIX
internal import Procfs

/// Reads what is measured of the host, each source by itself: one that hangs keeps a thread and its own reader, and costs no other
/// one. It is asked again when it has come back.
final class HostReaders: Sendable {
  /// A source with its own reader of `/proc`.
  private final class Slot: @unchecked Sendable {
    // Unchecked is sound: `calls` makes at most one call at a time for each slot, and only those touch it.
    var source: any HostSource
    let procfs: Procfs
    /// Which forgetting it has seen.
    var generation = 0

    init(_ source: any HostSource, _ procfs: Procfs) {
      self.source = source
      self.procfs = procfs
    }
  }

  /// What was read of one source.
  struct Reading: Sendable {
    var text: [UInt8] = []
    var failures: [ProcfsError] = []
  }

  private let slots: [Slot]
  /// Behind all others: the host's name is asked for beside them.
  private let name: Slot
  private let names: [String]
  private let calls = TimeLimitedCalls<Int>(name: "host")
  private let limits: ScrapeLimits
  private let generation = Lock(0)
  /// Whether the tree is known to be a kernel's.
  private let isKernel = Lock(false)

  /// - Parameter procfs: the tree that is read.
  init(_ procfs: Procfs, limits: ScrapeLimits) {
    self.limits = limits
    let sources = HostSources.all(limits: limits)
    slots = sources.map { Slot($0, procfs.another()) }
    name = Slot(SystemInfoSource(), procfs.another())
    names = sources.map { "\(procfs.path)/\(type(of: $0).file)" }
  }

  /// Has all sources forget what they remember, each before it is asked the next time.
  func forget() {
    generation.withLock { $0 += 1 }
    isKernel.withLock { $0 = false }
  }

  /// Begins to read all sources, and write their families.
  func begin(in style: ExpositionStyle) -> PendingCalls<Int, Reading> {
    calls.begin(Array(slots.indices)) { [self] place in
      let slot = prepare(place)
      var reading = HostReading(slot.procfs, into: Exposition(style))
      reading.read(&slot.source)
      return Reading(text: reading.exposition.bytes, failures: reading.failures)
    }
  }

  /// What the sources gave: text in their order, and what could not be read.
  func end(_ pending: PendingCalls<Int, Reading>, until deadline: UInt64) -> Reading {
    var all = Reading()
    for (name, reading) in zip(names, pending.results(until: deadline, patience: limits.patience)) {
      all.text += reading?.text ?? []
      all.failures += reading?.failures ?? [ProcfsError(late: name)]
    }
    return all
  }

  /// What the API says of the host.
  func facts(until deadline: UInt64) -> JSONObject {
    let found = calls.call(Array(slots.indices), until: deadline, patience: limits.patience) { [self] place in
      let slot = prepare(place)
      return (try? slot.source.facts(slot.procfs)) ?? [:]
    }
    var all = JSONObject()
    for case let facts? in found {
      for member in facts.members { all[member.key] = member.value }
    }
    return all
  }

  /// The host's name; nil when it is not known in time.
  func nodeName(until deadline: UInt64) -> String? {
    // Then no file says it, and nobody has to be waited for.
    if isKernel.withLock({ $0 }) { return SystemInfo.ofKernel.nodeName }
    return calls.call([slots.count], until: deadline) { [self] _ in
      let procfs = prepare(slots.count).procfs
      if procfs.isServedByKernel { isKernel.withLock { $0 = true } }
      return procfs.systemInfo().nodeName
    }[0]
  }

  private func prepare(_ place: Int) -> Slot {
    let slot = slots.indices.contains(place) ? slots[place] : name
    let generation = generation.withLock { $0 }
    if slot.generation != generation {
      slot.generation = generation
      if slots.indices.contains(place) { slot.source = HostSources.all(limits: limits)[place] }
      slot.procfs.forget()
    }
    slot.procfs.beginPicture()
    return slot
  }
}
