/// The status words by which a program says that it ended.
public enum StoppedWords {
  /// What everybody's last word may be.
  public static let usual: Set<String> = ["stopped", "completed", "done", "finished", "exited"]

  /// Whether a status word says that its program ended; the case of ASCII letters does not matter.
  ///
  /// - Parameter further: more words, in small letters.
  public static func contains(_ word: some Collection<UInt8>, further: [String] = []) -> Bool {
    // The most frequent word is none of them: its length alone tells.
    usualList.contains { isSame(word, $0) } || further.contains { isSame(word, $0) }
  }

  /// Whether a word is a known one, which is in small letters.
  static func isSame(_ word: some Collection<UInt8>, _ known: String) -> Bool {
    known.utf8.count == word.count
      && zip(known.utf8, word).allSatisfy { known, given in
        known == given || (0x41...0x5A).contains(given) && known == given | 0x20
      }
  }

  private static let usualList = Array(usual)
}
