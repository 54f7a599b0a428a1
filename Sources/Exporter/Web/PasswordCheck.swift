internal import COpenSSL
internal import HTTP
internal import POSIX

/// Checks passwords: at once those that were right before, all others on a thread of its own, since bcrypt is slow by
/// intention and must not hold up the event loop.
final class PasswordCheck: Sendable {
  /// The most checks that wait; beyond, clients are told to come again.
  static let mostWaiting = 64

  private struct Job {
    let credentials: BasicCredentials
    let client: Responder
    let failures: Double
    let answer: Answer
  }

  /// Whether the password is right; nil when there was no time to check it.
  typealias Answer = @Sendable (Bool?) -> Void

  private struct State {
    var users: [String: PasswordHash] = [:]
    /// The most work of any user's hash.
    var cost = 0
    /// What the last right password of each user leaves: a code that only this process can make of it.
    var known: [String: [UInt8]] = [:]
    var waiting: [Job] = []
  }

  private let worker = Worker(named: "passwords", State())
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
    worker.withoutWaking { state in
      state.known = state.known.filter { users[$0.key] != nil && users[$0.key] == state.users[$0.key] }
      state.users = users
      state.cost = users.values.map(\.cost).max() ?? 0
    }
  }

  /// Whether anybody must say who he is.
  var isNeeded: Bool { worker.withoutWaking { !$0.users.isEmpty } }

  /// Whether this user gave this password before, and it was right. It takes as long for somebody who does not exist.
  func isKnown(_ credentials: BasicCredentials) -> Bool {
    let (hash, known) = worker.withoutWaking { ($0.users[credentials.user], $0.known[credentials.user]) }
    guard let code = code(credentials.password, hash?.text ?? PasswordCheck.nobody) else { return false }
    let isEqual = ConstantTime.equal(code, known ?? [UInt8](repeating: 0, count: code.count))
    return isEqual && hash != nil && known != nil
  }

  /// As long as a bcrypt hash.
  private static let nobody = String(repeating: "-", count: 60)

  /// Has a password checked; `answer` is called once, on some thread, unless the client is gone before.
  ///
  /// Who gave fewer wrong passwords goes first. When too many wait, those make room whose clients have probably left, else one that gave more
  /// wrong ones than this.
  ///
  /// - Parameter failures: how many wrong passwords the client's address gave lately.
  func check(_ credentials: BasicCredentials, for client: Responder, failures: Double, answer: @escaping Answer) {
    let job = Job(credentials: credentials, client: client, failures: failures, answer: answer)
    let dropped = worker.hand { state -> Job? in
      guard state.waiting.count >= PasswordCheck.mostWaiting else {
        state.waiting.append(job)
        return nil
      }
      let worst = state.waiting.indices.max { state.waiting[$0].failures < state.waiting[$1].failures }
      guard
        let place = state.waiting.firstIndex(where: { $0.client.mayBeUnwanted })
          ?? worst.flatMap({ state.waiting[$0].failures > failures ? $0 : nil })
      else { return job }
      let dropped = state.waiting.remove(at: place)
      state.waiting.append(job)
      return dropped
    }
    // Once it is closed, the one that came.
    (dropped ?? job)?.answer(nil)
  }

  /// Starts the thread.
  func start() throws(Errno) {
    try worker.start { [self] in
      while let job = next() { job.answer(verify(job.credentials)) }
    }
  }

  /// Ends the thread after the check at hand; who still waits is turned away.
  func close() {
    let waiting = worker.close { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for job in waiting { job.answer(nil) }
  }

  private func next() -> Job? {
    worker.next { state in
      state.waiting.removeAll { $0.client.isUnwanted }
      let next = state.waiting.indices.min { state.waiting[$0].failures < state.waiting[$1].failures }
      return next.map { state.waiting.remove(at: $0) }
    }
  }

  /// Compares by bcrypt, with the same work for every user and for nobody: 2^c rounds for a hash of cost c, and for what
  /// is missing to the highest cost n the dummies of cost c, c + 1, ... n - 1, whose rounds add up to 2^n - 2^c.
  func verify(_ credentials: BasicCredentials) -> Bool {
    let (hash, cost) = worker.withoutWaking { ($0.users[credentials.user], $0.cost) }
    guard let hash else {
      _ = PasswordHash(workOf: cost).matches(credentials.password)
      return false
    }
    let isRight = hash.matches(credentials.password)
    for missing in hash.cost..<max(cost, hash.cost) { _ = PasswordHash(workOf: missing).matches(credentials.password) }
    if isRight, let code = code(credentials.password, hash.text) {
      worker.withoutWaking { state in
        if state.users[credentials.user] == hash { state.known[credentials.user] = code }
      }
    }
    return isRight
  }

  /// HMAC-SHA-256 (RFC 2104) of a password and the hash that it was right for.
  private func code(_ password: [UInt8], _ hash: String) -> [UInt8]? {
    let text = Array(hash.utf8) + password
    var code = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    guard HMAC(EVP_sha256(), secret, Int32(clamping: secret.count), text, text.count, &code, &length) != nil else {
      return nil
    }
    return Array(code.prefix(Int(widening: length)))
  }
}
