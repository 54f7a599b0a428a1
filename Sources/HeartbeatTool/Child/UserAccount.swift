internal import Glibc
internal import POSIX

/// A user of this host: whom a program becomes.
struct UserAccount: Hashable, Sendable {
  /// As it was asked for.
  let name: String
  let id: uid_t
  let group: gid_t
  /// All groups that the user is in.
  let groups: [gid_t]
  /// The name by which the host knows the user, and the home directory; nil for a number that nobody has.
  let login: (name: String, home: String)?

  static func == (left: UserAccount, right: UserAccount) -> Bool {
    left.id == right.id && left.group == right.group && left.groups == right.groups
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(group)
  }

  /// Looks up `USER` or `USER:GROUP`, names or numbers; nil when there is no such user or group.
  init?(named text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let first = parts.first, !first.isEmpty, parts.count < 2 || !parts[1].isEmpty else { return nil }
    var group: gid_t?
    if parts.count == 2 {
      guard let found = Self.group(parts[1]) else { return nil }
      group = found
    }
    if let entry = getpwnam(first) ?? uid_t(first, radix: 10).flatMap({ getpwuid($0) }) {
      let login = String(cString: entry.pointee.pw_name)
      self.login = (login, String(cString: entry.pointee.pw_dir))
      id = entry.pointee.pw_uid
      self.group = group ?? entry.pointee.pw_gid
      groups = Self.groups(of: login, self.group)
    } else if let number = uid_t(first, radix: 10), number != uid_t.max {
      login = nil
      id = number
      // Who is in no list has no group either: one of the same number would be somebody else's.
      guard let group else { return nil }
      self.group = group
      groups = [group]
    } else {
      return nil
    }
    name = text
  }

  private static func group(_ text: String) -> gid_t? {
    if let entry = getgrnam(text) { return entry.pointee.gr_gid }
    return gid_t(text, radix: 10).flatMap { $0 == gid_t.max ? nil : $0 }
  }

  /// The most groups of a user that are taken; the kernel has 65,536.
  static let mostGroups = 65_536

  private static func groups(of login: String, _ group: gid_t) -> [gid_t] {
    var count: Int32 = 64
    while true {
      var list = [gid_t](repeating: 0, count: Int(clamping: count))
      let room = count
      if getgrouplist(login, group, &list, &count) >= 0 { return Array(list.prefix(Int(clamping: max(0, count)))) }
      guard count > room, Int(clamping: count) <= mostGroups else { return [group] }
    }
  }
}
