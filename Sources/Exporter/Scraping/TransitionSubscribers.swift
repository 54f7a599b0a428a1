internal import Monitoring

/// Who gets every change of a process's state, as soon as a scrape or a question of the API sees it.
enum TransitionSubscribers {
  /// All of them. They are called on the scrape thread, so none may wait for anything.
  static func all(_ logger: Logger) -> [ProcessWatch.Subscriber] {
    [TransitionLog(logger: logger).tell]
  }
}
