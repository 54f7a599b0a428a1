internal import Heartbeat

/// Says in the log when the heartbeat file turns bad, in another way than before, or good again: once each, not at
/// every scrape.
struct FileProblemLog {
  let logger: Logger
  let path: String

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
