import Glibc
import Testing

@testable import POSIX

@Suite("Whether a path lies on this machine's own disks is found by its way, each time")
struct LocalWaysTests {
  private let folder: Folder
  private var root: String { folder.path }

  init() throws {
    folder = try Folder()
    for name in ["apps", "far", "far/deep", "shared", "bind", "real"] { mkdir("\(folder.path)/\(name)", 0o755) }
    try folder.write("apps/a.json")
    try folder.write("far/b.json")
    try folder.write("shared/c.json")
    try folder.write("bind/d.json")
    try mounts(
      "7 1 0:9 / \(folder.path)/far rw - nfs4 nas:/a rw", "8 1 8:2 / \(folder.path)/shared rw - ext4 /dev/b rw",
      "9 1 0:9 / \(folder.path)/bind/d.json rw - fuse.x d rw")
    folder.link("apps/near-link.json", to: "a.json")
    folder.link("apps/far-link.json", to: "../far/b.json")
    folder.link("apps/dangling.json", to: "nothing")
    folder.link("apps/round", to: "round")
    folder.link("to-apps", to: "apps")
    folder.link("to-far", to: "far")
    folder.link("to-bind", to: "bind")
    folder.link("far/back", to: "../apps")
  }

  private func mounts(_ others: String...) throws {
    try folder.write("table", (["1 0 8:1 / / rw - ext4 /dev/a rw"] + others).joined(separator: "\n") + "\n")
  }

  private func ways() -> LocalWays {
    var ways = LocalWays("\(root)/table")
    ways.begin(mountsHaveChanged: true)
    return ways
  }

  @Test(
    "links and mounts decide, on the way and at its end",
    arguments: [
      ("apps/a.json", true), ("apps/none.json", true), ("none/none.json", true), ("apps", true), ("apps/", true),
      ("apps/near-link.json", true), ("apps/dangling.json", true), ("to-apps/a.json", true), ("to-apps", true),
      ("apps/../apps/a.json", true), ("shared/c.json", true), ("bind/e.json", true),
      ("far", false), ("far/b.json", false), ("far/none.json", false), ("far/deep/x.json", false),
      ("apps/far-link.json", false), ("to-far/b.json", false), ("to-apps/far-link.json", false), ("to-far", false),
      ("apps/../far/b.json", false), ("bind/d.json", false), ("to-bind/d.json", false),
      // Through something that may hang, back to where nothing does.
      ("far/back/a.json", false), ("far/../apps/a.json", false),
      // What may hang is right in the folder, which is read whole.
      ("bind", false), ("bind/", false), ("to-bind", false),
      ("apps/round", false),
    ])
  func way(_ name: String, _ isLocal: Bool) {
    var ways = ways()
    let found = (0..<2).map { _ in ways.isLocal("\(root)/\(name)") }
    #expect(found == [isLocal, isLocal], "what is remembered says the same")
  }

  @Test("of a folder it is certain what its names lead to, but for links")
  func folders() {
    var ways = ways()
    let certain = ["apps", "far", "shared", "bind", "to-apps", "far/deep", "none"].filter {
      ways.isCertain("\(root)/\($0)")
    }
    #expect(certain == ["apps", "shared", "to-apps", "none"])
  }

  @Test("the next turn sees another link, and other mounts where they are said to have changed")
  func turns() throws {
    var ways = ways()
    func isLocal(_ name: String) -> Bool { ways.isLocal("\(root)/\(name)") }
    #expect(isLocal("apps/a.json"))
    rename("\(root)/apps", "\(root)/real/apps")
    folder.link("apps", to: "far")
    ways.begin(mountsHaveChanged: false)
    #expect(!isLocal("apps/b.json"))
    try mounts("7 1 0:9 / \(root)/far rw - tmpfs x rw")
    ways.begin(mountsHaveChanged: true)
    #expect(isLocal("apps/b.json"))
  }

  @Test("without a table nothing is known to be local")
  func unknown() {
    var ways = LocalWays("\(root)/nowhere")
    ways.begin(mountsHaveChanged: true)
    let (isLocal, isCertain) = (ways.isLocal("\(root)/apps/a.json"), ways.isCertain("\(root)/apps"))
    #expect(!isLocal && !isCertain)
  }
}
