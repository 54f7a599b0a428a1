/// What may hang when it is asked for.
extension SourceSet {
  /// Whether a file's answers come from this machine's own kernel, as far as was found out just now: then it is read by whoever looks.
  func isLocal(_ place: Int) -> Bool {
    let files = files.span
    let source = files[place].source
    // The probe of a pattern knows no single path.
    return units[source].patternProbe != nil || units[source].probe.isLocal
  }
}
