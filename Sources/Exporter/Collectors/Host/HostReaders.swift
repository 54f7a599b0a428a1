internal import Exposition
internal import JSON
internal import POSIX
internal import Procfs
internal import Synchronization

/// Reads what is measured of the host, each source by itself: one that hangs keeps a thread and its own reader, and costs no other
/// one. It is asked again when it has come back, or when another reader beside it has (`HangWatch`), which then takes its place.
final class HostReaders: Sendable {
  /// A source with its own reader of `/proc`.
  private final class Slot: @unchecked Sendable {
    // Unchecked is sound: who takes a slot is the only one that touches it until he gives it back.
    var source: any HostSource
    let procfs: Procfs
    /// Which forgetting it has seen.
    var generation = 0
    /// Whether it was given up: what it reads then is older than what others have read since.
    let isOver = Atomic<Bool>(false)
    /// How long its text was last, in bytes.
    var length = 0

    init(_ source: any HostSource, _ procfs: Procfs) {
      self.source = source
      self.procfs = procfs
      procfs.isAbandoned = { [weak self] in self?.isOver.load(ordering: .relaxed) ?? true }
    }
  }

  /// What was read of one source.
  struct Reading: Sendable {
    var text: [UInt8] = []
    var failures: [ProcfsError] = []
    var forbidden: [ProcfsError] = []
    var unseenMounts: [String] = []
  }

  /// A slot, or the place where one is wanted.
  private struct Place {
    var slot: Slot
    var isTaken = false
  }

  private struct State {
    /// The last one is the host's name, which is asked for beside the others.
    var places: [Place]
    /// Makes further readers.
    let template: Procfs
  }

  private let state: Lock<State>
  private let names: [String]
  private let calls: TimeLimitedCalls<Int>
  private let limits: ScrapeLimits
  /// The host's name where it is given.
  private let hostName: String?
  private let generation = Atomic(0)
  /// Whether the tree is known to be a kernel's.
  private let isKernel = Lock(false)

  /// - Parameter procfs: the tree that is read.
  init(_ procfs: Procfs, limits: ScrapeLimits) {
    self.limits = limits
    hostName = procfs.hostName
    let sources = HostSources.all(limits: limits)
    let slots = (sources + [SystemInfoSource()]).map { Slot($0, procfs.another()) }
    state = Lock(State(places: slots.map { Place(slot: $0) }, template: procfs.another()))
    let names = sources.map { "\(procfs.path)/\(type(of: $0).file)" }
    self.names = names
    let tree = procfs.path
    calls = TimeLimitedCalls(name: "host") { [names.indices.contains($0) ? names[$0] : tree + "/sys/kernel/hostname"] }
  }

  /// Has all sources forget what they remember, each before it is asked the next time.
  func forget() {
    generation.add(1, ordering: .relaxed)
    isKernel.withLock { $0 = false }
  }

  /// Begins to read all sources, and write their families.
  func begin(in style: ExpositionStyle) -> PendingCalls<Int, Reading> {
    let picture = Picture()
    return calls.begin(Array(names.indices)) { [self] place in
      let slot = take(place, picture)
      defer { give(slot, place) }
      // Mostly it is about as long as the last time.
      var reading = HostReading(slot.procfs, into: Exposition(style, capacity: slot.length + slot.length / 8))
      reading.read(&slot.source)
      slot.length = reading.exposition.bytes.count
      return Reading(
        text: reading.exposition.bytes, failures: reading.failures, forbidden: reading.forbidden,
        unseenMounts: reading.unseenMounts)
    }
  }

  /// What the sources gave: text in their order, and what could not be read.
  func end(_ pending: PendingCalls<Int, Reading>, until deadline: UInt64) -> Reading {
    let readings = pending.results(until: deadline, patience: limits.patience)
    var all = Reading()
    all.text.reserveCapacity(readings.reduce(0) { $0 + ($1?.text.count ?? 0) })
    for (name, reading) in zip(names, readings) {
      guard let reading else {
        all.failures.append(ProcfsError(late: name))
        continue
      }
      all.text += reading.text
      all.failures += reading.failures
      all.forbidden += reading.forbidden
      all.unseenMounts += reading.unseenMounts
    }
    return all
  }

  /// What the API says of the host.
  func facts(until deadline: UInt64) -> JSONObject {
    let picture = Picture()
    let found = calls.call(Array(names.indices), until: deadline, patience: limits.patience) { [self] place in
      let slot = take(place, picture)
      defer { give(slot, place) }
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
    if let hostName { return hostName }
    // Then no file says it, and nobody has to be waited for.
    if isKernel.withLock({ $0 }) { return SystemInfo.nodeNameOfKernel }
    return calls.call([names.count], until: deadline) { [self] place in
      let slot = take(place)
      defer { give(slot, place) }
      let procfs = slot.procfs
      if procfs.isServedByKernel { isKernel.withLock { $0 = true } }
      return procfs.systemInfo().nodeName
    }[0]
  }

  /// The slot of a place; a new one, where somebody hangs with the one that was there.
  private func take(_ place: Int, _ picture: Picture = Picture()) -> Slot {
    let slot = state.withLock { state in
      if state.places[place].isTaken {
        state.places[place].slot.isOver.store(true, ordering: .relaxed)
        let source = names.indices.contains(place) ? HostSources.all(limits: limits)[place] : SystemInfoSource()
        state.places[place].slot = Slot(source, state.template.another())
      }
      state.places[place].isTaken = true
      return state.places[place].slot
    }
    let generation = generation.load(ordering: .relaxed)
    if slot.generation != generation {
      slot.generation = generation
      if names.indices.contains(place) { slot.source = HostSources.all(limits: limits)[place] }
      slot.procfs.forget()
    }
    slot.procfs.begin(picture)
    return slot
  }

  private func give(_ slot: Slot, _ place: Int) {
    state.withLock { state in
      if state.places[place].slot === slot { state.places[place].isTaken = false }
    }
  }
}
