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
    let peer: RateLimiter.Peer
    let failures: Double
    let turn: UInt64
    let answer: Answer

    /// Whether it goes before another one.
    func precedes(_ other: Job) -> Bool { (failures, turn) < (other.failures, other.turn) }
  }

  /// Whether the password is right; nil when there was no time to check it.
  typealias Answer = @Sendable (Bool?) -> Void

  private struct State {
    /// By the bytes of their names: whoever comes may say any name, and two that look the same are two.
    var users: [ExactText: PasswordHash] = [:]
    /// The most work of any user's hash.
    var cost = 0
    /// What the last right password of each user leaves: a code that only this process can make of it.
    var known: [ExactText: [UInt8]] = [:]
    var waiting: [Job] = []
    var turns = Turns()
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
  func setUsers(_ users: [ExactText: PasswordHash]) {
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
    let user = ExactText(credentials.user)
    let (hash, known) = worker.withoutWaking { ($0.users[user], $0.known[user]) }
    guard let code = code(credentials.password, hash?.text ?? PasswordCheck.nobody) else { return false }
    let isEqual = ConstantTime.equal(code, known ?? [UInt8](repeating: 0, count: code.count))
    return isEqual && hash != nil && known != nil
  }

  /// As long as a bcrypt hash.
  private static let nobody = String(repeating: "-", count: 60)

  /// Has a password checked; `answer` is called once, on some thread, unless the client is gone before.
  ///
  /// Who gave fewer wrong passwords goes first, and of those who came first: an address that was turned away has its turn when it comes
  /// again, so that a crowd of ever new ones cannot keep it out. When too many wait, those make room whose clients have probably left,
  /// else the one that would go last.
  ///
  /// - Parameters:
  ///   - peer: the client's address.
  ///   - failures: how many wrong passwords it gave lately.
  func check(
    _ credentials: BasicCredentials, for client: Responder, from peer: RateLimiter.Peer, failures: Double,
    answer: @escaping Answer
  ) {
    let dropped = worker.hand { state -> Job? in
      let job = Job(
        credentials: credentials, client: client, peer: peer, failures: failures, turn: state.turns.turn(of: peer),
        answer: answer)
      state.waiting.append(job)
      guard state.waiting.count > PasswordCheck.mostWaiting else { return nil }
      let waiting = state.waiting
      let place =
        waiting.dropLast().firstIndex { $0.client.mayBeUnwanted }
        ?? waiting.indices.max { waiting[$0].precedes(waiting[$1]) }
      guard let place else { return nil }
      let dropped = state.waiting.remove(at: place)
      state.turns.keep(dropped.turn, of: dropped.peer)
      return dropped
    }
    // Once it is closed, nobody is checked any more.
    guard let dropped else { return answer(nil) }
    dropped?.answer(nil)
  }

  /// How many wait.
  var waitingCount: Int { worker.withoutWaking { $0.waiting.count } }

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
      for job in state.waiting where job.client.isUnwanted { state.turns.keep(job.turn, of: job.peer) }
      state.waiting.removeAll { $0.client.isUnwanted }
      let waiting = state.waiting
      guard let next = waiting.indices.min(by: { waiting[$0].precedes(waiting[$1]) }) else { return nil }
      state.turns.forget(waiting[next].peer)
      return state.waiting.remove(at: next)
    }
  }

  /// Compares by bcrypt, with the same work for every user and for nobody: 2^c rounds for a hash of cost c, and for what
  /// is missing to the highest cost n the dummies of cost c, c + 1, ... n - 1, whose rounds add up to 2^n - 2^c.
  func verify(_ credentials: BasicCredentials) -> Bool {
    let user = ExactText(credentials.user)
    let (hash, cost) = worker.withoutWaking { ($0.users[user], $0.cost) }
    guard let hash else {
      _ = PasswordHash(workOf: cost).matches(credentials.password)
      return false
    }
    let isRight = hash.matches(credentials.password)
    for missing in hash.cost..<max(cost, hash.cost) { _ = PasswordHash(workOf: missing).matches(credentials.password) }
    if isRight, let code = code(credentials.password, hash.text) {
      worker.withoutWaking { state in
        if state.users[user] == hash { state.known[user] = code }
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

/// Whose turn it is: the order in which addresses came first, since they were served last.
///
/// Of those that are turned away it is kept in a table of fixed size, by a code that nobody can guess; of two with one place the one
/// that came later is known.
struct Turns {
  /// So many addresses can be known, in 2 MiB.
  static let count: UInt64 = 1 << 18
  private static let numberBits: UInt64 = 40
  private static let numbers: UInt64 = 1 << numberBits - 1

  /// Above the number of the turn 24 bits of the address's code; empty until somebody is turned away.
  private var kept: [UInt64] = []
  private var next: UInt64 = 0

  private static func place(of peer: RateLimiter.Peer) -> (place: Int, tag: UInt64) {
    // Swift's hashes have a secret of each process.
    var hasher = Hasher()
    hasher.combine(peer)
    let code = UInt64(truncatingIfNeeded: hasher.finalize())
    return (Int(clamping: code & (count - 1)), code >> numberBits)
  }

  /// The turn of an address: the one that it had when it was turned away, else a new one behind all others.
  mutating func turn(of peer: RateLimiter.Peer) -> UInt64 {
    next = (next + 1) & Turns.numbers
    guard !kept.isEmpty else { return next }
    let (place, tag) = Turns.place(of: peer)
    let number = kept[place] & Turns.numbers
    return number > 0 && kept[place] >> Turns.numberBits == tag ? number : next
  }

  /// Keeps the turn of an address that is turned away.
  mutating func keep(_ turn: UInt64, of peer: RateLimiter.Peer) {
    if kept.isEmpty { kept = [UInt64](repeating: 0, count: Int(clamping: Turns.count)) }
    let (place, tag) = Turns.place(of: peer)
    kept[place] = tag << Turns.numberBits | turn
  }

  /// Forgets the turn of an address that is served.
  mutating func forget(_ peer: RateLimiter.Peer) {
    guard !kept.isEmpty else { return }
    let (place, tag) = Turns.place(of: peer)
    if kept[place] >> Turns.numberBits == tag { kept[place] = 0 }
  }
}
