internal import Glibc
internal import POSIX

/// Which files there are.
extension OwnFolder {
  /// More files than may be read.
  struct Crowd: Sendable, Equatable {
    /// How many have no place.
    var count = 0
    /// How many of each owner.
    var owners: [uid_t: Int] = [:]
    /// The first ones, by the owners' turns.
    var named: [[UInt8]] = []
    /// So many of one owner are known by name.
    static let mostOfOne = 10
    /// So many of all are named.
    static let mostNamed = EntryProblem.maximumCount / 2
  }

  /// A file that may be a process's.
  private struct Place {
    let name: [UInt8]
    /// Where it stands among those that are known.
    let old: Int?
    /// Whose it is, where that was asked.
    var owner: uid_t?
  }

  /// Lists the folder; says whether other files are there now, or something else was pruned.
  ///
  /// - Parameter most: of more names none is looked at, and nil is given.
  mutating func list(_ folder: borrowing FileDescriptor, most: Int = .max) throws(Errno) -> Bool? {
    var names: [[UInt8]] = []
    guard let dropped = try FolderListings.list(folder, &names, most: most, room: limits.listedBytes) else {
      return nil
    }
    listed = names.count
    var old = 0
    var places: [Place] = []
    places.reserveCapacity(names.count)
    var others: [[UInt8]] = []
    var isChanged = false
    var pruned: [[UInt8]] = []
    notes = []
    func pass(_ old: Int, _ folder: inout OwnFolder) {
      // Where not all names were given nobody is gone by that: a look finds it out.
      if dropped > 0 { places.append(Place(name: folder.items[old].name, old: old)) } else { folder.noteGone(old) }
    }
    for name in names {
      while old < items.count, FolderListings.precedes(items[old].name, name) {
        pass(old, &self)
        old += 1
        isChanged = isChanged || dropped == 0
      }
      if old < items.count, items[old].name == name {
        places.append(Place(name: name, old: old))
        old += 1
      } else if OwnFileName.isOfProcess(name) {
        places.append(Place(name: name, old: nil))
      } else if name.first != UInt8(ascii: "."), name.suffix(OwnFolder.suffix.count).elementsEqual(OwnFolder.suffix) {
        others.append(name)
      } else if PrunedNotes.user(name) != nil {
        pruned.append(name)
      } else if SilenceFiles.isMeant(name) {
        notes.append(name)
      }
    }
    for place in old..<items.count { pass(place, &self) }
    var (next, crowd) = choose(places, in: folder)
    crowd.count += dropped
    isChanged = isChanged || dropped == 0 && old < items.count || misnamed != others || crowd != self.crowd
    var kept: [Item] = []
    kept.reserveCapacity(next.count)
    for place in next {
      if let old = place.old {
        kept.append(items[old])
      } else if let process = OwnFileName.process(of: place.name) {
        var item = Item(name: place.name, file: String(decoding: place.name, as: UTF8.self), process: process)
        item.isAsked = generation != 0
        item.listedOwner = place.owner
        kept.append(item)
        isChanged = true
      }
    }
    isChanged = isChanged || kept.count != items.count
    (items, misnamed, self.crowd) = (kept, others, crowd)
    let hasOther = self.pruned.read(pruned, in: folder, grain: limits.timestampGrain) { [items] in
      OwnFolder.owners(of: items)
    }
    return hasOther || isChanged
  }

  /// The files that are read, where there are more than may be: those of which a beat came before; the other places are shared by the
  /// files' owners, who have them by turns, so that nobody's files keep those of all others out.
  private func choose(_ listed: [Place], in folder: borrowing FileDescriptor) -> ([Place], Crowd) {
    guard listed.count > limits.entries else { return (listed, Crowd()) }
    var places = listed
    var isChosen = [Bool](repeating: false, count: places.count)
    var held: [uid_t: Int] = [:]
    var free = limits.entries
    var (known, new): ([(place: Int, owner: uid_t)], [(place: Int, owner: uid_t)]) = ([], [])
    for (index, place) in listed.enumerated() {
      var owner = place.old.flatMap { items[$0].owner ?? items[$0].listedOwner }
      // What is gone by now needs no place.
      owner = owner ?? (try? folder.status(at: String(decoding: place.name, as: UTF8.self)))?.st_uid
      guard let owner else { continue }
      places[index].owner = owner
      guard let old = place.old else {
        new.append((index, owner))
        continue
      }
      if items[old].member != nil {
        isChosen[index] = true
        free -= 1
        held[owner, default: 0] += 1
      } else {
        known.append((index, owner))
      }
    }
    // How many each owner has with this one.
    var turns: [(turn: Int, place: Int, owner: uid_t)] = []
    turns.reserveCapacity(known.count + new.count)
    for (place, owner) in known + new {
      let turn = held[owner, default: 0]
      held[owner] = turn + 1
      turns.append((turn, place, owner))
    }
    turns.sort { ($0.turn, $0.place) < ($1.turn, $1.place) }
    for candidate in turns.prefix(max(0, free)) { isChosen[candidate.place] = true }
    var crowd = Crowd()
    var first: [(turn: Int, place: Int)] = []
    for candidate in turns.dropFirst(max(0, free)) {
      let count = crowd.owners[candidate.owner, default: 0]
      crowd.owners[candidate.owner] = count + 1
      crowd.count += 1
      if count < Crowd.mostOfOne { first.append((count, candidate.place)) }
    }
    first.sort { $0 < $1 }
    crowd.named = first.prefix(Crowd.mostNamed).map { places[$0.place].name }
    return (places.indices.filter { isChosen[$0] }.map { places[$0] }, crowd)
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
