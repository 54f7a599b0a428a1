/// Validators of answers (RFC 9110 section 8.8.3).
enum EntityTag {
  /// Whether `If-None-Match` names the tag, by weak comparison (RFC 9110 section 13.1.2).
  static func matches(_ tag: String, _ header: String?) -> Bool {
    guard let header else { return false }
    let opaque = strong(tag[...])
    return header.split(separator: ",").contains { item in
      let item = item.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
      let text = String(item)
      return text == "*" || strong(text[...]) == opaque
    }
  }

  private static func strong(_ tag: Substring) -> Substring {
    tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
  }
}
