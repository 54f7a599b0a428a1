internal import POSIX

/// A part of the exporter that runs from start to stop.
struct Service {
  /// What it needs to run; nothing of it is left when this throws.
  let start: () throws(StartFailure) -> Void
  /// Ends it. Whatever it had in hand is finished or given up by then.
  let stop: () -> Void

  init(start: @escaping () throws(StartFailure) -> Void, stop: @escaping () -> Void) {
    (self.start, self.stop) = (start, stop)
  }

  /// One that needs nothing but a thread.
  init(thread start: @escaping () throws(Errno) -> Void, stop: @escaping () -> Void) {
    self.init(
      start: { () throws(StartFailure) in
        do throws(Errno) {
          try start()
        } catch {
          throw StartFailure(message: "cannot start a thread", reason: error.description)
        }
      }, stop: stop)
  }
}

/// Why a service does not start.
struct StartFailure: Error {
  /// What cannot be done, such as `cannot listen`.
  let message: String
  /// Why not, in words.
  let reason: String
}

/// Services that are started in order and stopped in the reverse one: each may rely on those before it for as long as it runs.
struct Services: ~Copyable {
  private var running: [Service] = []

  /// Starts them one after the other. Where one does not start, those before it are stopped again.
  mutating func start(_ services: [Service]) throws(StartFailure) {
    for service in services {
      do throws(StartFailure) {
        try service.start()
      } catch {
        stop()
        throw error
      }
      running.append(service)
    }
  }

  /// Stops them all.
  mutating func stop() {
    while let service = running.popLast() { service.stop() }
  }
}
