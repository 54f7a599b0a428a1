/// Why a number of a process's own data is not exported: the `reason` of `heartbeat_series_dropped_total`.
enum SeriesDropReason: String, CaseIterable {
  /// Another key of the same process maps to the same metric name.
  case duplicateName = "duplicate_name"
  /// The metric name would be longer than `DataFamilies.maximumNameLength`.
  case nameTooLong = "name_too_long"
  /// The name belongs to a family of the exporter's own.
  case reservedName = "reserved_name"
  /// The process has more series than `--heartbeat.max-series-per-process`.
  case processLimit = "process_limit"
  /// All processes together have more series than `--heartbeat.max-series`.
  case totalLimit = "total_limit"
}

/// How many series were held back, by reason.
struct SeriesDropCounts: Equatable {
  private var counts = [UInt64](repeating: 0, count: SeriesDropReason.allCases.count)

  subscript(reason: SeriesDropReason) -> UInt64 {
    get { counts[index(of: reason)] }
    set { counts[index(of: reason)] = newValue }
  }

  private func index(of reason: SeriesDropReason) -> Int {
    switch reason {
    case .duplicateName: 0
    case .nameTooLong: 1
    case .reservedName: 2
    case .processLimit: 3
    case .totalLimit: 4
    }
  }
}
