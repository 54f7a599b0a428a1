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
  /// Where the text of one style is longer than so many bytes, only that which was asked for last is kept.
  var styleBytes = 16 << 20
  /// How many bytes of text the data series may take, for each of the most series of all processes: names, labels and values. The
  /// same text stands in each series of a process, so a few kilobytes of a file could ask for hundreds of megabytes.
  var seriesBytes = 160
  /// Small families share a chunk up to this many bytes: each chunk is compressed for itself, and what is compressed
  /// alone gets less small by less text before it.
  var smallestChunk = 16 * 1024
  /// How many metric names made of key paths are kept; beyond, all are made anew.
  var names = 10_000
  /// How many bytes of the processes' own data are kept for the API.
  var ownDataBytes = 32 << 20
  /// How many bytes of the processes' own data one answer of the API tells; of the others it tells none.
  var ownDataAnswerBytes = 8 << 20
  /// How many CPUs' labels are kept ready-made; beyond, all are made anew.
  var cpus = 10_000
}
