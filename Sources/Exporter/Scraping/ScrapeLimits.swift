internal import Heartbeat
internal import Procfs

/// How much is remembered from one scrape to the next. Tests set these to a handful, so that each is crossed often.
struct ScrapeLimits: Sendable {
  /// Of the heartbeat file.
  var reading = ReadingLimits()
  /// Of `/proc`.
  var procfs = ProcfsLimits()
  /// How long a scrape waits for what does not answer, in seconds.
  var deadline = 2.0
  /// After how long one source of the host is left waiting and the next one asked, in seconds.
  var patience = 0.1
  /// For how many styles the families are kept rendered, those asked for last.
  var styles = 3
  /// Small families share a chunk up to this many bytes: each chunk is compressed for itself, and what is compressed
  /// alone gets less small by less text before it.
  var smallestChunk = 16 * 1024
  /// How many metric names made of key paths are kept; beyond, all are made anew.
  var names = 10_000
  /// How many bytes of the processes' own data are kept for the API.
  var ownDataBytes = 32 << 20
  /// How many CPUs' labels are kept ready-made; beyond, all are made anew.
  var cpus = 10_000
}
