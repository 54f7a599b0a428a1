/// A flag and the type of its value: the key with which `FlagValues` is asked.
///
///     static let timeout = Flag.value("heartbeat.timeout", .duration, default: 60, help: "Age at which …")
///     …
///     let seconds: Double = values[timeout]
public struct Flag<Value: Sendable>: FlagDefinition {
  /// What the parser, the help and the shells need to know.
  public let specification: FlagSpecification
  let defaultValue: Value
  /// Makes the value of the checked texts; nil when there is none.
  let decode: @Sendable ([String]) -> Value?

  /// A flag with one value.
  ///
  /// - Parameter environment: names of environment variables beside the one that the prefix gives.
  public static func value(
    _ name: String, _ type: FlagType<Value>, default defaultValue: Value, environment: [String] = [], help: String
  ) -> Flag {
    Flag(
      specification: FlagSpecification(
        name, type, defaultText: type.format(defaultValue), environment: environment, help: help),
      defaultValue: defaultValue,
      decode: { texts in texts.last.flatMap { try? type.parse($0) } })
  }

  /// A flag with one value or none.
  public static func optional<Wrapped>(
    _ name: String, _ type: FlagType<Wrapped>, environment: [String] = [], help: String
  ) -> Flag where Value == Wrapped? {
    Flag(
      specification: FlagSpecification(name, type, defaultText: nil, environment: environment, help: help),
      defaultValue: nil,
      decode: { texts in texts.last.flatMap { try? type.parse($0) } })
  }

  /// A flag that may be given more than once; giving it replaces the default. In the environment commas separate.
  ///
  /// - Parameter commas: whether commas separate values on the command line too.
  public static func list<Element>(
    _ name: String, _ type: FlagType<Element>, default defaultValue: [Element] = [], commas: Bool = false,
    environment: [String] = [], help: String
  ) -> Flag where Value == [Element] {
    let defaultText = defaultValue.isEmpty ? nil : defaultValue.map(type.format).joined(separator: ",")
    return Flag(
      specification: FlagSpecification(
        name, type, repeatable: true, commas: commas, defaultText: defaultText, environment: environment, help: help),
      defaultValue: defaultValue,
      decode: { texts in texts.isEmpty ? nil : texts.compactMap { try? type.parse($0) } })
  }

  /// A flag that is on or off and needs no value: `--name`, and `--no-name` when it is negatable.
  public static func toggle(
    _ name: String, default defaultValue: Bool = false, negatable: Bool = true, environment: [String] = [],
    help: String
  ) -> Flag where Value == Bool {
    Flag(
      specification: FlagSpecification(
        toggle: name, negatable: negatable, isOn: defaultValue, environment: environment, help: help),
      defaultValue: defaultValue,
      decode: { texts in texts.last.flatMap { try? Toggle.parse($0) } })
  }
}

/// Any flag, whatever its type: what a `FlagGroup` is made of.
public protocol FlagDefinition: Sendable {
  /// What the parser, the help and the shells need to know.
  var specification: FlagSpecification { get }
}

/// The texts of a toggle's value.
enum Toggle {
  static func parse(_ text: String) throws(ValueError) -> Bool {
    switch text {
    case "true", "1": true
    case "false", "0": false
    default: throw ValueError(expected: "true, false, 1 or 0")
    }
  }
}
