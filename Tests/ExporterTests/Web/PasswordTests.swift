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
      check.check(credentials, for: questions.ask(), failures: 1) { answer in answers.withLock { $0.append(answer) } }
    }
    let late = Lock<[Bool?]>([])
    check.check(credentials, for: questions.ask(), failures: 1) { answer in late.withLock { $0.append(answer) } }
    #expect(late.withLock { $0 } == [nil] && answers.withLock { $0.isEmpty })
    check.close()
    #expect(answers.withLock { $0 } == Array(repeating: nil, count: PasswordCheck.mostWaiting))
    check.check(credentials, for: questions.ask(), failures: 1) { answer in late.withLock { $0.append(answer) } }
    #expect(late.withLock { $0 } == [nil, nil], "it is closed")
  }

  @Test("who gave fewer wrong passwords goes first, and takes the place of who gave more when too many wait")
  func fairness() throws {
    let questions = try Questions()
    let check = PasswordCheck()
    check.setUsers(["alice": try PasswordHash(Self.hash)])
    let answers = ConditionLock<[String]>([])
    func ask(_ name: String, failures: Double) {
      let credentials = BasicCredentials(user: "alice", password: Array("U*U".utf8))
      check.check(credentials, for: questions.ask(), failures: failures) { isRight in
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
