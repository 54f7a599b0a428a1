import Flags
import Testing

@Suite("Sizes")
struct ByteSizesTests {
  @Test(
    "read with units of 1024 and of 1000, and written back",
    arguments: [
      ("0", 0, "0"), ("4096", 4096, "4KiB"), ("64MiB", 67_108_864, "64MiB"), ("64mib", 67_108_864, "64MiB"),
      ("3GiB", 3_221_225_472, "3GiB"), ("7KiB", 7168, "7KiB"), ("3KiB", 3072, "3KiB"),
      ("1025MiB", 1_074_790_400, "1025MiB"),
      ("1KB", 1000, "1000"), ("3GB", 3_000_000_000, "3000000000"), ("3TB", 3_000_000_000_000, "2929687500KiB"),
      ("100MB", 100_000_000, "100000000"), ("5B", 5, "5"), ("2TiB", 2_199_023_255_552, "2TiB"),
    ])
  func read(text: String, bytes: Int, written: String) throws {
    #expect(try ByteSizes.parse(text) == bytes)
    #expect(ByteSizes.format(bytes) == written)
  }

  @Test(
    "anything else is told",
    arguments: [
      "", "MiB", "-1", "1.5MiB", "1 MiB", "1XB", "9223372036854775807KiB", "99999999999999999999", "8388608TiB", "1K",
      "B",
    ])
  func mistakes(text: String) {
    #expect(throws: ValueError.self) { try ByteSizes.parse(text) }
  }
}
