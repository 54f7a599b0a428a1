import Testing

@testable import Exposition

@Suite("Name escaping")
struct NameEscapingTests {
  @Test(
    "a name is spelt as the scheme has it",
    arguments: [
      ("up", "up", "up", "up"),
      ("heartbeat_age_seconds", "heartbeat_age_seconds", "heartbeat_age_seconds", "heartbeat_age_seconds"),
      ("a:b", "a:b", "a:b", "a:b"),
      ("http.requests", "http_requests", "http_dot_requests", "U__http_2e_requests"),
      ("my_http.requests", "my_http_requests", "my__http_dot_requests", "U__my__http_2e_requests"),
      ("cpu-load", "cpu_load", "cpu__load", "U__cpu_2d_load"),
      ("größe", "gr__e", "gr____e", "U__gr_f6__df_e"),
      ("🙂", "_", "__", "U___1f642_"),
      ("0x", "_x", "__x", "U___30_x"),
    ])
  func table(name: String, underscores: String, dots: String, values: String) {
    #expect(NameEscaping.allowUTF8.escape(name) == name)
    #expect(NameEscaping.underscores.escape(name) == underscores)
    #expect(NameEscaping.dots.escape(name) == dots)
    #expect(NameEscaping.values.escape(name) == values)
  }

  @Test("names of one prefix that differ by underscores differ in each scheme")
  func injective() {
    let letters = ["a", "_", ".", "-", "é", "0"]
    var names = [""]
    for _ in 0..<4 { names += names.flatMap { name in letters.map { name + $0 } } }
    let unique = Set(names).filter { !$0.isEmpty }.map { "heartbeat_data_" + $0 }
    for scheme in [NameEscaping.dots, .values] {
      var first: [String: String] = [:]
      for name in unique {
        let escaped = scheme.escape(name)
        let other = first[escaped, default: name]
        #expect(
          NameEscaping.underscores.escape(other) == NameEscaping.underscores.escape(name),
          "\(other) and \(name) are both \(escaped)")
        first[escaped] = name
      }
    }
  }
}
