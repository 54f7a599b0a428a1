import Testing

@testable import Flags

private struct Plates: FlagOptions, Equatable {
  static let heading = "Plates"
  @Flagged("plate.count", .integer(0...9), help: "How many.")
  var count = 2
  @Flagged("plate.warm", help: "Whether they are warm.")
  var areWarm = true
}

private struct Dinner: FlagOptions, Equatable {
  static let heading = "Dinner"
  var plates = Plates()
  @Flagged("guest", eachOf: .string, environment: ["GUEST"], help: "Who comes.")
  var guests = ["ann"]
  @Flagged("wine", .string, help: "Which wine.")
  var wine: String?
  var isPaid = false
}

@Suite("Options whose properties are flags")
struct FlaggedTests {
  private func dinner(_ line: String, _ environment: [String: String] = [:]) throws -> (Dinner, FlagValues) {
    let set = FlagSet(program: "eat", summary: "Eats.", groups: Dinner.flagGroups)
    guard
      case .values(let values) = try set.parse(line.split(separator: " ").map(String.init), environment: environment)
    else { throw FlagError.invalid("no values") }
    return (Dinner(values), values)
  }

  @Test("every property marked so is a flag, under the heading of its struct, in the order of the source")
  func groups() {
    let groups = Dinner.flagGroups
    #expect(groups.map(\.title) == ["Plates", "Dinner"])
    #expect(groups.map { $0.flags.map(\.name) } == [["plate.count", "plate.warm"], ["guest", "wine"]])
    #expect(groups.flatMap(\.flags).map(\.defaultText) == ["2", "on", "ann", nil])
  }

  @Test("without flags the values are the defaults")
  func defaults() throws {
    #expect(try dinner("").0 == Dinner())
    #expect(Dinner().plates.count == 2)
    #expect(Dinner().guests == ["ann"])
    #expect(Dinner().wine == nil)
  }

  @Test("the command line and the environment reach the properties, also those of a part")
  func values() throws {
    let (dinner, values) = try dinner("--plate.count=7 --no-plate.warm --wine=red", ["GUEST": "bob,cleo"])
    #expect(dinner.plates.count == 7)
    #expect(!dinner.plates.areWarm)
    #expect(dinner.guests == ["bob", "cleo"])
    #expect(dinner.wine == "red")
    #expect(values.isSet(dinner.$wine))
    #expect(values.name(of: dinner.$guests) == "GUEST")
    #expect(Dinner().plates.count == 2, "what one command line said is not the next one's default")
  }

  @Test("a copy is a value of its own, and equality is that of the values")
  func copies() throws {
    let one = try dinner("--plate.count=7").0
    var other = one
    other.plates.count = 3
    #expect(one.plates.count == 7)
    #expect(one != other)
    other.plates.count = 7
    #expect(one == other)
  }
}
