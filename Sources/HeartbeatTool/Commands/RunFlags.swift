internal import Flags
internal import Glibc

/// The types of values that only `heartbeat run` has.
enum RunFlags {
  /// A signal by name or number.
  static let signal = FlagType<Signal>(placeholder: "SIGNAL") { (text) throws(ValueError) in
    guard let signal = Signal(named: text) else {
      throw ValueError(expected: "a signal such as TERM, SIGQUIT, RTMIN+3 or 15")
    }
    return signal
  } format: {
    $0.description
  }

  /// Exit statuses and names of signals.
  static let success = FlagType<SuccessCodes>(placeholder: "CODES") { (text) throws(ValueError) in
    var codes = SuccessCodes(statuses: [])
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let status = Int32(part, radix: 10), (0...255).contains(status) {
        codes.statuses.insert(status)
      } else if Int32(part, radix: 10) == nil, let signal = Signal(named: String(part)) {
        codes.signals.insert(signal.number)
      } else {
        throw ValueError(expected: "exit statuses (0 to 255) and names of signals, such as 0,3,SIGTERM")
      }
    }
    return codes
  } format: { codes in
    (codes.statuses.sorted().map(String.init) + codes.signals.sorted().map { Signal($0).description })
      .joined(separator: ",")
  }

  /// The most restarts that a limit can name.
  static let mostRestarts = 1_000_000

  /// `10`, or `10/5m`; a count of 0 is no limit.
  static let limit = FlagType<RestartLimit>(placeholder: "N[/DURATION]") { (text) throws(ValueError) in
    let expected = ValueError(expected: "an integer from 0 to \(mostRestarts), or a number within a time such as 10/5m")
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let count = Int(first), (0...mostRestarts).contains(count) else { throw expected }
    guard parts.count == 2 else { return RestartLimit(count: count) }
    let window = try Durations.parse(String(parts[1]))
    guard window > 0, count > 0 else { throw expected }
    return RestartLimit(count: count, window: window)
  } format: { limit in
    "\(limit.count)" + (limit.window.map { "/" + Durations.format($0) } ?? "")
  }

  /// A user of this host.
  static let user = FlagType<UserAccount>(placeholder: "USER[:GROUP]") { (text) throws(ValueError) in
    guard let user = UserAccount(named: text) else {
      throw ValueError(
        expected: "a user of this host, USER or USER:GROUP, by names or numbers (a number without a name needs a group)"
      )
    }
    return user
  } format: {
    $0.name
  }

  /// What is asked whether the program works.
  static let probe = FlagType<Probe>(placeholder: "PROBE") { (text) throws(ValueError) in
    guard let probe = Probe(text) else {
      throw ValueError(
        expected: "http://HOST[:PORT][/PATH], https://..., tcp://HOST:PORT, unix:/PATH or exec:COMMAND")
    }
    return probe
  } format: {
    $0.description
  }
}
