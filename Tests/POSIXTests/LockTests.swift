import Dispatch
import POSIX
import Testing

@Suite("A lock")
struct LockTests {
  @Test("lets one thread in at a time")
  func threads() {
    let count = Lock(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { count.withLock { $0 += 1 } }
    }
    #expect(count.withLock { $0 } == 80_000)
  }

  @Test("gives what its body gives, and keeps what it changed")
  func result() {
    let names = Lock(["a"])
    let before = names.withLock { names in
      defer { names.append("b") }
      return names
    }
    #expect(before == ["a"])
    #expect(names.withLock { $0 } == ["a", "b"])
  }
}
