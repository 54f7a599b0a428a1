internal import Flags
internal import Heartbeat
internal import POSIX

/// `heartbeat prune`
enum PruneCommand {
  private static let olderThan = Flag<Double>.value(
    "older-than", .duration, default: 86_400, help: "The age beyond which an entry is removed.")
  private static let dryRun = Flag<Bool>.toggle(
    "dry-run", negatable: false, help: "Only says what would be removed.")

  static let command = Command(
    name: "prune", title: "Removes old entries, or entries by name.",
    flags: FlagSet(
      program: "heartbeat prune",
      summary:
        "Removes entries without a beat for a long time. With names, removes these entries, whatever their age. "
        + "Readers forget them, also where the entry is gone already.",
      groups: [FlagGroup("Flags", [olderThan, dryRun, CommonFlags.file])],
      arguments: .named("NAME", 0...longestList),
      examples: [
        FlagExample("What is older than a week?", "heartbeat prune --older-than 7d --dry-run"),
        FlagExample("A program that is no more", "heartbeat prune bidder"),
      ]),
    run: { (values, _) throws(FlagError) in try run(values) })

  /// The most names of one call.
  private static let longestList = 10_000

  private static func run(_ values: FlagValues) throws(FlagError) -> Int32 {
    let names = values.arguments
    if !names.isEmpty, values.source(of: olderThan) == .commandLine {
      throw .invalid("--older-than and names exclude each other: a name is removed whatever its age")
    }
    let isDry = values[dryRun]
    let manager = HeartbeatManager(file: values[CommonFlags.file])
    do throws(HeartbeatError) {
      let age = Duration(clampingSeconds: values[olderThan])
      var refused: [HeartbeatError] = []
      var isNoted = false
      let removed =
        names.isEmpty
        ? try manager.prune(olderThan: age, dryRun: isDry, refused: &refused)
        : try manager.remove(names, dryRun: isDry, isNoted: &isNoted)
      for name in removed { Console.print((isDry ? "would remove " : "removed ") + quoted(name, limit: 200)) }
      for problem in refused { Console.error(sentence(problem)) }
      if names.isEmpty, removed.isEmpty, refused.isEmpty {
        Console.print("nothing is older than \(Durations.format(values[olderThan]))")
      }
      let found = Set(removed.map { ExactText($0) })
      let missing = names.filter { !found.contains(ExactText($0)) }
      let rest = isNoted ? "; readers are told to forget it" : ""
      for name in missing {
        Console.error("there is no \(quoted(name, limit: 200)) in \(values[CommonFlags.file])\(rest)")
      }
      return missing.isEmpty && refused.isEmpty ? 0 : 1
    } catch {
      Console.error(sentence(error))
      return 1
    }
  }

  /// What is said of an error: that a writer may take another name is no help here.
  private static func sentence(_ error: HeartbeatError) -> String {
    guard case .ownedByAnother(let file, let user) = error else { return error.description }
    return "cannot remove \(quoted(file, limit: 400)): it belongs to user \(user)"
  }
}
