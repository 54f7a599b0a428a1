internal import POSIX

/// The mounts as they were read last.
struct LastMounts {
  private(set) var mounts: [Mount]
  /// What each is called in text.
  let texts: [Text]
  /// What each is asked as.
  private var keys: [MountProbe.Key]
  /// Whose mounts these are, which tells when they change.
  let files: MountFiles
  /// What was wrong with the file, though these could be read.
  let fault: ProcfsError?
  /// When they were read, on the monotonic clock.
  let time: UInt64
  /// The places of those that were not there when they were first asked; nil before.
  var absent: [Int]?
  /// The mounts that this process sees; nil as long as nothing depends on them.
  var own: OwnMounts?
  /// Which are read-only, by their numbers, as the list said when it was asked again after they were parsed.
  private(set) var readOnly: [UInt64: Bool] = [:]
  /// What `statvfs(3)` said then of the mounts that answered.
  private var readOnlyHere: [UInt64: Bool] = [:]
  /// When it said so, on the monotonic clock; nil when it was not asked again.
  private var readOnlyTime: UInt64?

  init(mounts: [Mount], files: MountFiles, fault: ProcfsError?, time: UInt64) {
    (self.mounts, self.files, self.fault, self.time) = (mounts, files, fault, time)
    texts = mounts.map(Text.init)
    keys = mounts.map(MountProbe.Key.init)
  }

  /// A mount in text.
  struct Text {
    let device: String
    let mountPoint: String
    let type: String

    init(_ mount: Mount) {
      device = ForeignText.text(mount.device)
      mountPoint = ForeignText.text(mount.point)
      type = ForeignText.text(mount.type)
    }
  }

  /// What the first ones are asked as.
  func keys(_ most: Int) -> [MountProbe.Key] { keys.count <= most ? keys : Array(keys.prefix(most)) }

  /// Whether a mount is read-only, as far as the list told.
  func isReadOnly(_ mount: Mount) -> Bool { mount.info.flatMap { readOnly[$0.number] } ?? mount.isReadOnly }

  /// Since when it is not known which mounts are read-only.
  var lastReadOnlyTime: UInt64 { readOnlyTime ?? time }

  /// Whether the list has to be asked which are read-only, for `statvfs(3)` says something new of a mount. In a sandbox it says something
  /// else than the list for as long as both live.
  func isDoubtful(_ mount: Mount, isReadOnly: Bool) -> Bool {
    mount.info.map { isReadOnly != (readOnlyHere[$0.number] ?? mount.isReadOnly) } ?? false
  }

  /// Takes over what the list says by now, and `statvfs(3)` with it.
  mutating func setReadOnly(_ infos: [MountInfo], here: [UInt64: Bool], at time: UInt64) {
    readOnly = Dictionary(infos.map { ($0.number, files.isReadOnly($0)) }) { first, _ in first }
    readOnlyHere = here
    readOnlyTime = time
  }

  /// Whether what was found where a mount was looked for is that mount, and not what lies there in the namespace of this process: in a
  /// container, and in a sandbox, the host's places are others. The mounts of its own list are in its namespace.
  func isThere(_ mount: Mount, _ pathMount: PathMount?) -> Bool {
    guard let info = mount.info, let pathMount else { return true }
    if pathMount.device == info.device { return true }
    // The files of btrfs have devices that no list of mounts has; but the mount that they are in has one.
    guard let number = pathMount.mount else { return files.isOwn || own?.has(info.device, at: mount.path) ?? false }
    return number == info.number || own?.device(of: number) == info.device
  }

  /// Whether this process can see that file system; nil when it was not looked for.
  func isVisible(_ mount: Mount) -> Bool? {
    guard let own, let info = mount.info else { return nil }
    return own.place(of: info.device) != nil
  }

  /// Takes what this process sees into account: what is not mounted where the host has it may be mounted elsewhere.
  mutating func lookAround(_ own: OwnMounts) {
    self.own = own
    for index in mounts.indices {
      guard let info = mounts[index].info, !own.has(info.device, at: mounts[index].path),
        let place = own.place(of: info.device)
      else { continue }
      mounts[index].path = place
    }
    keys = mounts.map(MountProbe.Key.init)
  }
}

extension MountProbe.Key {
  init(_ mount: Mount) { self.init(path: mount.path, device: mount.device, number: mount.info?.number) }
}

/// Where the mounts of a process are told.
struct MountFiles {
  let mounts: StaticString
  let info: StaticString
  /// Whether these are what this process sees: its own sandbox may have mounted them read-only, which says nothing of the host.
  let isOwn: Bool

  static let host = MountFiles(mounts: "1/mounts", info: "1/mountinfo", isOwn: false)
  static let own = MountFiles(mounts: "self/mounts", info: "self/mountinfo", isOwn: true)

  /// Whether a mount of the host is read-only.
  func isReadOnly(_ info: MountInfo) -> Bool { info.isFilesystemReadOnly || info.isReadOnly && !isOwn }
}

/// The mounts that this process sees.
struct OwnMounts {
  private var devices: [UInt64: UInt64] = [:]
  private var places: [UInt64: [UInt8]] = [:]
  private var devicesByPlace: [[UInt8]: UInt64] = [:]

  init(_ all: [MountInfo]) {
    for info in all {
      devices[info.number] = info.device
      if places[info.device] == nil { places[info.device] = info.point }
      devicesByPlace[info.point] = info.device
    }
  }

  /// The device of a mount.
  func device(of number: UInt64) -> UInt64? { devices[number] }

  /// The first place where a device is mounted.
  func place(of device: UInt64) -> [UInt8]? { places[device] }

  /// Whether a device is mounted at a path.
  func has(_ device: UInt64, at path: [UInt8]) -> Bool {
    let isFolder = path.count > 1 && path.last == UInt8(ascii: "/")
    return devicesByPlace[isFolder ? Array(path.dropLast()) : path] == device
  }
}
