/// A flag without the type of its value.
public struct FlagSpecification: Sendable {
  /// The name without dashes, such as `web.listen-address`.
  public let name: String
  /// What it does: one or more sentences, or a phrase.
  public let help: String
  /// What stands for the value in the help; nil for a toggle.
  public let placeholder: String?
  /// Whether it may be given more than once.
  public let isRepeatable: Bool
  /// Whether commas separate values on the command line.
  public let splitsAtCommas: Bool
  /// Whether `--no-name` exists.
  public let isNegatable: Bool
  /// What a shell may complete as its value.
  public let completion: FlagCompletion.Values
  /// The default as one would type it; nil when there is none worth showing.
  public let defaultText: String?
  /// Environment variables beside the one that the flag set's prefix gives, the first that is set wins.
  public let environment: [String]
  /// Throws what was expected if a text is no value of this flag.
  let check: @Sendable (String) throws(ValueError) -> Void

  init<Value>(
    _ name: String, _ type: FlagType<Value>, repeatable: Bool = false, commas: Bool = false, defaultText: String?,
    environment: [String], help: String
  ) {
    self.name = name
    self.help = help
    self.placeholder = type.placeholder
    self.isRepeatable = repeatable
    self.splitsAtCommas = commas
    self.isNegatable = false
    self.completion = type.completion
    self.defaultText = defaultText
    self.environment = environment
    self.check = { (text) throws(ValueError) in _ = try type.parse(text) }
  }

  init(toggle name: String, negatable: Bool, isOn: Bool, environment: [String], help: String) {
    self.name = name
    self.help = help
    self.placeholder = nil
    self.isRepeatable = false
    self.splitsAtCommas = false
    self.isNegatable = negatable
    self.completion = .nothing
    self.defaultText = isOn ? "on" : nil
    self.environment = environment
    self.check = { (text) throws(ValueError) in _ = try Toggle.parse(text) }
  }

  /// Whether it is on or off instead of having a value.
  public var isToggle: Bool { placeholder == nil }

  /// `--name`, or `--[no-]name` when it is negatable.
  public var spelling: String { isNegatable ? "--[no-]\(name)" : "--\(name)" }

  /// What was expected in the place of a missing value.
  var expectation: String {
    do throws(ValueError) {
      try check("")
      return placeholder ?? ""
    } catch {
      return error.expected
    }
  }
}
