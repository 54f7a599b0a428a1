/// Parts of docs/troubleshooting.md, by their anchors. The exporter serves the page at `/troubleshooting`.
package enum Troubleshooting: String, CaseIterable, Sendable {
  /// A heartbeat file, or a pattern of files, gives nothing.
  case unreadableFile = "the-file-cannot-be-read"
  /// Entries are left out.
  case missingBeats = "beats-are-missing"
  /// Pushed beats do not get into the file.
  case lostPushes = "pushes-are-refused-or-lost"
  /// The exporter ends at once, or does not take its new configuration.
  case noStart = "the-exporter-does-not-start"
  /// A collector cannot read something.
  case missingNumbers = "numbers-of-the-host-or-of-processes-are-missing"
  /// A client gets no answer.
  case noScrape = "prometheus-does-not-show-it"

  /// Where to read on, as the log and the tool name it.
  package var place: String { "docs/troubleshooting.md#\(rawValue)" }
}
