internal import Glibc
internal import POSIX

/// A path with `*`, `?` and `[...]` in some of its names, as shells have them; a star does not match a slash, nor a dot in front.
package struct PathPattern: Sendable, Hashable {
  /// The path as it was given.
  let text: String
  private let components: [Component]
  private let isAbsolute: Bool

  private enum Component: Hashable {
    case name(String)
    case pattern([UInt8])
  }

  /// Whether a path is a pattern.
  package static func isPattern(_ path: String) -> Bool { path.utf8.contains { [0x2A, 0x3F, 0x5B].contains($0) } }

  package init(_ path: String) {
    text = path
    isAbsolute = path.utf8.first == UInt8(ascii: "/")
    // By bytes: a name may begin with an accent, which Swift would take together with the slash in front of it.
    components = path.utf8.split(separator: UInt8(ascii: "/")).map { name in
      let text = String(Substring(name))
      return PathPattern.isPattern(text) ? .pattern(Array(name)) : .name(text)
    }
  }

  /// A path that matches.
  package struct Match: Equatable, Sendable {
    package var path: String
    /// What the stars matched.
    package var stars: [String]
    /// False where its name is no UTF-8, so that the path is not that of the file.
    package var isText = true
    /// Why a folder cannot be listed that stands for the files which nobody knows.
    var unlisted: Errno?

    /// By the bytes: two names may be the same to Swift's String.
    package static func == (one: Match, other: Match) -> Bool {
      ExactText(one.path) == ExactText(other.path) && one.stars.elementsEqual(other.stars) { $0.isSame(as: $1) }
        && one.isText == other.isText
        && one.unlisted?.rawValue == other.unlisted?.rawValue
    }
  }

  /// Whether what is in the folders alone decides what matches.
  var endsInPattern: Bool { if case .pattern? = components.last { true } else { false } }

  /// The folder in front of the first name that is a pattern.
  var base: String {
    var base = isAbsolute ? "/" : ""
    for case .name(let name) in components.prefix(while: { if case .name = $0 { true } else { false } }) {
      base += (base.isEmpty || base.utf8.last == UInt8(ascii: "/") ? "" : "/") + name
    }
    return base.isEmpty ? "." : base
  }

  /// Looks for the paths that match, sorted by their bytes.
  ///
  /// - Parameters:
  ///   - listings: what was found in folders before; it saves listing those that did not change.
  ///   - asks: whether a path may be asked for; where not, what was known of it holds.
  ///   - keeps: whether a path that may not be asked for counts as one that is there.
  package func matches(
    _ listings: inout FolderListings, asking asks: (String) -> Bool = { _ in true },
    keeping keeps: (String) -> Bool = { _ in true }
  ) -> [Match] {
    listings.begin()
    var matches = [Match(path: isAbsolute ? "/" : "", stars: [])]
    for (place, component) in components.enumerated() {
      let isLast = place == components.count - 1
      switch component {
      case .name(let name):
        for index in matches.indices { matches[index].path = PathPattern.join(matches[index].path, name) }
      case .pattern(let pattern):
        var next: [Match] = []
        for match in matches {
          let folder = match.path.isEmpty ? "." : match.path
          let names = asks(folder) ? listings.names(in: folder) : listings.knownNames(in: folder)
          for name in names where next.count < PathPattern.most {
            if isLast, PathPattern.isPassedOver(name) { continue }
            guard let stars = PathPattern.match(name, pattern) else { continue }
            let text = String(decoding: name, as: UTF8.self)
            next.append(
              Match(
                path: PathPattern.join(match.path, text), stars: match.stars + stars,
                isText: match.isText && text.utf8.elementsEqual(name)))
          }
        }
        matches = next
      }
    }
    if case .name? = components.last {
      var status = stat()
      // Where it cannot be known whether a file is there, its reader says why.
      matches = matches.filter { match in
        guard match.isText, asks(match.path) else { return keeps(match.path) }
        return stat(match.path, &status) == 0 || !FolderListings.saysThatNoneIsThere(Errno.last)
      }
    }
    return matches
  }

  /// The most paths of one pattern.
  static let most = 100_000

  private static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }

  /// Temporary files, locks and copies that writers and editors leave beside.
  static func isPassedOver(_ name: [UInt8]) -> Bool {
    if name.last == UInt8(ascii: "~") { return true }
    let lower = Array(String(decoding: name, as: UTF8.self).lowercased().utf8)
    func ends(_ end: String) -> Bool { lower.suffix(end.utf8.count).elementsEqual(end.utf8) }
    func has(_ part: String) -> Bool { lower.indices.contains { lower[$0...].starts(with: part.utf8) } }
    // `#x#` is what Emacs saves for itself, `4913` what vim tries whether it may write.
    if name.first == UInt8(ascii: "#"), name.last == UInt8(ascii: "#") { return true }
    if name.elementsEqual("4913".utf8) { return true }
    return [
      ".tmp", ".temp", ".lock", ".swp", ".bak", ".part", ".new", ".old", ".orig", ".save", ".partial", ".dpkg-old",
      ".dpkg-new", ".dpkg-dist", ".rpmsave", ".rpmorig", ".rpmnew",
    ].contains(where: ends)
      || [".tmp-", ".tmp.", ".corrupt-"].contains(where: has)
  }

  /// What the stars matched; nil when the name does not match. Each star takes as little as it can, which is found in time linear
  /// in the name for each star.
  static func match(_ name: [UInt8], _ pattern: [UInt8]) -> [String]? {
    if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return nil }
    var (place, at) = (0, 0)
    /// The last star: its place in the pattern, where its part begins, and where it ends for now.
    var star: (pattern: Int, start: Int, end: Int)?
    var finished: [Range<Int>] = []
    while true {
      if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
        if let star { finished.append(star.start..<star.end) }
        star = (at, place, place)
        at += 1
        continue
      }
      if place == name.count, at == pattern.count { break }
      if place < name.count, at < pattern.count, let width = one(name[place], pattern[at...]) {
        place += 1
        at += width
        continue
      }
      guard let open = star, open.end < name.count else { return nil }
      star = (open.pattern, open.start, open.end + 1)
      place = open.end + 1
      at = open.pattern + 1
    }
    if let star { finished.append(star.start..<star.end) }
    return finished.map { String(decoding: name[$0], as: UTF8.self) }
  }

  /// How many bytes of the pattern match a byte of the name; nil when they do not.
  private static func one(_ byte: UInt8, _ pattern: ArraySlice<UInt8>) -> Int? {
    guard let first = pattern.first else { return nil }
    if first == UInt8(ascii: "?") { return 1 }
    guard first == UInt8(ascii: "["), let end = pattern.dropFirst(2).firstIndex(of: UInt8(ascii: "]")) else {
      return first == byte ? 1 : nil
    }
    var set = pattern[(pattern.startIndex + 1)..<end]
    let isNegated = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
    if isNegated { set = set.dropFirst() }
    var isIn = false
    while let low = set.first {
      set = set.dropFirst()
      if set.first == UInt8(ascii: "-"), let high = set.dropFirst().first {
        if low <= byte, byte <= high { isIn = true }
        set = set.dropFirst(2)
      } else if low == byte {
        isIn = true
      }
    }
    return isIn != isNegated ? end - pattern.startIndex + 1 : nil
  }
}

/// A pattern of programs' names: as that of a file's name, but a dot and a slash are characters like all others.
package enum NamePattern {
  /// Whether a name fits a pattern.
  package static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    // In front stands what makes a leading dot an inner one.
    PathPattern.match([0x78] + name, [0x78] + pattern) != nil
  }
}
