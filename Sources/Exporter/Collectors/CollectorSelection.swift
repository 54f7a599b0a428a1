internal import Flags
internal import POSIX

/// The collectors that can be switched on and off, and asked for in a request.
public enum CollectorName: String, CaseIterable, Sendable {
  /// The heartbeat file.
  case heartbeat
  /// `/proc` of the processes that beat.
  case process
  /// The host.
  case system
}

/// Which collectors a request asks for, by `collect[]` or `exclude[]` in its query, as in node_exporter.
struct CollectorSelection: Hashable, Sendable {
  var names: Set<CollectorName>

  /// What is wrong with a query, in one line.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads the query; other parameters mean nothing here.
  ///
  /// - Parameter enabled: the collectors that the flags left on.
  init(query: [(String, String)], enabled: Set<CollectorName>) throws(Invalid) {
    var collected: Set<CollectorName> = []
    var excluded: Set<CollectorName> = []
    for (parameter, value) in query where parameter.isSame(as: "collect[]") || parameter.isSame(as: "exclude[]") {
      guard let name = CollectorName(exactly: value) else {
        let known = CollectorName.allCases.map(\.rawValue)
        let hint = nearest(to: value, among: known).map { "did you mean \($0)?" }
        throw Invalid(
          description: "\(parameter): unknown collector \(quoted(value)), "
            + (hint ?? "expected one of \(known.joined(separator: ", "))"))
      }
      guard enabled.contains(name) else {
        throw Invalid(description: "\(parameter)=\(value): this collector is switched off by a flag")
      }
      if parameter == "collect[]" { collected.insert(name) } else { excluded.insert(name) }
    }
    if !collected.isEmpty, !excluded.isEmpty {
      throw Invalid(description: "collect[] and exclude[] cannot be combined")
    }
    names = collected.isEmpty ? enabled.subtracting(excluded) : collected
  }
}
