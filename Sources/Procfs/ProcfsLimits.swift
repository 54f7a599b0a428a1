/// How much a reader of `/proc` takes and remembers. Tests set these to a handful, so that each is crossed often.
package struct ProcfsLimits: Sendable {
  /// The most bytes of a process's file that are read, and of the host's files that are kept open; a longer one of the host's
  /// is opened and read for itself. The longest file of a process but the command line has some 2,000.
  package var bufferSize = 64 << 10
  /// The most mounts that are shown: a host of containers has some hundred.
  package var mounts = 4_096
  /// Up to this many numbers are looked up without a list of all processes.
  package var fewLookUps = 16
  /// How long a list of all processes may serve while none is made, in nanoseconds: where `/proc` hides what belongs to
  /// others, a process can come into view without being made.
  package var listAge: UInt64 = 60_000_000_000
  /// How long the mounts may serve that were parsed while the kernel tells of no change, in nanoseconds: what of them changes without
  /// being told of is as old as this at the most.
  package var mountAge: UInt64 = 60_000_000_000
  /// How long it may serve which mounts are read-only while `statvfs(3)` says the same as before, in nanoseconds.
  package var readOnlyAge: UInt64 = 30_000_000_000

  /// So many processes are remembered that are there, but that nobody asks for any more.
  package var unasked = 8_192
  /// For so many of those is looked in each look, to forget those that have ended.
  package var unaskedLookUps = 64

  /// What a reading of one file may take, in seconds, before it is said to hang.
  package var patience = 0.4

  /// What serves everywhere.
  package init() {}
}
