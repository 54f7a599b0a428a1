internal import Heartbeat

/// Says in the log when the heartbeat file turns bad, in another way than before, or good again: once each, not at
/// every scrape.
struct FileProblemLog {
  let logger: Logger
  let path: String

  /// Names what is left out of the file, each thing once.
  func report(_ problems: [EntryProblem]) {
    for problem in problems {
      logger.once(
        "entry \(problem.reason.rawValue) \(problem.process)", .warn,
        problem.reason.leavesOutEntry ? "a heartbeat is left out" : "a part of a heartbeat is left out",
        [
          "process": problem.process, "reason": problem.reason.rawValue, "error": problem.reason.explanation,
          "byte": problem.offset.map { "\($0)" } ?? "",
        ])
    }
  }

  /// Tells what the last refresh found; nil is good.
  func report(_ problem: HeartbeatFileProblem?) {
    // The first look at a good file is no news.
    guard logger.isNews(problem?.failure.rawValue ?? "", of: "heartbeat file") else { return }
    if let problem {
      logger.warn("cannot read the heartbeat file", ["reason": problem.failure.rawValue, "error": problem.description])
    } else {
      logger.info("the heartbeat file is read", ["file": path])
    }
  }
}
