internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import POSIX

/// Puts what waits in the queue into the file: all that came meanwhile under one lock, with one replacement of the
/// file. A push is answered with 204 only when the file that has its beat is in place. It belongs to a thread of its own.
struct PushWriter {
  private let writer: HeartbeatWriter
  private let queue: PushQueue
  private let counts: PushCounts
  private let vanished: VanishedProcesses
  private let logger: Logger
  private let maximumProcesses: Int
  /// What the last try came to, so that the log tells only changes.
  private var problem: String?

  /// - Parameters:
  ///   - file: the heartbeat file into which pushes go.
  ///   - vanished: those that may be forgotten though the file does not have them.
  init(
    options: ExporterOptions, file: String, queue: PushQueue, counts: PushCounts, vanished: VanishedProcesses,
    logger: Logger
  ) {
    var writing = HeartbeatManager.Options()
    writing.lockTimeout = Duration(clampingSeconds: options.push.timeout * PushWriter.shareOfLock)
    writing.retention = Duration(clampingSeconds: options.push.retention)
    writing.synchronise = options.push.synchronise
    writing.maximumFileSize = options.heartbeat.maxFileSize
    writing.warn = { logger.warn($0) }
    writer = HeartbeatWriter(file: file, options: writing)
    self.queue = queue
    self.counts = counts
    self.vanished = vanished
    self.logger = logger
    maximumProcesses = options.push.maxProcesses
  }

  /// How much of the time that a push may wait is for the lock: less than all, so that the answer is the one that knows
  /// who holds it.
  private static let shareOfLock = 0.9

  /// Works until the queue is closed and empty.
  mutating func run() {
    while let jobs = queue.take() {
      // Beats that stand together are written together; what is to be forgotten keeps its place among them.
      var start = 0
      while start < jobs.count {
        var end = start
        var groups: [[Beat]] = []
        while end < jobs.count, case .beats(let beats) = jobs[end].task {
          groups.append(beats)
          end += 1
        }
        if groups.isEmpty {
          if case .forget(let name) = jobs[start].task { forget(name, jobs[start].responder) }
          start += 1
        } else {
          write(groups, jobs[start..<end])
          start = end
        }
      }
      queue.finished()
    }
  }

  private static let done = Response(status: 204)

  private mutating func write(_ groups: [[Beat]], _ jobs: ArraySlice<PushQueue.Job>) {
    let began = Clock.monotonicNanoseconds
    do throws(HeartbeatError) {
      let outcome = try writer.write(groups, maximumEntries: maximumProcesses)
      var beats = 0
      for (index, job) in jobs.enumerated() {
        if let failure = outcome.failures[index] {
          answer(failure, [job])
          continue
        }
        guard !outcome.refused.contains(index) else {
          let message = "the file has \(maximumProcesses) processes already (--push.max-processes); forget some first"
          job.responder.send(APIError(507, message).response)
          continue
        }
        beats += groups[index].count
        job.responder.send(PushWriter.done)
      }
      counts.wrote(beats: beats, nanoseconds: Clock.monotonicNanoseconds &- began)
      guard outcome.failures.isEmpty else { return }
      if problem != nil { logger.info("pushes are written again") }
      problem = nil
    } catch {
      writeSmall(groups, jobs, without: error)
    }
  }

  /// A push with a body of at most so many bytes is not refused because of a larger one that was to be written with it, nor does it wait
  /// until that is read.
  static let smallBody = 16 << 10

  /// What becomes of pushes that could not be written together: where the file would be too large, the large ones are
  /// refused and the others written without them.
  private mutating func writeSmall(
    _ groups: [[Beat]], _ jobs: ArraySlice<PushQueue.Job>, without error: HeartbeatError
  ) {
    let small = zip(groups, jobs).filter { $0.1.size <= PushWriter.smallBody }
    guard case .tooLarge = error, !small.isEmpty, small.count < jobs.count else { return answer(error, jobs) }
    answer(error, jobs.filter { $0.size > PushWriter.smallBody }[...])
    write(small.map(\.0), small.map(\.1)[...])
  }

  private mutating func forget(_ name: String, _ responder: Responder) {
    do throws(HeartbeatError) {
      let isRemembered = vanished.contains(name)
      let removed = try writer.remove([name], notingAll: isRemembered)
      responder.send(
        removed.isEmpty && !isRemembered ? APIError(404, "there is no process of this name").response : PushWriter.done)
    } catch {
      report(error)
      responder.send(APIError(error).response)
    }
  }

  private mutating func answer(_ error: HeartbeatError, _ jobs: ArraySlice<PushQueue.Job>) {
    report(error)
    let response = APIError(error).response
    for job in jobs { job.responder.send(response) }
  }

  private mutating func report(_ error: HeartbeatError) {
    guard problem != error.description else { return }
    problem = error.description
    logger.warn(
      "cannot write pushes", ["error": error.description, "help": Troubleshooting.lostPushes.place])
  }
}
