internal import Flags
internal import Glibc
internal import POSIX

/// A file with variables for a program, a line for each: `NAME=value`. Empty lines, and those that begin with `#`, say nothing; a value in
/// single or double quotes is what stands between them.
enum EnvironmentFile {
  /// The most bytes of a file.
  static let largest = 1 << 20

  /// Sets what a file says.
  static func read(_ file: String, into environment: inout [KernelText]) throws(FlagError) {
    var bytes: [UInt8] = []
    do throws(Errno) {
      try FileDescriptor.open(file, O_RDONLY).readToEnd(appendingTo: &bytes, limit: largest)
    } catch {
      throw .invalid(
        error.rawValue == EFBIG
          ? "--env-file: \(file) has more than \(largest) bytes" : "--env-file: cannot read \(file): \(error)")
    }
    for (name, value) in try parse(bytes, file) {
      let prefix = name + [UInt8(ascii: "=")]
      environment.removeAll { $0.starts(with: prefix) }
      environment.append(prefix + value)
    }
  }

  /// The variables in their order.
  static func parse(_ bytes: [UInt8], _ file: String) throws(FlagError) -> [(name: KernelText, value: KernelText)] {
    var result: [(name: KernelText, value: KernelText)] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, raw) in lines.enumerated() {
      let line = trimmed(raw)
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      func failure(_ expected: String) -> FlagError {
        .invalid("--env-file: \(file):\(index + 1): expected \(expected)")
      }
      guard !line.contains(0) else { throw failure("a line without a zero byte") }
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { throw failure("NAME=value") }
      let name = line[..<equals]
      guard isName(name) else { throw failure("a name of letters, digits and _ before the =") }
      var value = line[(equals + 1)...]
      if let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
        guard value.count > 1, value.last == quote else {
          throw failure("a value that ends with the quote it begins with")
        }
        value = value.dropFirst().dropLast()
      }
      result.append((Array(name), Array(value)))
    }
    return result
  }

  private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, !isDigit(first) else { return false }
    return name.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || (0x61...0x7a).contains($0 | 0x20) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    var line = line.drop(while: isBlank)
    while let last = line.last, isBlank(last) { line.removeLast() }
    return line
  }
}
