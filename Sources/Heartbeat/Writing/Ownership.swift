internal import Glibc
internal import POSIX

/// Who may write a file: what its replacement must keep.
struct Ownership {
  private let owner: uid_t
  private let group: gid_t
  private let mode: mode_t
  private let list: AccessList?

  /// - Parameter list: whom else it names; nil when it names nobody.
  init(of file: stat, _ list: AccessList?) {
    owner = file.st_uid
    group = file.st_gid
    mode = file.permissions
    self.list = list
  }

  /// Gives a new file the owner, the group, the mode and the access control list.
  ///
  /// Where this user may not give it the owner, it is enough if that one can write it all the same: everybody may, or the
  /// group, which the owner is in.
  func handOver(_ descriptor: borrowing FileDescriptor) throws(ReplacementError) {
    let number = descriptor.rawValue
    let mine: stat
    do throws(Errno) {
      mine = try descriptor.status()
    } catch {
      throw .system(error)
    }
    var hasOwner = owner == mine.st_uid
    var hasGroup = group == mine.st_gid
    if !hasOwner, fchown(number, owner, group) == 0 { (hasOwner, hasGroup) = (true, true) }
    if !hasGroup, fchown(number, uid_t.max, group) == 0 { hasGroup = true }
    let others = mode & 0o007
    let groupRights = list.map { mode_t(clamping: $0.groupRights) } ?? (mode & 0o070) >> 3
    if !hasGroup, groupRights & ~others != 0 {
      throw .ownership("its group \(group) would lose it, since this user is not in that group")
    }
    if !hasOwner, mode & 0o200 != 0, others & 0o002 == 0, !(list?.letsWrite(owner) ?? false) {
      guard groupRights & 0o2 != 0, hasGroup, GroupMembers.has(owner, in: group) else {
        throw .ownership("it belongs to user \(owner), who could not write it any more")
      }
    }
    if let list {
      do throws(Errno) {
        try list.give(to: descriptor)
      } catch {
        throw .ownership("users whom its access control list names could not use it any more (\(error))")
      }
    } else if (try? AccessList.of(descriptor)) != nil {
      AccessList.remove(from: descriptor)
    }
    // Behind fchown, which takes bits away.
    guard fchmod(number, mode) == 0 else { throw .system(Errno.last) }
  }

  /// What root makes in a user's folder is the folder's owner's, who could not use it otherwise. To be called for a file that was
  /// made just now: one that is there already may have been brought under its name by somebody.
  static func give(_ descriptor: borrowing FileDescriptor, toOwnerOf folder: borrowing FileDescriptor) {
    guard geteuid() == 0, let folder = try? folder.status(), folder.st_uid != 0 else { return }
    _ = fchown(descriptor.rawValue, folder.st_uid, gid_t.max)
  }

  /// Whose a file is that was made just now, once `give` has seen it.
  static func owner(ofNew file: stat, in folder: stat) -> uid_t { geteuid() == 0 ? folder.st_uid : file.st_uid }

  /// Lets those write a new file who could put another one in its place: else the first user of a group's folder would
  /// keep the others from beating.
  static func share(
    _ descriptor: borrowing FileDescriptor, in place: borrowing FileDescriptor, with sharing: Replacement.Sharing
  ) {
    guard var mine = try? descriptor.status() else { return }
    if mine.st_mode & 0o600 != 0o600 {
      // Under such a umask not even the next beat could read it.
      _ = fchmod(descriptor.rawValue, mine.permissions | 0o600)
      mine = (try? descriptor.status()) ?? mine
    }
    guard sharing != .maker, let folder = try? place.status(), folder.st_mode & S_ISVTX == 0 else { return }
    defer { give(descriptor, toOwnerOf: place) }
    guard sharing == .writers else { return }
    let number = descriptor.rawValue
    var mode = mine.permissions
    // What the folder gives to all new files the kernel has given to this one.
    if folder.st_mode & 0o020 != 0, let list = AccessList.of(folder: place), (try? AccessList.of(descriptor)) == nil {
      let isOfGroup = mine.st_gid == folder.st_gid || fchown(number, uid_t.max, folder.st_gid) == 0
      let wanted = list.ofFile(
        othersMay: UInt16(clamping: mode & 0o007), owner: Ownership.owner(ofNew: mine, in: folder),
        folderOwner: folder.st_uid, isOfGroup: isOfGroup)
      if (try? wanted.give(to: descriptor)) != nil { return }
    }
    if folder.st_mode & 0o020 != 0 {
      // Who is not in that group has the folder open for another reason.
      if mine.st_gid == folder.st_gid || fchown(number, uid_t.max, folder.st_gid) == 0 { mode |= 0o660 }
    }
    if folder.st_mode & 0o002 != 0 { mode |= 0o666 }
    if mode != mine.permissions { _ = fchmod(number, mode) }
  }
}

/// Which users are in which groups, as the host's user database says.
enum GroupMembers {
  private struct Question: Hashable {
    let user: uid_t
    let group: gid_t
  }

  private static let known = Lock([Question: Bool]())
  /// So many answers are remembered.
  private static let mostKnown = 100

  /// Whether a user is in a group. A user who is in no list (a container's) counts as one: the file was theirs.
  static func has(_ user: uid_t, in group: gid_t) -> Bool {
    let question = Question(user: user, group: group)
    if let answer = known.withLock({ $0[question] }) { return answer }
    let answer = ask(user, group)
    known.withLock { known in
      if known.count >= mostKnown { known.removeAll() }
      known[question] = answer
    }
    return answer
  }

  private static func ask(_ user: uid_t, _ group: gid_t) -> Bool {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var memory = [CChar](repeating: 0, count: 65_536)
    guard getpwuid_r(user, &entry, &memory, memory.count, &found) == 0, found != nil, let name = entry.pw_name else {
      return true
    }
    let most = 1_024
    var count = Int32(clamping: most)
    var groups = [gid_t](repeating: 0, count: most)
    // Sound: the name lies in `memory`, which lives to the end of this function; the C function writes at most `count`.
    let result = withExtendedLifetime(memory) { getgrouplist(name, entry.pw_gid, &groups, &count) }
    guard result >= 0 else { return true }
    return groups.prefix(max(0, Int(widening: count))).contains(group)
  }
}
