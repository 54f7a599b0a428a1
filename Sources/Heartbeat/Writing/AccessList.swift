internal import CLinux
internal import Glibc
internal import POSIX

/// Who may use a file or a folder beside its owner, its group and all others: an access control list.
///
/// Sources: acl(5); xattr(7); linux/posix_acl_xattr.h, the form in which the kernel takes and gives it.
struct AccessList: Equatable {
  private struct Entry: Equatable {
    /// What the entry is about.
    enum Tag: UInt16 {
      case owner = 1
      case user = 2
      case group = 4
      case namedGroup = 8
      case mask = 16
      case others = 32
    }

    var tag: Tag
    /// As three bits of a mode.
    var rights: UInt16
    /// Whom it names; of no meaning where it names nobody.
    var id: UInt32
  }

  private static let attribute = "system.posix_acl_access"
  private static let version: UInt32 = 2
  private static let headLength = 4
  private static let entryLength = 8
  /// A longer one is none that any file system here keeps, in bytes.
  private static let longest = 64 << 10

  private var entries: [Entry]

  /// That of an open file; nil when its mode says all.
  ///
  /// - Throws: why nobody knows: also `EINVAL` for one of another form.
  static func of(_ file: borrowing FileDescriptor) throws(Errno) -> AccessList? {
    let number = file.rawValue
    return try read { fgetxattr(number, attribute, $0, $1) }
  }

  /// That of an open folder; nil when its mode says all, or nobody knows.
  static func of(folder: borrowing FileDescriptor) -> AccessList? {
    // By its link: it may be open for its path alone (O_PATH), by which nothing is asked of it.
    let link = "/proc/self/fd/\(folder.rawValue)"
    return try? read { getxattr(link, attribute, $0, $1) }
  }

  private static func read(_ get: (UnsafeMutableRawPointer?, Int) -> Int) throws(Errno) -> AccessList? {
    // Mostly a few entries; a longer one is asked for again with all the room that there may be.
    for room in [512, longest] {
      var bytes = [UInt8](repeating: 0, count: room)
      let length = bytes.withUnsafeMutableBytes { get($0.baseAddress, room) }
      if length >= 0 {
        guard let list = AccessList(Array(bytes.prefix(length))) else { throw Errno(EINVAL) }
        return list
      }
      switch errno {
      case ENODATA, EOPNOTSUPP, ENOSYS: return nil
      case ERANGE: continue
      default: throw Errno.last
      }
    }
    throw Errno(ERANGE)
  }

  private init?(_ bytes: [UInt8]) {
    func number(_ place: Int, _ length: Int) -> UInt32 {
      bytes[place..<place + length].reversed().reduce(0) { $0 << 8 | UInt32(clamping: $1) }
    }
    guard bytes.count >= AccessList.headLength, (bytes.count - AccessList.headLength) % AccessList.entryLength == 0,
      number(0, 4) == AccessList.version
    else { return nil }
    entries = []
    for place in stride(from: AccessList.headLength, to: bytes.count, by: AccessList.entryLength) {
      guard let tag = Entry.Tag(rawValue: UInt16(truncatingIfNeeded: number(place, 2))) else { return nil }
      entries.append(
        Entry(tag: tag, rights: UInt16(truncatingIfNeeded: number(place + 2, 2)), id: number(place + 4, 4)))
    }
  }

  private var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func append(_ number: UInt32, _ length: Int) {
      for shift in 0..<length { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * UInt32(clamping: shift)))) }
    }
    append(AccessList.version, 4)
    for entry in entries {
      append(UInt32(clamping: entry.tag.rawValue), 2)
      append(UInt32(clamping: entry.rights), 2)
      append(entry.id, 4)
    }
    return bytes
  }

  /// Gives it to a file.
  func give(to descriptor: borrowing FileDescriptor) throws(Errno) {
    let number = descriptor.rawValue
    let bytes = bytes
    _ = try retryingOnInterrupt { fsetxattr(number, AccessList.attribute, bytes, bytes.count, 0) }
  }

  /// Takes from a file what it got from its folder.
  static func remove(from descriptor: borrowing FileDescriptor) {
    _ = fremovexattr(descriptor.rawValue, attribute)
  }

  private var mask: UInt16 { entries.first { $0.tag == .mask }?.rights ?? 0o7 }

  /// What the file's group may, as three bits: its mode says instead what all whom the list names may at the most.
  var groupRights: UInt16 { (entries.first { $0.tag == .group }?.rights ?? 0) & mask }

  /// Whether it names a user who may write.
  func letsWrite(_ user: uid_t) -> Bool {
    entries.contains { $0.tag == .user && $0.id == user && $0.rights & mask & 0o2 != 0 }
  }

  /// That of a file in a folder which has this one: who may write the folder may read and write the file.
  ///
  /// - Parameters:
  ///   - mode: what the file's mode gives to others, as three bits; whoever may not write the folder gets this too.
  ///   - owner: the file's.
  ///   - folderOwner: the folder's, who is an owner no more where the file is another user's.
  ///   - isOfGroup: the file's group is the folder's.
  func ofFile(othersMay mode: UInt16, owner: uid_t, folderOwner: uid_t, isOfGroup: Bool) -> AccessList {
    var list = self
    let mask = mask
    // Whom this user namespace has no number for cannot be named from here.
    list.entries.removeAll { [.user, .namedGroup].contains($0.tag) && $0.id == .max }
    if owner != folderOwner, let place = list.entries.firstIndex(where: { $0.tag == .owner }),
      list.entries[place].rights & 0o2 != 0
    {
      list.entries.removeAll { $0.tag == .user && $0.id == folderOwner }
      list.entries.insert(Entry(tag: .user, rights: 0o2, id: folderOwner), at: place + 1)
    }
    for place in list.entries.indices {
      let entry = list.entries[place]
      let mayWrite: Bool
      switch entry.tag {
      case .owner, .mask: mayWrite = true
      case .group: mayWrite = isOfGroup && entry.rights & mask & 0o2 != 0
      case .user where owner != folderOwner && entry.id == folderOwner: mayWrite = entry.rights & 0o2 != 0
      case .user, .namedGroup: mayWrite = entry.rights & mask & 0o2 != 0
      case .others: mayWrite = entry.rights & 0o2 != 0
      }
      list.entries[place].rights = mayWrite ? 0o6 : mode & 0o6
    }
    return list
  }
}
