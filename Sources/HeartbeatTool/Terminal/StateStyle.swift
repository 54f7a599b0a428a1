internal import Monitoring

extension ProcessState {
  /// How a terminal colours it: green, yellow, red, and the calm ones.
  var emphasis: Emphasis {
    switch self {
    case .alive: .good
    case .hung: .warning
    case .dead: .bad
    case .stopped: .calm
    case .never: .faint
    }
  }
}
