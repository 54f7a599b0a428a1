internal import POSIX

/// Lookups of names within a time limit: the resolver has its own, of ten seconds and more where a name server does not answer, and none
/// where a service of the host hangs. A thread makes each; who has waited long enough goes on without it.
///
/// For one name there is one lookup at a time, for which all wait who want it: one that hangs keeps one thread, however often it is asked
/// for.
final class NameLookups: Sendable {
  typealias Answer = Result<[SocketAddress], ResolverError>

  /// Those of this process.
  static let shared = NameLookups { host in
    Answer { () throws(ResolverError) in try SocketAddress.all(of: host, port: 0) }
  }

  private let resolve: @Sendable (String) -> Answer
  private let underWay = Lock<[ExactText: ConditionLock<Answer?>]>([:])

  /// - Parameter resolve: gives the addresses of a name; may block.
  init(_ resolve: @escaping @Sendable (String) -> Answer) { self.resolve = resolve }

  /// Every address of a name, in the resolver's order, with this port.
  ///
  /// - Parameter host: a name, or an address without brackets: that is not looked up.
  func addresses(of host: String, port: UInt16, by deadline: Deadline) throws(NetworkError) -> [SocketAddress] {
    if let found = try? SocketAddress.all(of: host, port: port, isAddress: true) { return found }
    let lookup = begin(host)
    guard let answer = lookup.wait(timeout: Double(deadline.milliseconds) / 1000, until: { $0 }) else {
      throw .unknownHost("the lookup of its name timed out")
    }
    switch answer {
    case .success(let found):
      return found.map { address in
        var address = address
        address.port = port
        return address
      }
    case .failure(let error): throw .unknownHost(error.description)
    }
  }

  /// The lookup that is under way, or a new one.
  private func begin(_ host: String) -> ConditionLock<Answer?> {
    let key = ExactText(host)
    let (lookup, isNew) = underWay.withLock { all in
      if let lookup = all[key] { return (lookup, false) }
      let lookup = ConditionLock<Answer?>(nil)
      all[key] = lookup
      return (lookup, true)
    }
    guard isNew else { return lookup }
    do throws(Errno) {
      try Thread.startDetached(named: "name lookup") { [resolve, underWay] in
        let answer = resolve(host)
        // From now on it is asked anew: this answer becomes old.
        underWay.withLock { $0[key] = nil }
        lookup.withLock { $0 = answer }
      }
    } catch {
      underWay.withLock { $0[key] = nil }
      let answer: Answer = .failure(ResolverError(description: "cannot look up its name: \(error)"))
      lookup.withLock { $0 = answer }
    }
    return lookup
  }
}
