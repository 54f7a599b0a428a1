import Glibc
import Testing

@testable import Exporter
@testable import HTTP

@Suite struct PeerProcessTests {
  @Test("The pids of all namespaces and the parent are read, whatever the name says")
  func parsing() {
    let text = "Name:\tNSpid: 9\nPPid:\t41\nNStgid:\t1\t2\nNSpid:\t4711\t7\nSeccomp:\t0\n"
    let names = PeerProcess.Names(parsing: Array(text.utf8))
    #expect(names.pids == [4711, 7] && names.parent == 41)
    #expect(PeerProcess.Names(parsing: Array("garbage\n\n".utf8)).pids == [])
  }

  @Test("A process of this namespace is itself, and one that is gone says nothing")
  func own() {
    let names = PeerProcess.Names(of: getpid())
    #expect(names?.pids.first == getpid() && names?.parent == getppid())
    #expect(PeerProcess.Names(of: 4_194_305) == nil)
  }

  private static func names(_ text: String) -> PeerProcess.Names { PeerProcess.Names(parsing: Array(text.utf8)) }

  @Test("The pids of another namespace are those of the peer and its ancestors there, the nearest first")
  func otherNamespace() {
    // curl in a shell in a container, whose first process is the host's child.
    let table: [Int32: PeerProcess.Names] = [
      103: Self.names("PPid:\t102\nNSpid:\t103\t9\n"), 102: Self.names("PPid:\t101\nNSpid:\t102\t1\n"),
      101: Self.names("PPid:\t1\nNSpid:\t101\n"),
    ]
    let pids = PeerProcess.Pids(of: PeerCredentials(pid: 103, user: 0)) { table[$0] }
    #expect(pids == .known([9: 103, 1: 102]))
    #expect(pids.outer(9) == 103 && pids.outer(1) == 102 && pids.outer(101) == nil && pids.outer(7) == nil)
  }

  @Test("Without a namespace of its own a peer's pids are as they are, and of one that cannot be seen none is")
  func sameNamespace() {
    let own = PeerProcess.Pids(of: PeerCredentials(pid: 103, user: 0)) { _ in Self.names("PPid:\t1\nNSpid:\t103\n") }
    #expect(own == .same && own.outer(7) == 7)
    #expect(PeerProcess.Pids(of: PeerCredentials(pid: 103, user: 0)) { _ in nil } == .same)
    let hidden = PeerProcess.Pids(of: PeerCredentials(pid: 0, user: 0)) { _ in Self.names("") }
    #expect(hidden == .known([:]) && hidden.outer(7) == nil)
  }

  @Test("So many ancestors are looked at, also where they are a ring")
  func generations() {
    var read = 0
    let pids = PeerProcess.Pids(of: PeerCredentials(pid: 100, user: 0)) { pid in
      read += 1
      return Self.names("PPid:\t\(pid == 199 ? 100 : pid + 1)\nNSpid:\t\(pid)\t\(pid - 90)\n")
    }
    #expect(read == PeerProcess.generations)
    #expect(pids.outer(10) == 100 && pids.outer(17) == 107 && pids.outer(18) == nil)
  }
}
