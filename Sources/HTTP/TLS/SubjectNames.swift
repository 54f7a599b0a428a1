internal import COpenSSL
internal import Glibc
internal import POSIX

/// The subject alternative names of a certificate (RFC 5280 section 4.2.1.6).
enum SubjectNames {
  /// Its DNS names, e-mail addresses, URIs and IP addresses as texts.
  static func all(_ certificate: OpaquePointer) -> [String] {
    guard let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil).map(OpaquePointer.init) else {
      return []
    }
    defer { GENERAL_NAMES_free(list) }
    return (0..<max(0, OPENSSL_sk_num(list))).compactMap { index in
      guard let name = OPENSSL_sk_value(list, index)?.assumingMemoryBound(to: GENERAL_NAME.self) else { return nil }
      return text(name.pointee)
    }
  }

  private static func text(_ name: GENERAL_NAME) -> String? {
    switch name.type {
    case GEN_DNS, GEN_EMAIL, GEN_URI:
      // All three are IA5Strings, whichever member of the union is read.
      return bytes(name.d.ia5).flatMap { $0.contains(0) ? nil : String(decoding: $0, as: UTF8.self) }
    case GEN_IPADD: return bytes(name.d.ip).flatMap(address)
    default: return nil
    }
  }

  private static func bytes(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> [UInt8]? {
    guard let string, let data = ASN1_STRING_get0_data(string) else { return nil }
    return Array(UnsafeBufferPointer(start: data, count: max(0, Int(widening: ASN1_STRING_length(string)))))
  }

  /// `inet_ntop(3)`.
  private static func address(_ bytes: [UInt8]) -> String? {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &text, socklen_t(clamping: text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// An IP address as `inet_ntop(3)` writes it, any other text as it is.
  static func canonical(_ text: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 { return address(Array(bytes.prefix(4))) ?? text }
    if inet_pton(AF_INET6, text, &bytes) == 1 { return address(bytes) ?? text }
    return text
  }
}
