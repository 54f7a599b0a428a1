internal import Monitoring

extension ProcessState {
  /// How a terminal colours it, as the status page does: green, amber, red, grey and violet.
  var emphasis: Emphasis {
    switch self {
    case .alive: .good
    case .hung: .warning
    case .dead: .bad
    case .stopped: .faint
    case .never: .unseen
    }
  }
}
