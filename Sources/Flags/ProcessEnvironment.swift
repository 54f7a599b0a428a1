@preconcurrency internal import Glibc

/// What a program finds around itself when it starts.
public enum ProcessEnvironment {
  /// The process's environment by name, from `environ(7)`; of a name that stands twice the first counts.
  ///
  /// Read it once at the start: it is not guarded against a `setenv(3)` of another thread.
  public static var environment: [String: String] {
    var result: [String: String] = [:]
    guard var entry = environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return [:] }
    // Sound: `environ` is an array of C strings that ends with a null pointer.
    while let text = entry.pointee {
      let pair = String(cString: text).utf8.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
      ).map { String(Substring($0)) }
      if pair.count == 2, result[pair[0]] == nil { result[pair[0]] = pair[1] }
      entry += 1
    }
    return result
  }

  /// How many columns the terminal behind standard output has: 80 when there is none, `COLUMNS` when that is set.
  public static var columns: Int {
    if let text = getenv("COLUMNS"), let columns = Int(String(cString: text)), columns > 0 { return min(columns, 500) }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(truncatingIfNeeded: size.ws_col)
  }
}
