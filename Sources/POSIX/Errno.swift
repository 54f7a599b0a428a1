public import Glibc

/// A system call's error: the value of `errno(3)` right after it failed.
public struct Errno: Error, Hashable, Sendable {
  /// The number that the C library stores in `errno`.
  public let rawValue: Int32

  /// Wraps a number of `errno(3)`.
  public init(_ rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The error of the system call that this thread made last.
  public static var last: Errno { Errno(errno) }
}

extension Errno: CustomStringConvertible {
  /// The sentence of `strerror(3)` with the constant's name, such as `No such file or directory (ENOENT)`.
  public var description: String {
    guard let name = Errno.names[rawValue] else { return "error \(rawValue)" }
    var text = [CChar](repeating: 0, count: 128)
    guard strerror_r(rawValue, &text, text.count) == 0 else { return name }
    let message = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return "\(String(decoding: message, as: UTF8.self)) (\(name))"
  }

  private static let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", ESRCH: "ESRCH", EINTR: "EINTR", EIO: "EIO", ENXIO: "ENXIO",
    E2BIG: "E2BIG", ENOEXEC: "ENOEXEC", EBADF: "EBADF", ECHILD: "ECHILD", EAGAIN: "EAGAIN", ENOMEM: "ENOMEM",
    EACCES: "EACCES", EFAULT: "EFAULT", EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV", ENODEV: "ENODEV",
    ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE",
    ENOTTY: "ENOTTY", ETXTBSY: "ETXTBSY", EFBIG: "EFBIG", ENOSPC: "ENOSPC", ESPIPE: "ESPIPE", EROFS: "EROFS",
    EMLINK: "EMLINK", EPIPE: "EPIPE", ENAMETOOLONG: "ENAMETOOLONG", ELOOP: "ELOOP", ENOSYS: "ENOSYS",
    EDQUOT: "EDQUOT", ESTALE: "ESTALE", ENOTSUP: "ENOTSUP", EADDRINUSE: "EADDRINUSE",
    EADDRNOTAVAIL: "EADDRNOTAVAIL", EAFNOSUPPORT: "EAFNOSUPPORT", ECONNREFUSED: "ECONNREFUSED",
    ECONNRESET: "ECONNRESET", ECONNABORTED: "ECONNABORTED", ENOTCONN: "ENOTCONN", ENOTSOCK: "ENOTSOCK",
    ETIMEDOUT: "ETIMEDOUT", EINPROGRESS: "EINPROGRESS", ENETUNREACH: "ENETUNREACH",
    EHOSTUNREACH: "EHOSTUNREACH", EPROTO: "EPROTO", EOVERFLOW: "EOVERFLOW",
  ]
}

/// Runs a system call again while a signal interrupts it (`EINTR`), and turns -1 into the error.
///
/// - Returns: the call's result, which is never -1.
@inlinable
public func retryingOnInterrupt<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let error = Errno.last
    if error.rawValue != EINTR { throw error }
  }
}
