internal import POSIX

/// The processes whose entries have vanished and that are remembered: their file does not know them any more, but who forgets them by
/// name must find them. The scraper says which they are; whoever writes pushes asks.
final class VanishedProcesses: Sendable {
  private let names = Lock(Set<[UInt8]>())

  /// Takes over which they are now.
  func note(_ names: Set<[UInt8]>) { self.names.withLock { $0 = names } }

  /// Whether one of them has this name.
  func contains(_ name: String) -> Bool { names.withLock { $0.contains(Array(name.utf8)) } }
}
