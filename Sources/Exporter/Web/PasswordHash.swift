internal import CCrypt
internal import Glibc

/// A password as bcrypt keeps it, such as `$2y$10$` and 53 characters (`crypt(5)`).
struct PasswordHash: Sendable, Hashable {
  /// Why a text is none.
  struct Invalid: Error {
    let reason: String
  }

  /// The most work: 2 to this power rounds, some ten seconds.
  static let highestCost = 17

  let text: String
  /// The logarithm of the work, at least 4.
  let cost: Int

  init(_ text: String) throws(Invalid) {
    let bytes = Array(text.utf8)
    let alphabet = Set("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let prefixes = ["$2a$", "$2b$", "$2y$"]
    guard prefixes.contains(where: { text.utf8.starts(with: $0.utf8) }) else {
      throw Invalid(reason: "it does not begin with $2a$, $2b$ or $2y$")
    }
    guard bytes.count == 60, bytes[6] == UInt8(ascii: "$"), bytes[7...].allSatisfy(alphabet.contains),
      bytes[4..<6].allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), (4...31).contains(cost)
    else { throw Invalid(reason: "it is not whole") }
    guard cost <= PasswordHash.highestCost else {
      throw Invalid(reason: "its cost is \(cost), which takes too long: \(PasswordHash.highestCost) is the most")
    }
    self.text = text
    self.cost = cost
  }

  /// A hash that no password has, to spend the same work where there is none to compare with.
  init(workOf cost: Int) {
    let digits = cost < 10 ? "0\(cost)" : "\(cost)"
    text = "$2y$\(digits)$" + String(repeating: ".", count: 53)
    self.cost = cost
  }

  /// Whether this is the hash of a password; takes long by intention. The corresponding C function is `crypt_r(3)`.
  func matches(_ password: [UInt8]) -> Bool {
    // C's strings end at a zero byte: what stands behind it would not count.
    guard !password.contains(0), password.count <= PasswordHash.longestPassword else { return false }
    let phrase = (password + [0]).map { CChar(bitPattern: $0) }
    // 32 KiB, too much for a thread's stack to be taken for granted.
    let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    data.initialize(to: crypt_data())
    defer {
      // It holds what came of the password; an optimiser may not leave this out.
      explicit_bzero(data, MemoryLayout<crypt_data>.size)
      data.deallocate()
    }
    guard let result = crypt_r(phrase, text, data) else { return false }
    return ConstantTime.equal(Array(String(cString: result).utf8), Array(text.utf8))
  }

  /// bcrypt itself looks at 72 bytes; this is what libcrypt takes (`CRYPT_MAX_PASSPHRASE_SIZE`).
  static let longestPassword = 511
}

/// A comparison whose duration tells nothing of where the texts differ.
enum ConstantTime {
  static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
