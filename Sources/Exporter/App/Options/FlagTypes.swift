internal import Flags
internal import HTTP
internal import Procfs

extension FlagType where Value == Int {
  /// Permission bits of a file, in octal.
  static var fileMode: Self {
    FlagType(placeholder: "MODE") { (text) throws(ValueError) in
      guard let mode = Int(text, radix: 8), (0...0o777).contains(mode), text.utf8.count <= 4 else {
        throw ValueError(expected: "octal permission bits such as 0660")
      }
      return mode
    } format: {
      let digits = String($0, radix: 8)
      return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
  }
}

extension FlagType where Value == String {
  /// A regular expression, or nothing.
  static var expression: Self {
    FlagType(placeholder: "REGEX") { (text) throws(ValueError) in
      do throws(RegularExpression.CompileError) {
        _ = try RegularExpression(text)
        return text
      } catch {
        throw ValueError(expected: "a regular expression; it has \(error)")
      }
    } format: {
      $0
    }
  }

  /// Where to listen, as `ListenAddress` reads it.
  static var listenAddress: Self {
    FlagType(placeholder: "ADDRESS") { (text) throws(ValueError) in
      do throws(ListenAddressError) {
        _ = try ListenAddress(text)
        return text
      } catch {
        throw ValueError(expected: "\(ListenAddressError.expected); it \(error.problem)")
      }
    } format: {
      $0
    }
  }

  /// A path of the server that no other page has.
  static var telemetryPath: Self {
    FlagType(placeholder: "PATH") { (text) throws(ValueError) in
      guard text.hasPrefix("/"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#%".utf8.contains($0) }) else {
        throw ValueError(expected: "a path such as /metrics: a slash first, no blanks, no ?, # or %")
      }
      guard text != "/", !["/-", "/api", "/assets"].contains(where: { text == $0 || text.hasPrefix($0 + "/") }) else {
        throw ValueError(
          expected: "a path that no other page has (/, /-/, /api/ and /assets/ are taken), such as /metrics")
      }
      return text
    } format: {
      $0
    }
  }
}

extension FlagType where Value == Double {
  /// A time that is above zero: at least a millisecond.
  static var positiveDuration: Self { .duration(0.001...Durations.longest) }
}
