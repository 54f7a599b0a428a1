extension FlagSet {
  /// The text of `--help`: usage, summary, flags by heading with defaults and environment variables, examples.
  ///
  /// - Parameter columns: the width to wrap at; 40 at least. It ends with a newline.
  public func help(columns: Int = 80) -> String {
    let width = max(40, columns)
    var sections = [wrap("usage: " + usage, width: width, indent: 7, firstIndent: 0)]
    sections.append(wrap(summary, width: width, indent: 0))
    let builtIn =
      [("-h, --help", ["Shows this help."])] + (hasVersion ? [("--version", ["Shows the version."])] : [])
    var rows = groups.map { (title: $0.title, rows: $0.flags.map { (left: leftSide(of: $0), right: words(of: $0)) }) }
    rows.append((title: groups.isEmpty ? "Flags" : "Other", rows: builtIn.map { (left: $0.0, right: $0.1) }))
    let longest = rows.flatMap(\.rows).map(\.left.count).filter { $0 <= width / 2 - 6 }.max() ?? 0
    let column = longest + 4
    for group in rows {
      var section = group.title + ":\n"
      for row in group.rows {
        let help = wrap(row.right, width: width, indent: column)
        if row.left.count + 4 > column {
          section += "  " + row.left + "\n" + help
        } else {
          let padding = String(repeating: " ", count: max(0, column - 2 - row.left.count))
          section += "  " + row.left + padding + help.drop { $0 == " " }
        }
      }
      sections.append(section)
    }
    if !examples.isEmpty {
      let lines = examples.map {
        wrap("# " + $0.text, width: width, indent: 4, firstIndent: 2) + "  " + $0.command + "\n"
      }
      sections.append("Examples:\n" + lines.joined(separator: "\n"))
    }
    return sections.joined(separator: "\n")
  }

  /// How to call it, such as `heartbeat send [flags] NAME`.
  public var usage: String {
    switch arguments {
    case .none: return program + " [flags]"
    case .command(let name): return program + " [flags] [--] \(name) ..."
    case .named(let name, let count):
      var words = count.lowerBound > 0 ? name : "[\(name)]"
      if count.upperBound > 1 { words += " ..." }
      return program + " [flags] " + words
    }
  }

  /// The line that stands under an error: where the help is.
  public var hint: String { "see \(program) --help" }

  private func leftSide(of flag: FlagSpecification) -> String {
    guard let placeholder = flag.placeholder else { return flag.spelling }
    return flag.spelling + "=" + placeholder + (flag.isRepeatable ? " ..." : "")
  }

  /// The help's words; what stands in brackets stays together.
  private func words(of flag: FlagSpecification) -> [String] {
    var words = flag.help.split(whereSeparator: \.isWhitespace).map(String.init)
    if let text = flag.defaultText { words.append("[default: \(text)]") }
    words += environmentNames(of: flag).map { "[env: \($0)]" }
    return words
  }
}

/// Breaks a text into lines of `width` columns at most (a longer word has a line of its own), each with a newline.
func wrap(_ text: String, width: Int, indent: Int, firstIndent: Int? = nil) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false)
    .map {
      wrap(
        $0.split(separator: " ").map(String.init), width: width, indent: indent, firstIndent: firstIndent ?? indent)
    }
    .joined()
}

/// Puts words into lines of `width` columns at most, each with a newline; a word too long for the indent begins
/// further to the left.
func wrap(_ words: [String], width: Int, indent: Int, firstIndent: Int? = nil) -> String {
  let margin = String(repeating: " ", count: indent)
  var result = ""
  var line = String(repeating: " ", count: firstIndent ?? indent)
  var isEmpty = true
  for word in words {
    if !isEmpty, line.count + 1 + word.count > width {
      result += line + "\n"
      line = indent + word.count > width ? String(repeating: " ", count: max(2, width - word.count)) : margin
      isEmpty = true
    }
    line += (isEmpty ? "" : " ") + word
    isEmpty = false
  }
  return result + (isEmpty ? "" : line) + "\n"
}
