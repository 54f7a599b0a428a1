import POSIX
import Foundation
import HTTP
import Testing

@testable import Exporter

@Suite("Passwords")
struct PasswordTests {
  /// What other programs made of passwords: Apache's htpasswd, Python's bcrypt, and the documentation of exporter-toolkit.
  @Test(
    "hashes of other programs are understood",
    arguments: [
      ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "U*U", false),
      ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true),
      ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*V", false),
      ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*", true),
      ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", "", true),
    ])
  func known(text: String, password: String, isRight: Bool) throws {
    #expect(try PasswordHash(text).matches(Array(password.utf8)) == isRight)
  }

  @Test("a zero byte does not end a password, and one that is too long is wrong")
  func hostile() throws {
    let hash = try PasswordHash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
    #expect(!hash.matches(Array("U*U\0".utf8)))
    #expect(!hash.matches(Array("U*U\0more".utf8)))
    #expect(!hash.matches([UInt8](repeating: 65, count: 100_000)))
  }

  @Test(
    "what is no such hash is refused",
    arguments: [
      "", "secret", "$2y$10$", "$1$abc$def", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2y$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2y$18$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe!",
    ])
  func invalid(text: String) {
    #expect(throws: PasswordHash.Invalid.self) { try PasswordHash(text) }
  }

  @Test("the hash that nobody has costs work all the same", arguments: [4, 12])
  func dummy(cost: Int) {
    let start = clock()
    #expect(!PasswordHash(workOf: cost).matches(Array("x".utf8)))
    // bcrypt that libcrypt refuses would be done in no time; one of cost 12 takes 256 times that of cost 4.
    if cost == 12 { #expect(clock() - start > CLOCKS_PER_SEC / 50) }
  }

  private static let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

  @Test("what was right is known, until its user or its hash is another")
  func cache() throws {
    let check = PasswordCheck()
    check.setUsers(["alice": try PasswordHash(Self.hash)])
    let right = BasicCredentials(user: "alice", password: Array("U*U".utf8))
    let wrong = BasicCredentials(user: "alice", password: Array("U*V".utf8))
    let nobody = BasicCredentials(user: "bob", password: Array("U*U".utf8))
    #expect(!check.isKnown(right))
    #expect(!check.verify(wrong) && !check.verify(nobody) && check.verify(right))
    #expect(check.isKnown(right) && !check.isKnown(wrong) && !check.isKnown(nobody))
    check.setUsers(["alice": try PasswordHash(Self.hash), "bob": try PasswordHash(Self.hash)])
    #expect(check.isKnown(right))
    check.setUsers(["alice": try PasswordHash("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")])
    #expect(!check.isKnown(right) && !check.verify(right))
    check.setUsers([:])
    #expect(!check.isNeeded && !check.verify(right))
  }

  @Test("too many checks are refused, and those that wait at the end are answered")
  func queue() throws {
    let questions = try Questions()
    let check = PasswordCheck()
    check.setUsers(["alice": try PasswordHash(Self.hash)])
    let answers = Lock<[Bool?]>([])
    let credentials = BasicCredentials(user: "alice", password: Array("U*U".utf8))
    for _ in 0..<PasswordCheck.mostWaiting {
      check.check(credentials, for: questions.ask(), from: .everybody, failures: 1) { answer in
        answers.withLock { $0.append(answer) }
      }
    }
    let late = Lock<[Bool?]>([])
    check.check(credentials, for: questions.ask(), from: .everybody, failures: 1) { answer in
      late.withLock { $0.append(answer) }
    }
    #expect(late.withLock { $0 } == [nil] && answers.withLock { $0.isEmpty })
    check.close()
    #expect(answers.withLock { $0 } == Array(repeating: nil, count: PasswordCheck.mostWaiting))
    check.check(credentials, for: questions.ask(), from: .everybody, failures: 1) { answer in
      late.withLock { $0.append(answer) }
    }
    #expect(late.withLock { $0 } == [nil, nil], "it is closed")
  }

  private func address(_ name: String) -> RateLimiter.Peer {
    var peer = RateLimiter.Peer.everybody
    peer.bytes = Array(name.utf8)
    return peer
  }

  @Test("who was turned away has its turn when it comes again, however many new ones come meanwhile")
  func turns() throws {
    let questions = try Questions()
    let check = PasswordCheck()
    check.setUsers(["alice": try PasswordHash(Self.hash)])
    let answers = ConditionLock<[String]>([])
    var asked = 0
    func ask(_ name: String) {
      asked += 1
      let credentials = BasicCredentials(user: "alice", password: Array("U*U".utf8))
      check.check(credentials, for: questions.ask(), from: address(name), failures: 0) { isRight in
        answers.withLock { $0.append(name + (isRight == nil ? " not checked" : "")) }
      }
    }
    for number in 0..<PasswordCheck.mostWaiting { ask("crowd \(number)") }
    ask("alice's")
    for number in 0..<100 { ask("later \(number)") }
    #expect(answers.withLock { $0 }.first == "alice's not checked")
    #expect(answers.withLock { $0 }.contains("crowd 63 not checked") == false)
    // The thread takes some, and the crowd fills the places again before she comes.
    try check.start()
    #expect(answers.wait(timeout: 30) { $0.contains("crowd 63") ? () : nil } != nil)
    answers.withLock { $0 = [] }
    let held = ConditionLock(false)
    let slow = BasicCredentials(user: "alice", password: Array("U*U".utf8))
    check.check(slow, for: questions.ask(), from: address("holds the thread"), failures: 0) { _ in
      held.wait { $0 ? () : nil }
    }
    for _ in 0..<30_000 where check.waitingCount > 0 { usleep(1_000) }
    for number in 0..<PasswordCheck.mostWaiting { ask("next \(number)") }
    ask("alice's")
    #expect(answers.withLock { $0 } == ["next 63 not checked"])
    held.withLock { $0 = true }
    let all = answers.wait(timeout: 30) { $0.count > PasswordCheck.mostWaiting ? $0 : nil }
    #expect(all?.dropFirst().first == "alice's")
    check.close()
  }

  @Test("a turn is kept while it is not taken, and one address's is no other's")
  func keptTurns() {
    var turns = Turns()
    let first = turns.turn(of: address("a"))
    turns.keep(first, of: address("a"))
    let others = (0..<1_000).map { turns.turn(of: address("\($0)")) }
    #expect(others == Array((first + 1)...(first + 1_000)))
    #expect(turns.turn(of: address("a")) == first)
    turns.forget(address("b"))
    #expect(turns.turn(of: address("a")) == first)
    turns.forget(address("a"))
    #expect(turns.turn(of: address("a")) > first)
  }

  @Test("who gave fewer wrong passwords goes first, and takes the place of who gave more when too many wait")
  func fairness() throws {
    let questions = try Questions()
    let check = PasswordCheck()
    check.setUsers(["alice": try PasswordHash(Self.hash)])
    let answers = ConditionLock<[String]>([])
    func ask(_ name: String, failures: Double) {
      let credentials = BasicCredentials(user: "alice", password: Array("U*U".utf8))
      check.check(credentials, for: questions.ask(), from: address(name), failures: failures) { isRight in
        answers.withLock { $0.append(name + (isRight == nil ? " not checked" : "")) }
      }
    }
    for number in 0..<PasswordCheck.mostWaiting - 1 { ask("guess \(number)", failures: 5) }
    ask("worst", failures: 9)
    ask("same", failures: 9)
    ask("known to nobody", failures: 1)
    ask("another", failures: 2)
    let dropped = answers.withLock { $0 }
    #expect(dropped.count == 3 && dropped.prefix(2) == ["same not checked", "worst not checked"])
    #expect(dropped.last?.hasPrefix("guess") == true)
    try check.start()
    let all = answers.wait(timeout: 30) { $0.count == PasswordCheck.mostWaiting + 3 ? $0 : nil }
    #expect(all?.dropFirst(3).prefix(2) == ["known to nobody", "another"])
    check.close()
  }

  @Test(
    "Authorization is read as RFC 7617 has it",
    arguments: [
      ("Basic YWxpY2U6c2VjcmV0", "alice", "secret"), ("basic YWxpY2U6c2VjcmV0", "alice", "secret"),
      ("Basic   YWxpY2U6c2VjcmV0", "alice", "secret"), ("Basic YTpiOmM=", "a", "b:c"), ("Basic Og==", "", ""),
      ("Basic 4oKsOsO8", "€", "ü"),
    ])
  func credentials(field: String, user: String, password: String) throws {
    let headers = Headers([("Authorization", field)])
    let found = try #require(BasicCredentials(Request(.get, "/", headers: headers)))
    #expect(found.user == user && found.password == Array(password.utf8))
  }

  @Test(
    "anything else is as good as nothing",
    arguments: [
      "", "Basic", "Basic ", "Bearer YWxpY2U6c2VjcmV0", "Basic YWxpY2U", "Basic YWxp*2U6c2VjcmV0", "Basic ====",
      "Basic YWxpY2U=", "Basic Y===", "Basic YTpi YTpi", "Basic YTpiYTpiYQ=", "BasicYTpi",
    ])
  func broken(field: String) {
    let headers = Headers([("Authorization", field)])
    #expect(BasicCredentials(Request(.get, "/", headers: headers)) == nil)
  }
}
