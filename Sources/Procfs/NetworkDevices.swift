internal import POSIX

/// One network device and what went over it: a line of `/proc/net/dev`, see `proc_pid_net(5)`.
public struct NetworkDevice: Equatable, Sendable {
  /// What went over a device in one direction.
  public struct Traffic: Equatable, Sendable {
    /// Bytes.
    public var bytes: UInt64
    /// Packets.
    public var packets: UInt64 = 0
    /// Packets that were broken.
    public var errors: UInt64 = 0
    /// Packets that were thrown away, for want of room or because nobody wanted them.
    public var drops: UInt64 = 0
  }

  /// The device's name, such as `eth0`.
  public var name: String
  /// What came.
  public var received: Traffic
  /// What was sent.
  public var transmitted: Traffic

  /// Reads the content of `/proc/net/dev`; lines that are not well-formed are left out.
  ///
  /// - Parameters:
  ///   - excluded: names in which it is found are left out.
  ///   - odd: gets the names of the others that are not well-formed.
  public static func parse(
    _ bytes: UnsafeRawBufferPointer, without excluded: RegularExpression? = nil, odd: Procfs.OddLine = { _ in }
  ) -> [NetworkDevice] {
    var devices: [NetworkDevice] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      // A name may hold a colon (`eth0:1`), the figures never do; without a space behind it, old kernels run the
      // first figure on.
      guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else {
        // The two lines of the head.
        if !line.contains(UInt8(ascii: "|")) { odd(line) }
        continue
      }
      var before = ByteFields(UnsafeRawBufferPointer(rebasing: line[..<colon]))
      var fields = ByteFields(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
      guard let name = before.field(), before.field() == nil else {
        odd(line)
        continue
      }
      guard !HostFilter.leavesOut(excluded, name) else { continue }
      guard let received = traffic(&fields), fields.skip(4), let transmitted = traffic(&fields) else {
        odd(name)
        continue
      }
      devices.append(NetworkDevice(name: name.foreignText, received: received, transmitted: transmitted))
    }
    return devices
  }

  private static func traffic(_ fields: inout ByteFields) -> Traffic? {
    guard let bytes = fields.unsigned(), let packets = fields.unsigned(), let errors = fields.unsigned(),
      let drops = fields.unsigned()
    else { return nil }
    return Traffic(bytes: bytes, packets: packets, errors: errors, drops: drops)
  }
}

extension Procfs {
  /// The network devices of the exporter's own network namespace, by `/proc/net/dev`.
  public func networkDevices(_ complain: Complain = { _ in }) throws(ProcfsError) -> [NetworkDevice] {
    // There may be no device at all, but never no head, which has two lines.
    try read("net/dev", expecting: "devices and their figures", complain) { [filter] bytes, odd in
      var lines = ByteFields(bytes)
      guard lines.line() != nil, lines.line() != nil else { return nil }
      return NetworkDevice.parse(bytes, without: filter.networkDevices, odd: odd)
    }
  }
}
