import Glibc
import HTTP
import Testing

@testable import Exporter

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
}
