internal import Glibc
internal import POSIX

/// Which files there are.
extension OwnFolder {
  /// Lists the folder; says whether other files are there now, or something else was pruned.
  mutating func list(_ folder: borrowing FileDescriptor) throws(Errno) -> Bool {
    var names: [[UInt8]] = []
    try FolderListings.list(folder, &names)
    var old = 0
    var next: [Item] = []
    next.reserveCapacity(names.count)
    var others: [[UInt8]] = []
    var surplus = 0
    var isChanged = false
    var pruned: [[UInt8]] = []
    notes = []
    for name in names {
      while old < items.count, FolderListings.precedes(items[old].name, name) {
        noteGone(old)
        old += 1
        isChanged = true
      }
      if old < items.count, items[old].name == name {
        next.append(items[old])
        old += 1
      } else if let process = OwnFileName.process(of: name) {
        guard next.count < limits.entries else {
          surplus += 1
          continue
        }
        next.append(Item(name: name, file: String(decoding: name, as: UTF8.self), process: process))
        isChanged = true
      } else if name.first != UInt8(ascii: "."), name.suffix(OwnFolder.suffix.count).elementsEqual(OwnFolder.suffix) {
        others.append(name)
      } else if PrunedNotes.user(name) != nil {
        pruned.append(name)
      } else if SilenceFiles.isMeant(name) {
        notes.append(name)
      }
    }
    for place in old..<items.count { noteGone(place) }
    isChanged = isChanged || old < items.count || misnamed != others || surplus != self.surplus
    (items, misnamed, self.surplus) = (next, others, surplus)
    let hasOther = self.pruned.read(pruned, in: folder, grain: limits.timestampGrain) { [items] in
      OwnFolder.owners(of: items)
    }
    return hasOther || isChanged
  }

  private mutating func noteGone(_ place: Int) {
    pruned.note(items[place].process, wasOf: items[place].owner)
    silences.noteGone(items[place].name, wasOf: items[place].owner)
  }

  private static let suffix = Array(".json".utf8)

  /// By the names' bytes: two names that look the same are two processes, and may be two users'.
  private static func owners(of items: [Item]) -> [[UInt8]: uid_t] {
    var owners: [[UInt8]: uid_t] = [:]
    owners.reserveCapacity(items.count)
    for item in items { owners[Array(item.process.utf8)] = item.owner }
    return owners
  }
}
