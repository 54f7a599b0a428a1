internal import Glibc
internal import POSIX

/// A path with `*`, `?` and `[...]` in some of its names, as shells have them; a star does not match a slash, nor a dot in front.
package struct PathPattern: Sendable, Hashable {
  /// The path as it was given.
  let text: String
  let components: [Component]
  private let isAbsolute: Bool

  enum Component: Hashable {
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
    /// False where its name is no UTF-8: then the path is not that of the file, and has `\xff` in the place of each such byte.
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
  /// Where `listings` have no room for all that is to be looked at, nothing is found, and they say so.
  ///
  /// - Parameters:
  ///   - listings: what was found in folders before; it saves listing those that did not change.
  ///   - most: of more paths the first ones are found, and the others are counted in `listings`; folders on the way do not count.
  ///   - asks: whether a path may be asked for; where not, what was known of it holds.
  ///   - isCertain: whether what is in a folder, and no symbolic link, certainly answers. Only there it is looked whether anything matches
  ///     below a folder whose name is no UTF-8; elsewhere something does.
  ///   - keeps: whether a path that may not be asked for counts as one that is there.
  ///   - goOn: is called from time to time, so that it can be told who works from who hangs.
  package func matches(
    _ listings: inout FolderListings, most: Int = PathPattern.most, asking asks: (String) -> Bool = { _ in true },
    certain isCertain: (String) -> Bool = { _ in false }, keeping keeps: (String) -> Bool = { _ in true },
    goingOn goOn: () -> Void = {}
  ) -> [Match] {
    listings.begin()
    var matches = [Match(path: isAbsolute ? "/" : "", stars: [])]
    for (place, component) in components.enumerated() {
      let isLast = place == components.count - 1
      switch component {
      case .name(let name):
        for index in matches.indices { matches[index].path = PathPattern.join(matches[index].path, name) }
      case .pattern(let pattern):
        let room = isLast ? min(most, PathPattern.most) : PathPattern.most
        var next: [Match] = []
        for match in matches {
          let folder = match.path.isEmpty ? "." : match.path
          let found =
            asks(folder)
            ? listings.names(in: folder, most: room, goingOn: goOn) { name in
              PathPattern.fits(name, pattern) && !(isLast && PathPattern.isPassedOver(name))
            } : listings.knownNames(in: folder)
          guard !listings.isOver else { return [] }
          let left = max(0, room - next.count)
          if isLast { listings.leaveOut(found.more + max(0, found.names.count - left)) }
          for name in found.names.prefix(left) {
            guard let stars = PathPattern.match(name, pattern) else { continue }
            if next.count & 0xFF == 0 { goOn() }
            guard let text = String(validating: name, as: UTF8.self) else {
              let path = PathPattern.join(match.path, ForeignText.text(name))
              if isLast {
                next.append(Match(path: path, stars: match.stars + stars, isText: false))
              } else {
                listings.noteUnreadable(path, isHolding(below: name, in: folder, from: place + 1, isCertain, &listings))
              }
              continue
            }
            next.append(Match(path: PathPattern.join(match.path, text), stars: match.stars + stars))
          }
        }
        matches = next
      }
    }
    if case .name? = components.last {
      guard listings.hasRoom(forPaths: matches.count) else { return [] }
      var status = stat()
      // Where it cannot be known whether a file is there, its reader says why.
      matches = matches.filter { match in
        guard asks(match.path) else { return keeps(match.path) }
        return stat(match.path, &status) == 0 || !FolderListings.saysThatNoneIsThere(Errno.last)
      }
    }
    return matches
  }

  /// The most paths of one pattern, and the most folders on the way to them.
  package static let most = 100_000

  static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }

  /// Temporary files, locks and copies that writers and editors leave beside.
  static func isPassedOver(_ name: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first, let last = name.last else { return false }
    if last == UInt8(ascii: "~") { return true }
    // `#x#` is what Emacs saves for itself, `4913` what vim tries whether it may write.
    if first == UInt8(ascii: "#"), last == UInt8(ascii: "#") { return true }
    if name.elementsEqual("4913".utf8) { return true }
    var lastDot: Int?
    for place in name.indices where name[place] == UInt8(ascii: ".") {
      lastDot = place
      for part in parts where end(of: part, in: name, from: place + 1) != nil { return true }
    }
    guard let lastDot else { return false }
    for suffix in suffixes where end(of: suffix, in: name, from: lastDot + 1) == name.count { return true }
    return false
  }

  static func isPassedOver(_ name: [UInt8]) -> Bool { name.withUnsafeBytes { isPassedOver($0) } }

  /// What is passed over ends so behind its last dot, in small letters.
  private static let suffixes: [[UInt8]] = [
    "tmp", "temp", "lock", "swp", "bak", "part", "new", "old", "orig", "save", "partial", "dpkg-old", "dpkg-new",
    "dpkg-dist", "rpmsave", "rpmorig", "rpmnew",
  ].map { Array($0.utf8) }
  /// Or has one of these behind a dot.
  private static let parts: [[UInt8]] = ["tmp-", "tmp.", "corrupt-"].map { Array($0.utf8) }

  /// Where a word ends that begins at a place of a name, whatever letters of it are capital; nil where it does not stand there.
  private static func end(of word: [UInt8], in name: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var place = start
    for wanted in word {
      guard place < name.count else { return nil }
      let byte = name[place]
      let isCapital = UInt8(ascii: "A") <= byte && byte <= UInt8(ascii: "Z")
      if (isCapital ? byte | 0x20 : byte) == wanted {
        place += 1
      } else if wanted == UInt8(ascii: "k"), name[place...].starts(with: kelvin) {
        place += kelvin.count
      } else {
        return nil
      }
    }
    return place
  }

  /// The only letter beyond ASCII whose small one is one letter of ASCII: U+212A, the sign of kelvins.
  private static let kelvin: [UInt8] = [0xE2, 0x84, 0xAA]

  /// What the stars matched; nil when the name does not match. Each star takes as little as it can, which is found in time linear
  /// in the name for each star.
  static func match(_ name: [UInt8], _ pattern: [UInt8]) -> [String]? {
    name.withUnsafeBytes { name in
      stars(of: pattern, in: name, keeping: true)?.map { String(decoding: name[$0], as: UTF8.self) }
    }
  }

  /// Whether a name matches.
  static func fits(_ name: UnsafeRawBufferPointer, _ pattern: [UInt8]) -> Bool {
    stars(of: pattern, in: name, keeping: false) != nil
  }

  /// The parts of a name that the stars match.
  ///
  /// - Parameter keeps: false where nobody wants them: then none is given.
  private static func stars(of pattern: [UInt8], in name: UnsafeRawBufferPointer, keeping keeps: Bool) -> [Range<Int>]?
  {
    if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return nil }
    return pattern.withUnsafeBytes { pattern in
      var (place, at) = (0, 0)
      /// The last star: its place in the pattern, where its part begins, and where it ends for now.
      var star: (pattern: Int, start: Int, end: Int)?
      var finished: [Range<Int>] = []
      while true {
        if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
          if keeps, let star { finished.append(star.start..<star.end) }
          star = (at, place, place)
          at += 1
          continue
        }
        if place == name.count, at == pattern.count { break }
        if place < name.count, at < pattern.count, let width = one(name[place], pattern, at) {
          place += 1
          at += width
          continue
        }
        guard let open = star, open.end < name.count else { return nil }
        star = (open.pattern, open.start, open.end + 1)
        place = open.end + 1
        at = open.pattern + 1
      }
      if keeps, let star { finished.append(star.start..<star.end) }
      return finished
    }
  }

  /// How many bytes of the pattern, from a place on, match a byte of the name; nil when they do not.
  private static func one(_ byte: UInt8, _ pattern: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    let first = pattern[at]
    if first == UInt8(ascii: "?") { return 1 }
    guard first == UInt8(ascii: "[") else { return first == byte ? 1 : nil }
    var end = at + 2
    while end < pattern.count, pattern[end] != UInt8(ascii: "]") { end += 1 }
    guard end < pattern.count else { return first == byte ? 1 : nil }
    var place = at + 1
    let isNegated = pattern[place] == UInt8(ascii: "!") || pattern[place] == UInt8(ascii: "^")
    if isNegated { place += 1 }
    var isIn = false
    while place < end {
      let low = pattern[place]
      if place + 2 < end, pattern[place + 1] == UInt8(ascii: "-") {
        if low <= byte, byte <= pattern[place + 2] { isIn = true }
        place += 3
      } else {
        if low == byte { isIn = true }
        place += 1
      }
    }
    return isIn != isNegated ? end - at + 1 : nil
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
