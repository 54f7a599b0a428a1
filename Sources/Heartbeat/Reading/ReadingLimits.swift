/// How much a reader of heartbeat files takes and remembers. Tests set these to a handful, so that each is crossed often.
package struct ReadingLimits: Sendable {
  /// The most processes of one content, and of all contents together; further ones are left out.
  package var entries = 50_000
  /// What their names may take together, in bytes for each of that many processes: a name stands in each of a process's series.
  package var nameBytes = 40
  /// Of several files so many bytes are read as quickly as one is; of the others only the text is kept.
  package var keptBytes = 16 << 20
  /// The most different key paths of one content, the known keys among them; further ones are left out.
  package var keyPaths = HeartbeatSnapshot.maximumKeyPaths
  /// So many numbers of one process are told by their key paths. Further ones have none, so that a process with many keys takes no
  /// paths from others for numbers that nobody is shown; that they are there is told.
  package var numbers = Int.max
  /// Key paths are remembered from content to content. When there are more than this, all that is remembered is forgotten,
  /// and with it those that are no longer used.
  package var rememberedPaths = HeartbeatSnapshot.maximumKeyPaths / 2

  /// How many seconds after the last change of a file its content may change once more without another time of change: such
  /// times come from a clock that ticks at least every 10 ms (`CONFIG_HZ` of 100); twice that to be sure.
  package var timestampGrain = 0.02

  /// How often a file that looks as if it were being written is read again at once.
  package var retries = HeartbeatFile.retries
  /// The pause in front of each of these, in microseconds.
  package var retryPause = HeartbeatFile.retryPause

  /// Where the reading of a file may take more bytes than these, it is not done by whoever waits for the answer.
  package var largeFile = 256 << 10
  /// The same once smaller ones have taken their part of a look's time: beside these nothing makes anybody wait.
  package var smallFile = 16 << 10
  /// A reading is not taken for one that hangs before it has taken so many seconds.
  package var hangingAfter = 1.0

  /// Whoever waits for the answer looks at so many names in all folders of a pattern, and at so many of a folder of own files. Where
  /// there are more, another thread does.
  package var namesAtOnce = 10_000
  /// Of a folder of own files whoever waits for the answer reads so many files in a look, and another thread the others.
  package var filesAtOnce = 2_000
  /// That thread reads so many of a folder in a look, and works for so many seconds of the processor's time; the next looks read the rest.
  package var filesOfLook = 50_000
  package var timeOfLook = 1.0
  /// Once a folder of own files has been listed, it is not listed again for so many times as long as that took, where it took long.
  package var listingPause = 20.0
  /// So many bytes of a folder's names are kept.
  package var listedBytes = 16 << 20
  /// It is waited for so many seconds for the listing of a pattern by another thread.
  package var listingPatience = 0.1
  /// It is told when the folders of a pattern take so many seconds to be listed.
  package var listingLate = 10.0

  /// In a folder of own files, one that is empty or cut short counts as being written: until nobody has written it for so many
  /// seconds, or it was so for as long.
  package var unfinishedFor = 10.0

  /// What looks like half of the file that was there before counts as being written, like that.
  package var halfFor = 2.0

  /// The limits that docs/limits.md names.
  package init() {}
}
