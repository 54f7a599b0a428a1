/// A value that a flag sets: one declaration has the flag's name, the type, the default and the help.
///
///     struct Scrapes: FlagOptions {
///       static let heading = "Scrapes"
///       @Flagged("scrape.timeout", .duration, help: "Maximum time of a scrape.")
///       var timeout = 10.0
///     }
///
/// `FlagOptions.init(_:)` gives it what the command line says; then it is a variable like any other.
@propertyWrapper
public struct Flagged<Value: Sendable & Equatable>: Sendable, Equatable {
  /// The value: as it was set last, by the command line, the environment, or here; else the default.
  public var wrappedValue: Value
  /// The flag, to ask `FlagValues` whether and where it was given.
  public let projectedValue: Flag<Value>

  private init(_ flag: Flag<Value>) {
    projectedValue = flag
    wrappedValue = FlagValues.current?[flag] ?? flag.defaultValue
  }

  /// A flag with one value; see `Flag.value`.
  public init(
    wrappedValue: Value, _ name: String, _ type: FlagType<Value>, environment: [String] = [], help: String
  ) {
    self.init(.value(name, type, default: wrappedValue, environment: environment, help: help))
  }

  /// A flag with one value or none; see `Flag.optional`.
  public init<Wrapped>(
    wrappedValue: Value = nil, _ name: String, _ type: FlagType<Wrapped>, environment: [String] = [], help: String
  ) where Value == Wrapped? {
    self.init(.optional(name, type, environment: environment, help: help))
  }

  /// A flag that may be given more than once; see `Flag.list`.
  public init<Element>(
    wrappedValue: Value, _ name: String, eachOf type: FlagType<Element>, commas: Bool = false,
    environment: [String] = [], help: String
  ) where Value == [Element] {
    self.init(
      .list(name, type, default: wrappedValue, commas: commas, environment: environment, help: help))
  }

  /// A flag that is on or off; see `Flag.toggle`.
  public init(
    wrappedValue: Value, _ name: String, negatable: Bool = true, environment: [String] = [], help: String
  ) where Value == Bool {
    self.init(.toggle(name, default: wrappedValue, negatable: negatable, environment: environment, help: help))
  }

  /// Whether the values are the same; whose flag it is, the place in the code says.
  public static func == (one: Flagged, other: Flagged) -> Bool { one.wrappedValue == other.wrappedValue }
}

extension Flagged: FlagDefinition {
  /// What the parser, the help and the shells need to know.
  public var specification: FlagSpecification { projectedValue.specification }
}

/// Options that flags set: the properties marked `Flagged`, and those of properties that are `FlagOptions` themselves.
public protocol FlagOptions: Sendable {
  /// What stands above them in the help.
  static var heading: String { get }
  /// The defaults.
  init()
}

extension FlagOptions {
  /// What a command line says.
  public init(_ values: FlagValues) {
    self = FlagValues.$current.withValue(values) { Self() }
  }

  /// All flags under their headings, in the order in which they are declared.
  public static var flagGroups: [FlagGroup] {
    var groups: [(heading: String, flags: [any FlagDefinition])] = []
    func add(_ options: any FlagOptions) {
      let heading = type(of: options).heading
      for child in Mirror(reflecting: options).children {
        if let flag = child.value as? any FlagDefinition {
          if let place = groups.firstIndex(where: { $0.heading == heading }) {
            groups[place].flags.append(flag)
          } else {
            groups.append((heading, [flag]))
          }
        } else if let part = child.value as? any FlagOptions {
          add(part)
        }
      }
    }
    add(Self())
    return groups.map { FlagGroup($0.heading, $0.flags) }
  }
}
