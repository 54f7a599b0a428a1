internal import CLinux
internal import Glibc
internal import HTTP
internal import POSIX

/// Everything that takes heartbeats over HTTP, started and stopped together.
struct Push: Sendable {
  let routes: PushRoutes
  let counts: PushCounts
  /// Those that may be forgotten though no file has them.
  let vanished = VanishedProcesses()
  private let queue: PushQueue
  private let options: ExporterOptions
  private let file: String
  private let logger: Logger

  /// Why pushes cannot be taken.
  struct Unusable: Error {
    let reason: String
  }

  /// - Parameter file: the heartbeat file into which they go.
  init(options: ExporterOptions, file: String, logger: Logger) {
    self.file = file
    // Each that waits has a connection. Who scrapes shall find one, however many push while the file is locked.
    queue = PushQueue(
      limit: min(options.push.queueLimit, options.web.halfOfConnections), timeout: options.push.timeout)
    counts = PushCounts(queue: queue)
    routes = PushRoutes(options: options.push, procfs: options.paths.procfs, queue: queue)
    self.options = options
    self.logger = logger
  }

  /// Throws when anybody could push though nobody said that anybody may.
  ///
  /// - Parameter isAuthenticated: whether whoever comes over the web addresses must say who he is.
  static func checkAccess(_ options: ExporterOptions, isAuthenticated: Bool) throws(Unusable) {
    guard options.push.isOnWeb, !options.push.allowsUnauthenticated, !isAuthenticated else { return }
    throw Unusable(
      reason: "--web.enable-push would let everybody who reaches the web addresses write heartbeats: configure "
        + "authentication in the file of --web.config.file, or allow it with --push.allow-unauthenticated")
  }

  /// The socket that the flags describe; nil when they name none.
  static func listenPoint(_ options: ExporterOptions.Push) throws(Unusable) -> ListenSocket? {
    guard let path = options.socket else { return nil }
    var socket = UnixSocket(path: path, mode: UInt32(clamping: options.socketMode))
    if let name = options.socketGroup {
      guard let group = group(name) else { throw Unusable(reason: "--push.socket-group: there is no group \(name)") }
      socket.group = group
    }
    return ListenSocket(.unix(socket), name: PushRoutes.listener)
  }

  private static func group(_ name: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    // One thread alone runs at the start, so that what `getgrnam(3)` points to stays as it is.
    return getgrnam(name)?.pointee.gr_gid
  }

  /// Starts to write.
  func start() throws(Errno) {
    let (options, file, queue, counts, vanished, logger) = (options, file, queue, counts, vanished, logger)
    try queue.start {
      var writer = PushWriter(
        options: options, file: file, queue: queue, counts: counts, vanished: vanished, logger: logger)
      writer.run()
    }
  }

  /// Ends when everything that waits is written, but after two seconds at the latest: a disk that hangs cannot be
  /// interrupted.
  func stop() {
    if !queue.stop() { logger.warn("pushes still wait for the disk: they are left behind") }
  }
}
