internal import Glibc
internal import POSIX

/// Which kernel runs on which machine, by `uname(2)`, and the host's name, in a tree of plain files by its
/// `sys/kernel/hostname`.
public struct SystemInfo: Equatable, Sendable {
  /// The operating system, `Linux`.
  public var systemName: String
  /// The kernel's release, such as `6.1.0-37-amd64`.
  public var release: String
  /// The kernel's build.
  public var version: String
  /// The machine's kind, such as `x86_64`.
  public var machine: String
  /// The host's name.
  public var nodeName: String
}

extension Procfs {
  /// Which kernel runs on which machine.
  public func systemInfo(_ complain: Complain = { _ in }) -> SystemInfo {
    var info = SystemInfo.ofKernel
    if let hostName {
      info.nodeName = hostName
      return info
    }
    // A kernel tells whoever reads that file the name of his own UTS namespace, which uname(2) has told already.
    if isServedByKernel { return info }
    do throws(ProcfsError) {
      let host = try read("sys/kernel/hostname", expecting: "a name") { bytes in
        bytes.isEmpty ? nil : String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      }
      if !host.isEmpty { info.nodeName = host }
    } catch {
      // A tree of plain files need not have it.
      if error.code != ENOENT { complain(error) }
    }
    return info
  }
}

extension SystemInfo {
  /// What the kernel tells of itself; it waits for nobody.
  public static var ofKernel: SystemInfo {
    var name = utsname()
    uname(&name)
    return SystemInfo(
      systemName: text(of: name.sysname), release: text(of: name.release), version: text(of: name.version),
      machine: text(of: name.machine), nodeName: text(of: name.nodename))
  }

  /// Only the host's name of it.
  public static var nodeNameOfKernel: String {
    var name = utsname()
    uname(&name)
    return text(of: name.nodename)
  }

  /// Whether the running kernel is as new as a version: which lines its files have to have depends on that.
  package static func isKernel(atLeast major: Int, _ minor: Int) -> Bool {
    isRelease(ofKernel.release, atLeast: major, minor)
  }

  /// The same of a release such as `6.1.0-37-amd64`; one without two numbers is no old one.
  static func isRelease(_ release: String, atLeast major: Int, _ minor: Int) -> Bool {
    let numbers = release.split(separator: ".").prefix(2).map { part in
      Int(String(part.prefix { $0.isASCII && $0.isNumber }), radix: 10)
    }
    guard numbers.count == 2, let first = numbers[0], let second = numbers[1] else { return true }
    return (first, second) >= (major, minor)
  }

  /// A C array of characters up to its NUL, as text.
  private static func text<Characters>(of characters: Characters) -> String {
    withUnsafeBytes(of: characters) { bytes in
      let end = bytes.firstIndex(of: 0) ?? bytes.count
      return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<end]), as: UTF8.self)
    }
  }
}
