internal import COpenSSL
internal import POSIX

/// Checks passwords: at once those that were right before, all others on a thread of its own, since bcrypt is slow by
/// intention and must not hold up the event loop.
final class PasswordCheck: Sendable {
  /// The most checks that wait; beyond, clients are told to come again.
  static let mostWaiting = 64

  private struct Job {
    let credentials: BasicCredentials
    let answer: @Sendable (Bool) -> Void
  }

  private struct State {
    var users: [String: PasswordHash] = [:]
    /// The most work of any user's hash.
    var cost = 0
    /// What the last right password of each user leaves: a code that only this process can make of it.
    var known: [String: [UInt8]] = [:]
    var waiting: [Job] = []
    var isClosed = false
  }

  private let state = ConditionLock(State())
  /// The key of these codes. It is in no file and ends with the process.
  private let secret: [UInt8]

  init() {
    // The kernel's randomness, as OpenSSL would take it: asking OpenSSL would set all of it up, two megabytes that an
    // exporter without users has no use for.
    var generator = SystemRandomNumberGenerator()
    secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// Takes over the users; what is known of one whose hash stays is kept.
  func setUsers(_ users: [String: PasswordHash]) {
    state.withLock { state in
      state.known = state.known.filter { users[$0.key] != nil && users[$0.key] == state.users[$0.key] }
      state.users = users
      state.cost = users.values.map(\.cost).max() ?? 0
    }
  }

  /// Whether anybody must say who he is.
  var isNeeded: Bool { state.withoutWaking { !$0.users.isEmpty } }

  /// Whether this user gave this password before, and it was right.
  func isKnown(_ credentials: BasicCredentials) -> Bool {
    guard
      let (hash, known) = state.withoutWaking({ state -> (PasswordHash, [UInt8])? in
        guard let hash = state.users[credentials.user], let known = state.known[credentials.user] else { return nil }
        return (hash, known)
      })
    else { return false }
    return code(credentials.password, hash).map { ConstantTime.equal($0, known) } ?? false
  }

  /// Has a password checked; `answer` is called on the thread of the checks. False when too many wait.
  func check(_ credentials: BasicCredentials, answer: @escaping @Sendable (Bool) -> Void) -> Bool {
    state.withLock { state in
      guard !state.isClosed, state.waiting.count < PasswordCheck.mostWaiting else { return false }
      state.waiting.append(Job(credentials: credentials, answer: answer))
      return true
    }
  }

  /// Starts the thread.
  func start() throws(Errno) {
    try Thread.start(named: "passwords") { [self] in
      while let job = next() { job.answer(verify(job.credentials)) }
    }.detach()
  }

  /// Ends the thread after the check at hand; who still waits is turned away.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for job in waiting { job.answer(false) }
  }

  private func next() -> Job? {
    state.wait { state -> Job?? in
      if state.isClosed { return .some(nil) }
      return state.waiting.isEmpty ? nil : .some(state.waiting.removeFirst())
    } ?? nil
  }

  /// Compares by bcrypt, with the same work for every user and for nobody: 2^c rounds for a hash of cost c, and for what
  /// is missing to the highest cost n the dummies of cost c, c + 1, ... n - 1, whose rounds add up to 2^n - 2^c.
  func verify(_ credentials: BasicCredentials) -> Bool {
    let (hash, cost) = state.withoutWaking { ($0.users[credentials.user], $0.cost) }
    guard let hash else {
      _ = PasswordHash(workOf: cost).matches(credentials.password)
      return false
    }
    let isRight = hash.matches(credentials.password)
    for missing in hash.cost..<max(cost, hash.cost) { _ = PasswordHash(workOf: missing).matches(credentials.password) }
    if isRight, let code = code(credentials.password, hash) {
      state.withLock { state in
        if state.users[credentials.user] == hash { state.known[credentials.user] = code }
      }
    }
    return isRight
  }

  /// HMAC-SHA-256 (RFC 2104) of a password and the hash that it was right for.
  private func code(_ password: [UInt8], _ hash: PasswordHash) -> [UInt8]? {
    let text = Array(hash.text.utf8) + password
    var code = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    guard HMAC(EVP_sha256(), secret, Int32(clamping: secret.count), text, text.count, &code, &length) != nil else {
      return nil
    }
    return Array(code.prefix(Int(widening: length)))
  }
}
