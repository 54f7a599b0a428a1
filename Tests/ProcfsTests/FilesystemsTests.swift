import Glibc
import POSIX
import Testing

@testable import Procfs

@Suite("Mounted file systems")
struct FilesystemsTests {
  static func mounts(_ text: String, below root: String = "") -> [String] {
    (parse(text) { Mount.parse($0, below: Array(root.utf8)) } ?? []).map { String(decoding: $0.point, as: UTF8.self) }
  }

  @Test("those that hold data of the host, each device once")
  func fixture() throws {
    let bytes = try Fixture.procfs().withContents(of: "1/mounts") { Array($0) }
    #expect(
      Self.mounts(String(decoding: bytes, as: UTF8.self)) == ["/run", "/", "/boot/efi", "/srv/my data"])
  }

  @Test("the last mount at a place hides the others")
  func hidden() {
    let mounts = parse("/dev/a / ext4 rw\n/dev/b /x ext4 rw\n/dev/c / xfs rw\n") { Mount.parse($0) }
    #expect(mounts?.map { String(decoding: $0.device, as: UTF8.self) } == ["/dev/c", "/dev/b"])
  }

  @Test("a container's root is an overlay")
  func overlay() {
    #expect(Self.mounts("overlay / overlay rw\noverlay /x overlay rw\n") == ["/"])
  }

  @Test("seen from the host's root")
  func below() {
    let text = "/dev/a /etc/hosts ext4 rw\n/dev/a /host ext4 rw\n/dev/b /host/boot ext4 rw\n/dev/c /hostile ext4 rw\n"
    #expect(Self.mounts(text, below: "/host") == ["/", "/boot"])
  }

  @Test(
    "octal escapes",
    arguments: [
      ("a\\040b", "a b"), ("\\134", "\\"), ("\\04", "\\04"), ("\\", "\\"), ("\\999", "\\999"), ("\\777", "\\777"),
      ("\\011\\012", "\t\n"),
    ])
  func escapes(text: String, expected: String) {
    #expect(parse(text) { Mount.unescape($0) } == Array(expected.utf8))
  }

  @Test("the room is looked up below the root; what is not there is left out")
  func room() throws {
    let root = try TemporaryTree()
    root.makeDirectory("srv/my data")
    root.makeDirectory("run")
    let procfs = Procfs(procfs: Fixture.path, rootfs: root.path + "/")
    let found = try procfs.filesystems()
    #expect(found.map(\.mountPoint) == ["/run", "/", "/srv/my data"])
    #expect(found.map(\.device) == ["tmpfs", "/dev/nvme0n1p2", "/dev/sda1"])
    #expect(found.map(\.type) == ["tmpfs", "ext4", "xfs"])
    let rooms = found.compactMap(\.room)
    #expect(rooms.count == 3)
    #expect(rooms.allSatisfy { $0.sizeBytes >= $0.freeBytes && $0.freeBytes >= $0.availableBytes && $0.sizeBytes > 0 })
    #expect(rooms.allSatisfy { $0.files >= $0.freeFiles })
  }

  @Test("a NUL in a mount point is no mount point, nor is one without a slash")
  func odd() {
    #expect(Self.mounts("/dev/a /a\\000b ext4 rw\n/dev/b none ext4 rw\n/dev/c\n\n/dev/d /d ext4\n") == ["/d"])
  }

  @Test("a disk of its own for containers is shown, what they have mounted on it is not")
  func containers() {
    let text = """
      /dev/a / ext4 rw 0 0
      /dev/b /var/lib/docker/overlay2 ext4 rw 0 0
      /dev/b /var/lib/docker ext4 rw 0 0
      shm /var/lib/docker/containers/1/mounts/shm tmpfs rw 0 0
      /dev/c /var/lib/containers/storage xfs rw 0 0
      /dev/c /var/lib/containers/storage/overlay xfs rw 0 0
      tmpfs /var/lib/kubelet/pods/1/volumes/secret tmpfs rw 0 0
      /dev/d /var/lib/kubelet ext4 rw 0 0
      ramfs /run/credentials/a.service ramfs ro 0 0
      shm /run/containerd/io.containerd.grpc.v1.cri/sandboxes/1/shm tmpfs rw 0 0
      shm /run/k3s/containerd/io.containerd.grpc.v1.cri/sandboxes/1/shm tmpfs rw 0 0
      shm /run/k0s/containerd/io.containerd.grpc.v1.cri/sandboxes/ab/shm tmpfs rw 0 0
      shm /run/containers/storage/overlay-containers/1/userdata/shm tmpfs rw 0 0
      shm /var/snap/microk8s/common/run/containerd/io.containerd.grpc.v1.cri/sandboxes/1/shm tmpfs rw 0 0
      tmpfs /var/snap/microk8s/common/var/lib/kubelet/pods/1/volumes/secret tmpfs rw 0 0
      tmpfs /var/lib/k0s/kubelet/pods/1/volumes/secret tmpfs rw 0 0
      /dev/g /run/containerd ext4 rw 0 0
      /dev/e /var/lib/dockerish ext4 rw 0 0
      /dev/f /devices ext4 rw 0 0

      """
    #expect(
      Self.mounts(text) == [
        "/", "/var/lib/docker", "/var/lib/containers/storage", "/var/lib/kubelet", "/run/containerd",
        "/var/lib/dockerish", "/devices",
      ])
  }

  @Test("what is left out is chosen by flags: network file systems and container layers can be shown")
  func filter() throws {
    let text =
      "nas:/x /nas nfs4 rw\nsshfs /s fuse.sshfs rw\noverlay /o overlay rw\n/dev/a /dev/a ext4 rw\n/dev/b /b ext4 rw\n"
    var filter = HostFilter()
    func points() -> [String] {
      (parse(text) { Mount.parse($0, filter: filter) } ?? []).map { String(decoding: $0.point, as: UTF8.self) }
    }
    #expect(points() == ["/nas", "/s", "/o", "/dev/a", "/b"])
    filter.mountPoints = try RegularExpression("^/dev/|^/b$")
    filter.filesystemTypes = try RegularExpression("^fuse")
    #expect(points() == ["/nas", "/o"])
  }

  @Test("of what a program made up the name says nothing, so each is shown; so is what has one name and two types")
  func programs() throws {
    let text = """
      /dev/fuse /one fuse rw
      /dev/fuse /two fuse rw
      /srv/data /three fuse.bindfs rw
      /srv/data /four fuse.mergerfs rw
      /srv/data /five fuse.bindfs rw
      //nas/share /six cifs rw
      //nas/share /seven cifs rw
      /dev/sdb1 /eight fuseblk rw
      /dev/sdb1 /nine fuseblk rw

      """
    let mounts = parse(text) { Mount.parse($0, filter: HostFilter()) } ?? []
    #expect(
      mounts.map { String(decoding: $0.point, as: UTF8.self) } == [
        "/one", "/two", "/three", "/four", "/five", "/six", "/eight",
      ])
  }

  @Test("only what is shown counts towards the limit, and what is beyond it is said")
  func limit() throws {
    let tree = try TemporaryTree()
    var limits = ProcfsLimits()
    limits.mounts = 2
    let layers = String(repeating: "overlay /layer overlay rw\noverlay /other overlay rw\n", count: 3)
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: limits,
      mountProbe: MountProbe { _ in .room(Filesystem.Room(statvfs())) })
    func found(_ text: String) throws -> (points: [String], complaints: [String]) {
      tree.write("1/mounts", text)
      var complaints: [String] = []
      return (try procfs.filesystems { complaints.append($0.description) }.map(\.mountPoint), complaints)
    }
    let two = try found("/dev/a / ext4 rw\n" + layers + "/dev/b /late ext4 rw\n")
    #expect(two.points == ["/", "/late"] && two.complaints == [])
    let three = try found("/dev/a / ext4 rw\n/dev/b /b ext4 rw\n/dev/c /c ext4 rw\n")
    #expect(three.points == ["/", "/b"])
    #expect(three.complaints == ["\(tree.path)/1/mounts: it has 3 mounts, of which 2 are shown"])
  }

  @Test(
    "mounts that hang, however many, cost neither those that have answered before nor others; who is not asked is no error"
  )
  func many() throws {
    let tree = try TemporaryTree()
    let gate = ConditionLock(false)
    let late = Lock(false)
    let probe = MountProbe(mostHanging: 3) { path in
      let path = String(decoding: path, as: UTF8.self)
      if path.hasPrefix("/hung") || path == "/fickle" && late.withLock({ $0 }) { gate.wait { $0 ? () : nil } }
      return .room(Filesystem.Room(statvfs()))
    }
    // Only those that hang make it wait for so long, so a machine that is busy has time enough.
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe, mountTimeout: 2)
    func found(_ points: [String]) throws -> (answered: [String], late: [String], complaints: Int) {
      tree.write("1/mounts", points.map { "dev\($0) \($0) beegfs rw\n" }.joined())
      var complaints = 0
      let all = try procfs.filesystems { _ in complaints += 1 }
      return (
        all.filter { $0.failure == nil }.map(\.mountPoint), all.filter { $0.failure != nil }.map(\.mountPoint),
        complaints
      )
    }
    let two = try found(["/hung1", "/", "/hung2", "/fickle"])
    #expect(two.answered == ["/", "/fickle"] && two.late == ["/hung1", "/hung2"] && two.complaints == 0)
    let hung = ["/hung1", "/hung2", "/hung3", "/hung4"]
    let four = try found(hung + ["/", "/fickle", "/new"])
    #expect(four.answered == ["/", "/fickle"])
    #expect(four.late == ["/hung1", "/hung2", "/hung3"])
    #expect(four.complaints == 1)
    // One that answered before takes no thread of the others.
    late.withLock { $0 = true }
    let five = try found(hung + ["/fickle", "/"])
    #expect(five.answered == ["/"] && five.late == ["/hung1", "/hung2", "/hung3", "/fickle"])
    gate.withLock { $0 = true }
    var isBack = false
    for _ in 0..<3_000 where !isBack { isBack = try found(hung + ["/fickle", "/new", "/"]).answered.count == 7 }
    #expect(isBack)
  }

  @Test(
    "only where the mounts of process 1 may not be seen those of this process serve; a damaged file is told, not passed over",
    arguments: [
      (nil, ["/own"], []), ("", nil, ["it is empty"]), ("garbage\n", nil, ["expected lines of mounts"]),
      ("/dev/a /host ext4 rw 0 0\n/dev/b /b ex", ["/host"], ["its last line is cut"]),
      ("/dev/a /host ext4 rw 0 0\n\u{1}\n", ["/host"], ["its line \u{1} is malformed"]),
    ] as [(String?, [String]?, [String])])
  func fallback(host: String?, expected: [String]?, reasons: [String]) throws {
    let tree = try TemporaryTree()
    tree.write("self/mounts", "/dev/a /own ext4 rw 0 0\n")
    if let host { tree.write("1/mounts", host) }
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: ProcfsLimits(),
      mountProbe: MountProbe { _ in .room(Filesystem.Room(statvfs())) })
    var faults: [ProcfsError] = []
    var points: [String]?
    do {
      points = try procfs.filesystems { faults.append($0) }.map(\.mountPoint)
    } catch {
      if faults.isEmpty { faults.append(error) }
    }
    #expect(points == expected)
    #expect(faults.map(\.reason) == reasons && faults.allSatisfy { $0.file == tree.path + "/1/mounts" })
  }

  @Test("another mount at the place of one that hangs is asked, and those that hung before take no thread of others")
  func another() throws {
    let tree = try TemporaryTree()
    let gate = ConditionLock((isOpen: false, hungPlaces: Set<String>(["/a", "/b", "/c"])))
    let probe = MountProbe(mostHanging: 3) { path in
      let path = String(decoding: path, as: UTF8.self)
      if gate.withLock({ $0.hungPlaces.contains(path) }) { gate.wait { $0.isOpen ? () : nil } }
      return .room(Filesystem.Room(statvfs()))
    }
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe, mountTimeout: 1)
    func late(_ device: String, _ number: Int) throws -> [String] {
      tree.write("1/mounts", ["a", "b", "c"].map { "\(device) /\($0) beegfs rw\n" }.joined())
      let numbers = ["a", "b", "c"].map { "\(number)\($0.utf8.first ?? 0) 1 0:9 / /\($0) rw - beegfs \(device) rw\n" }
      tree.write("1/mountinfo", numbers.joined())
      return try procfs.filesystems().filter { $0.failure != nil }.map(\.mountPoint)
    }
    #expect(try late("nas:/a", 1) == ["/a", "/b", "/c"])
    gate.withLock { $0.hungPlaces = [] }
    #expect(try late("nas:/a", 1) == ["/a", "/b", "/c"], "the same mounts, which hang")
    #expect(try late("nas:/a", 2) == [], "the same device, mounted once more")
    gate.withLock { $0.hungPlaces = ["/a", "/b", "/c"] }
    #expect(try late("nas:/a", 2) == ["/a", "/b", "/c"])
    gate.withLock { $0.hungPlaces = [] }
    #expect(try late("nas:/b", 2) == [], "another device")
    gate.withLock { $0.isOpen = true }
  }

  @Test("a root of the host that is not there is a failure, not a host without file systems")
  func noRoot() throws {
    let tree = try TemporaryTree()
    tree.write("1/mounts", "/dev/a / ext4 rw\n/dev/b /b ext4 rw\n")
    let procfs = Procfs(procfs: tree.path, rootfs: tree.path + "/nowhere")
    #expect(throws: ProcfsError.self) { try procfs.filesystems() }
  }

  @Test("in a container a disk is named by the path that says most")
  func bindMounts() {
    let files = "/dev/a /etc/resolv.conf ext4 rw\n/dev/a /etc/hosts ext4 rw\n"
    #expect(Self.mounts("overlay / overlay rw\n" + files + "/dev/a /data ext4 rw\n") == ["/", "/data"])
    #expect(
      Self.mounts("overlay / overlay rw\n" + files + "/dev/a /run/heartbeat_status.json ext4 rw\n")
        == ["/", "/run/heartbeat_status.json"])
    #expect(Self.mounts("/dev/b /app/config.yml ext4 ro\n/dev/b /srv/.data ext4 rw\n") == ["/srv/.data"])
    #expect(Self.mounts(files) == ["/etc/resolv.conf"])
  }

  @Test("read-only is what is mounted so, also where it does not answer; no mount at all is a failure")
  func options() {
    let mounts = parse("/dev/a /a ext4 rw,errors=remount-ro\n/dev/b /b ext4 nosuid,ro\n/dev/c /c ext4\n") {
      Mount.parse($0)
    }
    #expect(mounts?.map(\.isReadOnly) == [false, true, false])
    #expect(parse("") { Mount.parse($0) } == nil)
    #expect(parse("x\n") { Mount.parse($0) } == nil)
    #expect(parse("proc /proc proc rw\n") { Mount.parse($0) } == [])
  }

  @Test("after errors ext4 is barred to all who write, and not `ro`; no other option is taken for that")
  func barred() {
    let options = [
      "rw,errors=remount-ro,emergency_ro", "emergency_ro,rw", "rw,shutdown", "rw,errors=remount-ro",
      "rw,emergency_root,shutdowns",
    ]
    let expected = [true, true, true, false, false]
    let infos = parse(options.map { "1 0 8:1 / /a rw - ext4 /dev/a \($0)\n" }.joined(), MountInfo.parse)
    #expect(infos.map(\.isFilesystemReadOnly) == expected)
    #expect(infos.map(\.isReadOnly) == options.map { _ in false })
    for (options, expected) in zip(options, expected) {
      #expect(parse("/dev/a / ext4 \(options)\n") { Mount.parse($0) }?.map(\.isReadOnly) == [expected])
    }
  }

  @Test("of what ext4 does after errors `statvfs` says nothing: the list of mounts is asked", arguments: ["1", "self"])
  func barredLater(process: String) throws {
    let tree = try TemporaryTree()
    tree.write("\(process)/mounts", "/dev/a / ext4 rw\n/dev/b /b ext4 rw\n")
    let probe = MountProbe { _ in .room(Filesystem.Room(statvfs())) }
    let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe)
    func readOnly(_ options: String) throws -> [Bool] {
      tree.write(
        "\(process)/mountinfo", "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /b rw - ext4 /dev/b \(options)\n")
      return try procfs.filesystems().map(\.isReadOnly)
    }
    #expect(try readOnly("rw,errors=remount-ro") == [false, false])
    #expect(try readOnly("rw,errors=remount-ro,emergency_ro") == [false, true])
  }

  @Test("read-only is also what the file system says of itself, whatever the options were when the mounts were parsed")
  func turnedReadOnly() throws {
    let tree = try TemporaryTree()
    tree.write("1/mounts", "/dev/a / ext4 rw\n/dev/b /b ext4 rw\n/dev/c /c ext4 ro\n")
    let broken = Lock(false)
    let probe = MountProbe { path in
      .room(Filesystem.Room(statvfs()), isReadOnly: path == Array("/b".utf8) && broken.withLock { $0 })
    }
    let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe)
    #expect(try procfs.filesystems().map(\.isReadOnly) == [false, false, true])
    broken.withLock { $0 = true }
    #expect(try procfs.filesystems().map(\.isReadOnly) == [false, true, true])
  }

  @Test("the fields of mountinfo: some are not always there, and a name may be empty")
  func mountInfo() {
    let text = """
      27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda ro,errors=remount-ro
      28 27 0:25 /a /srv/my\\040data ro,nosuid shared:2 master:1 propagate_from:3 unbindable - tmpfs  rw,size=4k
      29 27 1048575:4294967295 / /x rw -
      30 27 9 / /y rw - ext4 /dev/b rw
      31 27 0:9 / /z
      x

      """
    let all = parse(text, MountInfo.parse)
    #expect(all.map(\.number) == [27, 28, 29])
    #expect(all.map { String(decoding: $0.point, as: UTF8.self) } == ["/", "/srv/my data", "/x"])
    #expect(all.map(\.isReadOnly) == [false, true, false])
    #expect(all.map(\.isFilesystemReadOnly) == [true, false, false])
    #expect(
      all.map(\.device)
        == [MountInfo.device(254, 0), MountInfo.device(0, 25), MountInfo.device(1_048_575, 4_294_967_295)])
    #expect(parse(text) { MountInfo.parse($0, only: [28]) } == Array(all[1...1]))
  }

  /// A host with a disk at `/` and another at `/b`, which is seen from elsewhere.
  private func seen(
    rootfs: String = "/", host: [String: PathMount], own: String? = nil, isReadOnly: Bool = true,
    forbidden: Set<String> = []
  ) throws -> (shown: [String], readOnly: [String], unseen: [String], asked: Set<String>, failures: [String]) {
    let tree = try TemporaryTree()
    tree.write("1/mounts", "/dev/a / btrfs rw\n/dev/b /b ext4 rw\n")
    tree.write("1/mountinfo", "11 1 0:30 /sub / rw - btrfs /dev/a rw\n12 11 8:2 / /b rw - ext4 /dev/b rw\n")
    if let own { tree.write("self/mountinfo", own) }
    let asked = Lock<Set<String>>([])
    let probe = MountProbe { path in
      let path = String(decoding: path, as: UTF8.self)
      asked.withLock { _ = $0.insert(path) }
      if forbidden.contains(path) { return .failed(EACCES) }
      guard let pathMount = host[path] else { return .failed(ENOENT) }
      return .room(Filesystem.Room(statvfs()), isReadOnly: isReadOnly, pathMount: pathMount)
    }
    let procfs = Procfs(procfs: tree.path, rootfs: rootfs, limits: ProcfsLimits(), mountProbe: probe)
    var unseen: [String] = []
    let found = try procfs.filesystems(unseen: { unseen = $0 })
    return (
      found.map(\.mountPoint), found.filter(\.isReadOnly).map(\.mountPoint), unseen, asked.withLock { $0 },
      found.compactMap(\.failure)
    )
  }

  private static let diskB = PathMount(device: MountInfo.device(8, 2), mount: 12)
  private static let other = PathMount(device: MountInfo.device(0, 99), mount: 99)

  @Test("a mount is shown when what is at its place is its device; that this process may not write there says nothing")
  func sameDevice() throws {
    // A file of btrfs has a device of its own, but the mount is the host's.
    let subvolume = PathMount(device: MountInfo.device(0, 31), mount: 11)
    let found = try seen(host: ["/": subvolume, "/b": Self.diskB])
    #expect(found.shown == ["/", "/b"] && found.readOnly == [] && found.unseen == [])
  }

  @Test("btrfs in another namespace: the mount there has the device of the host's")
  func subvolumes() throws {
    let subvolume = PathMount(device: MountInfo.device(0, 31), mount: 51)
    let own = "51 1 0:30 /sub /host rw - btrfs /dev/a rw\n"
    let found = try seen(rootfs: "/host/", host: ["/host/": subvolume], own: own)
    #expect(found.shown == ["/"] && found.unseen == ["/b"])
    // Before Linux 5.8 its place tells.
    let old = PathMount(device: MountInfo.device(0, 31))
    #expect(try seen(rootfs: "/host", host: ["/host/": old], own: own).shown == ["/"])
    #expect(throws: ProcfsError.self) {
      try seen(rootfs: "/host", host: ["/host/": old], own: "51 1 0:99 / /host rw\n")
    }
  }

  @Test("what else lies at the place of a mount is not it; it is shown where this process sees it")
  func elsewhere() throws {
    let nowhere = try seen(host: ["/": Self.other, "/b": Self.other], own: "99 1 0:99 / / rw - overlay overlay rw\n")
    #expect(nowhere.shown == [] && nowhere.unseen == ["/", "/b"])
    let own = "99 1 0:99 / / rw - overlay overlay rw\n98 99 8:2 /x/hosts /etc/hosts rw - ext4 /dev/b rw\n"
    let inContainer = try seen(
      host: ["/": Self.other, "/etc/hosts": PathMount(device: MountInfo.device(8, 2), mount: 98)], own: own)
    #expect(inContainer.shown == ["/b"] && inContainer.unseen == ["/"])
    #expect(inContainer.asked == ["/", "/b", "/etc/hosts"])
  }

  @Test("a mount that hangs leaves time to look for others elsewhere, and none is asked twice")
  func elsewhereBesideHung() throws {
    let tree = try TemporaryTree()
    tree.write("1/mounts", "/dev/a / ext4 rw\n/dev/b /b ext4 rw\nnas:/c /c beegfs rw\n")
    tree.write(
      "1/mountinfo",
      "11 1 8:1 / / rw - ext4 /dev/a rw\n12 11 8:2 / /b rw - ext4 /dev/b rw\n13 11 0:9 / /c rw - beegfs nas:/c rw\n")
    tree.write("self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/a rw\n22 21 8:2 /x /etc/hosts rw - ext4 /dev/b rw\n")
    let gate = ConditionLock(false)
    let asked = Lock<[String]>([])
    let probe = MountProbe { path in
      let path = String(decoding: path, as: UTF8.self)
      asked.withLock { $0.append(path) }
      if path == "/c" { gate.wait { $0 ? () : nil } }
      let devices: [String: UInt64] = ["/": 1, "/etc/hosts": 2]
      guard let device = devices[path] else { return .failed(ENOENT) }
      return .room(
        Filesystem.Room(statvfs()), pathMount: PathMount(device: MountInfo.device(8, device), mount: 20 + device))
    }
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe, mountTimeout: 6)
    let found = try procfs.filesystems()
    #expect(found.map(\.mountPoint) == ["/", "/b", "/c"])
    #expect(found.map(\.failure) == [nil, nil, "it does not answer"])
    #expect(asked.withLock { $0.sorted() } == ["/", "/b", "/c", "/etc/hosts"])
    // Those that answered are trusted as before.
    #expect(try procfs.filesystems().map(\.failure) == [nil, nil, "it does not answer"])
    gate.withLock { $0 = true }
  }

  @Test("what a container forbids of a folder of its own is no failure of the host's mount; what the host forbids is")
  func forbidden() throws {
    let container = try seen(host: ["/": Self.other], own: "99 1 0:99 / / rw - overlay overlay rw\n", forbidden: ["/b"])
    #expect(container.unseen == ["/", "/b"] && container.failures == [])
    let same = "11 1 0:30 /sub / rw - btrfs /dev/a rw\n12 11 8:2 / /b rw - ext4 /dev/b rw\n"
    let host = try seen(host: ["/": Self.other], own: same, forbidden: ["/b"])
    #expect(host.shown == ["/b"] && host.failures == ["Permission denied (EACCES)"])
  }

  @Test("btrfs before Linux 5.8, where process 1 is out of sight: what this process lists is where it lists it")
  func ownSubvolumes() throws {
    let tree = try TemporaryTree()
    tree.write("self/mounts", "/dev/a / btrfs rw\n")
    tree.write("self/mountinfo", "11 1 0:30 /sub / rw - btrfs /dev/a rw\n")
    func points(_ pathMount: PathMount) throws -> [String] {
      let probe = MountProbe { _ in .room(Filesystem.Room(statvfs()), pathMount: pathMount) }
      let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe)
      return try procfs.filesystems().map(\.mountPoint)
    }
    #expect(try points(PathMount(device: MountInfo.device(0, 31))) == ["/"])
    // Where the kernel has numbers they tell, too: another mount may hide it.
    #expect(try points(PathMount(device: MountInfo.device(0, 31), mount: 11)) == ["/"])
    #expect(try points(PathMount(device: MountInfo.device(0, 31), mount: 12)) == [])
  }

  @Test("the list of this process says what file systems are read-only, and not what its sandbox is")
  func ownList() throws {
    let tree = try TemporaryTree()
    tree.write("self/mounts", "/dev/a / ext4 ro\n/dev/b /b ext4 ro\n")
    tree.write("self/mountinfo", "1 0 8:1 / / ro - ext4 /dev/a rw\n2 1 8:2 / /b ro - ext4 /dev/b ro\n")
    let probe = MountProbe { _ in .room(Filesystem.Room(statvfs()), isReadOnly: true) }
    let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: ProcfsLimits(), mountProbe: probe)
    #expect(try procfs.filesystems().map(\.isReadOnly) == [false, true])
  }

  @Test("what a sandbox says is in doubt once, and again only when it says something new")
  func doubt() throws {
    var mount = Mount(device: [], point: Array("/".utf8), type: [])
    mount.info = parse("1 0 8:1 / / ro - ext4 /dev/a rw\n", MountInfo.parse).first
    let info = try #require(mount.info)
    var last = LastMounts(mounts: [mount], files: .own, fault: nil, time: 5)
    #expect(last.isDoubtful(mount, isReadOnly: true) && !last.isDoubtful(mount, isReadOnly: false))
    last.setReadOnly([info], here: [1: true], at: 9)
    #expect(!last.isDoubtful(mount, isReadOnly: true) && last.isDoubtful(mount, isReadOnly: false))
    #expect(!last.isReadOnly(mount) && last.lastReadOnlyTime == 9)
  }

  @Test("of a file that is not kept open it is not known whether it has changed")
  func unknownChange() {
    #expect(Fixture.procfs().hasChanged("1/mounts") == nil)
  }

  @Test("mounts that hang, fail, or are no storage")
  func troubles() throws {
    let tree = try TemporaryTree()
    tree.write(
      "1/mounts", "/dev/a / ext4 rw\nx /hung beegfs rw\n/dev/c /secret ext4 ro\n/dev/d /gone ext4 rw\nd /empty dax rw\n"
    )
    let gate = ConditionLock(false)
    let probe = MountProbe { path in
      switch String(decoding: path, as: UTF8.self) {
      case "/host/": return .room(Filesystem.Room(statvfs()))
      case "/host/hung":
        gate.wait { $0 ? () : nil }
        return .nothing
      case "/host/secret": return .failed(EACCES)
      case "/host/gone": return .failed(ENOENT)
      default: return .nothing
      }
    }
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/host/", limits: ProcfsLimits(), mountProbe: probe, mountTimeout: 5)
    for _ in 0..<2 {
      let found = try procfs.filesystems()
      #expect(found.map(\.mountPoint) == ["/", "/hung", "/secret"])
      #expect(found.map { $0.room == nil } == [false, true, true])
      #expect(found.map(\.failure) == [nil, "it does not answer", "Permission denied (EACCES)"])
      #expect(found.map(\.isReadOnly) == [false, false, true])
    }
    gate.withLock { $0 = true }
  }
}
