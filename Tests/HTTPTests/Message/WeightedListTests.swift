import Testing

@testable import HTTP

@Suite("Lists with weights")
struct WeightedListTests {
  private func list(_ field: String) -> [String] {
    WeightedList(field).elements.map { element in
      ([element.value] + element.parameters.map { "\($0.name)=\($0.value)" } + ["q=\(element.weight)"])
        .joined(separator: ";")
    }
  }

  @Test(
    "elements, parameters and weights",
    arguments: [
      ("gzip", ["gzip;q=1000"]), ("a;q=0.5, B ; Q=1.000;x=Y", ["a;q=500", "b;x=Y;q=1000"]), ("", []), (",, ,", []),
      ("a;x=\"1,2;3\\\"4\";q=0", ["a;x=1,2;3\"4;q=0"]), ("a;;q=0.25;", ["a;q=250"]),
      ("a;q=1.5,b", ["b;q=1000"]), ("a;x,b", ["b;q=1000"]), ("a;x=\"open,b", []), ("a;x=b c,d", ["d;q=1000"]),
      (";q=1,x", ["x;q=1000"]), ("a;x=\"b\\\"", []), ("a;x=\"b\"c\"", []),
      ("a;x=\"\\\"b\"", ["a;x=\"b;q=1000"]),
    ])
  func table(field: String, expected: [String]) {
    #expect(list(field) == expected)
  }
}
