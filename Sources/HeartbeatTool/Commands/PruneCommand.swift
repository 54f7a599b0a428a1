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
    name: "prune", title: "Removes entries that have not beaten for long.",
    flags: FlagSet(
      program: "heartbeat prune", summary: "Removes entries that have not beaten for long.",
      groups: [FlagGroup("Flags", [olderThan, dryRun, CommonFlags.file])],
      examples: [FlagExample("What is older than a week?", "heartbeat prune --older-than 7d --dry-run")]),
    run: { (values, _) in
      do throws(HeartbeatError) {
        let manager = HeartbeatManager(file: values[CommonFlags.file])
        let names = try manager.prune(olderThan: Duration(clampingSeconds: values[olderThan]), dryRun: values[dryRun])
        for name in names { Console.print((values[dryRun] ? "would remove " : "removed ") + quoted(name, limit: 200)) }
        if names.isEmpty { Console.print("nothing is older than \(Durations.format(values[olderThan]))") }
        return 0
      } catch {
        Console.error(error.description)
        return 1
      }
    })
}
