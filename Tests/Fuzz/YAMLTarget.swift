@testable import Exporter
@testable import Monitoring
import YAML

/// Both configuration files: accepted, or refused with a place within it.
func fuzzYAML(_ input: UnsafeRawBufferPointer) {
  let bytes = Array(input)
  check(bytes) { bytes throws(ConfigurationError) in _ = try Configuration.parse(bytes, file: "f") }
  check(bytes) { bytes throws(ConfigurationError) in _ = try WebConfigurationFile.parse(bytes, file: "f") }
}

private func check(_ bytes: [UInt8], _ parse: ([UInt8]) throws(ConfigurationError) -> Void) {
  let lines = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + bytes.count { $0 >= 0x80 } + 2
  do throws(ConfigurationError) {
    try parse(bytes)
  } catch {
    require(!error.problem.isEmpty, "an error without a text")
    if let position = error.position {
      require(position.line >= 1 && position.column >= 1, "a place before the beginning")
      require(position.line <= lines, "a place behind the end")
    }
    require(!"\(error)".utf8.contains { $0 < 0x20 }, "a control character in an error")
  }
}
