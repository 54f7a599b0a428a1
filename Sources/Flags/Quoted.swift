internal import POSIX

/// Makes a text from outside fit for one line of a message: in double quotes, control characters escaped, shortened.
///
/// - Parameter limit: the most characters it shows; the rest is told as `…`.
public func quoted(_ text: String, limit: Int = 80) -> String {
  var result = "\""
  var shown = 0
  for scalar in text.unicodeScalars {
    if shown == limit {
      result += "…"
      break
    }
    shown += 1
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.isUnprintable: result += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
