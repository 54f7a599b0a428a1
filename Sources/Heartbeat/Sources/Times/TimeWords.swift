/// The words that stand in times: months, days, zones.
enum TimeWords {
  private static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
  ]
  private static let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

  /// 1 to 12 for an English name of a month or its beginning of three letters or more.
  static func month(_ word: String) -> Int? {
    guard word.utf8.count >= 3 else { return nil }
    return months.firstIndex { $0.hasPrefix(word) }.map { $0 + 1 }
  }

  /// Whether it is an English name of a day or its beginning of three letters or more.
  static func isDay(_ word: String) -> Bool {
    word.utf8.count >= 3 && days.contains { $0.hasPrefix(word) }
  }

  /// Seconds east of Greenwich by abbreviations that mean one zone wherever they are written. Those with several meanings (CST, IST,
  /// BST) say nothing: a time with one of them is read as one without.
  static let zones: [String: Double] = [
    "utc": 0, "gmt": 0, "z": 0, "ut": 0, "wet": 0, "west": 3600, "cet": 3600, "cest": 7200, "met": 3600, "mest": 7200,
    "eet": 7200, "eest": 10_800, "msk": 10_800, "est": -18_000, "edt": -14_400, "cdt": -18_000, "mst": -25_200,
    "mdt": -21_600, "pst": -28_800, "pdt": -25_200, "akst": -32_400, "akdt": -28_800, "hst": -36_000, "jst": 32_400,
    "kst": 32_400, "hkt": 28_800, "sgt": 28_800, "awst": 28_800, "acst": 34_200, "acdt": 37_800, "aest": 36_000,
    "aedt": 39_600, "nzst": 43_200, "nzdt": 46_800,
    "wib": 25_200, "wita": 28_800, "wit": 32_400, "sast": 7200, "cat": 7200, "eat": 10_800, "wat": 3600, "pkt": 18_000,
  ]

  /// Those of the zones that are words too: `MET all targets`. In the middle of a line they are no zone.
  static let words: Set<String> = ["wet", "west", "met", "cat", "eat", "wat", "wit"]

  /// What zones of tzdata that have a place's name begin with. Other words with a slash are no zones: `src/main.py`.
  static let regions: Set<String> = [
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Brazil", "Canada", "Chile", "Etc",
    "Europe", "Indian", "Mexico", "Pacific", "US",
  ]
}
