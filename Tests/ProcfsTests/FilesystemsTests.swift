import Testing

@testable import Procfs

@Suite("Mounted file systems")
struct FilesystemsTests {
  static func mounts(_ text: String, below root: String = "") -> [String] {
    parse(text) { Mount.parse($0, below: Array(root.utf8)) }.map { String(decoding: $0.point, as: UTF8.self) }
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
    #expect(mounts.map { String(decoding: $0.device, as: UTF8.self) } == ["/dev/c", "/dev/b"])
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
    #expect(found.allSatisfy { $0.sizeBytes >= $0.freeBytes && $0.freeBytes >= $0.availableBytes && $0.sizeBytes > 0 })
  }

  @Test("a NUL in a mount point is no mount point, nor is one without a slash")
  func odd() {
    #expect(Self.mounts("/dev/a /a\\000b ext4 rw\n/dev/b none ext4 rw\n/dev/c\n\n/dev/d /d ext4\n") == ["/d"])
  }
}
