import POSIX
import Testing

@Suite("FNV1a")
struct FNV1aTests {
  @Test(
    "gives what its authors' tables give",
    arguments: [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
      as [(String, UInt64)])
  func known(text: String, expected: UInt64) {
    #expect(FNV1a(text.utf8).value == expected)
  }
}
