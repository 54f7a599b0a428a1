/// Numbers for people.
extension MonitorPage {
  /// A number that another program gave may be none: then there is nothing to draw.
  static func known(_ share: Double) -> Double? { share.isFinite ? share : nil }

  static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "?" }
    let text = "\(Int(clamping: (min(max(share, 0), 1) * 100).rounded()))%"
    return String(repeating: " ", count: max(0, 3 - text.count)) + text
  }

  static func twoPlaces(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e9 else { return "?" }
    let hundredths = Int(clamping: (value * 100).rounded())
    let rest = (hundredths % 100).magnitude
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// `130 MB`, `7.8 GB`: powers of 1000, as disks and heartbeats count.
  static func bytes(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 1e18 else { return "?" }
    var rest = value
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    while rest >= 999.5, unit < units.count - 1 {
      rest /= 1000
      unit += 1
    }
    if rest < 9.95, unit > 0 {
      let tenths = Int(clamping: (rest * 10).rounded())
      return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
    return "\(Int(clamping: rest.rounded())) \(units[unit])"
  }

  /// Local time of day; with the date when it is more than a day away.
  static func clock(_ time: Double) -> String {
    LocalClock.text(time)
  }
}
