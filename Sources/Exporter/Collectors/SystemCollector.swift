internal import Exposition
internal import Monitoring
internal import POSIX
internal import Procfs

/// Writes what the kernel says of the host. What this kernel does not tell is left out.
struct SystemCollector: Collector {
  private let readers: HostReaders
  private let problems: ProblemLog
  private let unseen: UnseenMountLog
  private var pending: PendingCalls<Int, HostReaders.Reading>?

  init(_ readers: HostReaders, problems: ProblemLog, unseen: UnseenMountLog) {
    self.readers = readers
    self.problems = problems
    self.unseen = unseen
  }

  mutating func begin(in style: ExpositionStyle) {
    pending = readers.begin(in: style)
  }

  mutating func collect(_ watch: borrowing ProcessWatch, _ moment: Moment, into body: inout ScrapeBody) -> Bool {
    guard let pending else { return false }
    self.pending = nil
    let reading = readers.end(pending, until: moment.deadline)
    body.append(text: reading.text)
    problems.report((reading.failures + reading.forbidden).map { ($0.file, $0.reason) })
    unseen.report(reading.unseenMounts)
    return reading.failures.isEmpty
  }

  mutating func forget() { readers.forget() }
}
