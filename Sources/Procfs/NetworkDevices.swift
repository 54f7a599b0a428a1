public import POSIX

/// One network device and what went over it: a line of `/proc/net/dev`, see `proc_pid_net(5)`.
public struct NetworkDevice: Equatable, Sendable {
  /// The device's name, such as `eth0`.
  public var name: String
  /// Bytes received.
  public var receiveBytes: UInt64
  /// Bytes sent.
  public var transmitBytes: UInt64

  /// Reads the content of `/proc/net/dev`; lines that are not well-formed, such as the two of the head, are left out.
  public static func parse(_ bytes: UnsafeRawBufferPointer) -> [NetworkDevice] {
    var devices: [NetworkDevice] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      // A name may hold a colon (`eth0:1`), the figures never do; without a space behind it, old kernels run the
      // first figure on.
      guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else { continue }
      var before = ByteFields(UnsafeRawBufferPointer(rebasing: line[..<colon]))
      var fields = ByteFields(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
      guard let name = before.field(), before.field() == nil,
        let received = fields.unsigned(), fields.skip(7), let sent = fields.unsigned()
      else { continue }
      devices.append(NetworkDevice(name: name.text, receiveBytes: received, transmitBytes: sent))
    }
    return devices
  }
}

extension Procfs {
  /// The network devices of the exporter's own network namespace, by `/proc/net/dev`.
  public func networkDevices() throws(Errno) -> [NetworkDevice] {
    try withContents(of: "net/dev") { NetworkDevice.parse($0) }
  }
}
