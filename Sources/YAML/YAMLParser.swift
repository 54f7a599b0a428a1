internal import CYaml
internal import Flags

/// Reads one YAML document through libyaml's events.
///
/// Aliases and tags are refused, so a small file cannot become a large document, and nesting is limited, so it cannot
/// exhaust the stack.
public struct YAMLParser: ~Copyable {
  /// How deep lists and mappings may be nested.
  public static let deepest = 8

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Reads a document.
  ///
  /// - Returns: nil when there is none, in an empty file or one of comments.
  public static func parse(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode? {
    if let position = UTF8Check.firstInvalid(in: bytes) {
      throw YAMLError(position, "a byte that is no UTF-8: expected a text in UTF-8")
    }
    return try YAMLParser(bytes).document()
  }

  private init(_ bytes: [UInt8]) {
    // Sound: libyaml reads the input through the pointer until yaml_parser_delete, and both blocks of memory are ours
    // from here to deinit, at fixed addresses.
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    // Without memory it fails and leaves zeros behind: the first event is then an error.
    if yaml_parser_initialize(parser) == 1 {
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// What of an event is needed, copied out of libyaml's memory.
  private enum Event {
    case scalar(String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case documentStart, documentEnd, streamStart, streamEnd
  }

  private func document() throws(YAMLError) -> YAMLNode? {
    while true {
      let (event, position) = try next()
      switch event {
      case .streamEnd: return nil
      case .documentStart:
        let (first, position) = try next()
        let root = try node(first, position, depth: 0)
        _ = try next()
        let (after, place) = try next()
        guard case .streamEnd = after else {
          throw YAMLError(place, "a second document begins here: expected only one")
        }
        return root
      case .streamStart: continue
      default: throw YAMLError(position, "not YAML")
      }
    }
  }

  private func node(
    _ event: Event, _ position: ConfigurationError.Position, depth: Int
  ) throws(YAMLError) -> YAMLNode {
    guard depth <= YAMLParser.deepest else {
      throw YAMLError(position, "nested too deep: expected \(YAMLParser.deepest) levels at most")
    }
    switch event {
    case .scalar(let text, let isPlain):
      return YAMLNode(position: position, value: .scalar(text, isPlain: isPlain))
    case .sequenceStart:
      var elements: [YAMLNode] = []
      while true {
        let (event, place) = try next()
        if case .sequenceEnd = event { return YAMLNode(position: position, value: .sequence(elements)) }
        elements.append(try node(event, place, depth: depth + 1))
      }
    case .mappingStart:
      var pairs: [(key: YAMLNode, value: YAMLNode)] = []
      while true {
        let (event, place) = try next()
        if case .mappingEnd = event { return YAMLNode(position: position, value: .mapping(pairs)) }
        let key = try node(event, place, depth: depth + 1)
        let (valueEvent, valuePlace) = try next()
        pairs.append((key: key, value: try node(valueEvent, valuePlace, depth: depth + 1)))
      }
    default:
      throw YAMLError(position, "not YAML")
    }
  }

  /// Reads the next event.
  private func next() throws(YAMLError) -> (Event, ConfigurationError.Position) {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    let position = YAMLParser.position(event.start_mark)
    switch event.type {
    case YAML_STREAM_START_EVENT: return (.streamStart, position)
    case YAML_STREAM_END_EVENT: return (.streamEnd, position)
    case YAML_DOCUMENT_START_EVENT: return (.documentStart, position)
    case YAML_DOCUMENT_END_EVENT: return (.documentEnd, position)
    case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, position)
    case YAML_MAPPING_END_EVENT: return (.mappingEnd, position)
    case YAML_SEQUENCE_START_EVENT:
      try refuseTag(event.data.sequence_start.tag, position)
      return (.sequenceStart, position)
    case YAML_MAPPING_START_EVENT:
      try refuseTag(event.data.mapping_start.tag, position)
      return (.mappingStart, position)
    case YAML_ALIAS_EVENT:
      throw YAMLError(position, "an alias: expected the value itself, aliases are not supported")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      try refuseTag(scalar.tag, position)
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return (
        .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), position
      )
    default:
      throw YAMLError(position, "not YAML")
    }
  }

  private func refuseTag(_ tag: UnsafeMutablePointer<yaml_char_t>?, _ position: ConfigurationError.Position)
    throws(YAMLError)
  {
    guard let tag else { return }
    throw YAMLError(
      position, "the tag \(quoted(String(cString: tag))): expected a value without one, tags are not supported")
  }

  /// The error that libyaml reports, in words of its own but for tabs, the most frequent mistake.
  private func failure() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
    if parser.pointee.error == YAML_READER_ERROR {
      let offset = min(parser.pointee.problem_offset, input.count)
      return YAMLError(UTF8Check.position(of: offset, in: Array(input)), "not YAML: \(problem)")
    }
    let position = YAMLParser.position(parser.pointee.problem_mark)
    if startsWithTab(line: position.line) {
      return YAMLError(position, "not YAML: a tab in front of the line's text, expected spaces")
    }
    let context = parser.pointee.context.map { ", " + String(cString: $0) } ?? ""
    let since = YAMLParser.position(parser.pointee.context_mark)
    let place = context.isEmpty || since.line == position.line ? "" : " that began in line \(since.line)"
    return YAMLError(position, "not YAML: \(problem)\(context)\(place)")
  }

  /// Whether there is a tab in the blanks at the beginning of a line.
  private func startsWithTab(line: Int) -> Bool {
    let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return false }
    return lines[line - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.contains(UInt8(ascii: "\t"))
  }

  private static func position(_ mark: yaml_mark_t) -> ConfigurationError.Position {
    ConfigurationError.Position(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
  }
}
