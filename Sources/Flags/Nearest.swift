/// The candidate that somebody most likely meant who wrote `text`, or nil when none is close.
///
/// Close is an edit distance of a third of the length at most (a swapped pair counts as one edit), or the last parts
/// of a dotted name: `listen-address` for `web.listen-address`.
public func nearest(to text: String, among candidates: [String]) -> String? {
  let wanted = Array(text.utf8.prefix(longestNameCompared + 1))
  guard !wanted.isEmpty, wanted.count <= longestNameCompared else { return nil }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let name = Array(candidate.utf8)
    let distance = editDistance(wanted, name)
    if distance <= max(1, min(wanted.count, name.count) / 3), distance < best?.distance ?? Int.max {
      best = (candidate, distance)
    }
  }
  return best?.candidate ?? candidates.first { $0.hasSuffix("." + text) }
}

/// The most bytes of a name that are compared: what is longer is no typo of ours.
private let longestNameCompared = 100

/// How many insertions, deletions, replacements and swaps of neighbours make `b` of `a` ("optimal string alignment").
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
