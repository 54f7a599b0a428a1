internal import Exposition
internal import POSIX
internal import Procfs

/// The network devices: `/proc/net/dev`.
struct NetworkSource: HostSource {
  static let file: StaticString = "net/dev"

  private static let families: [(MetricFamily, @Sendable (NetworkDevice) -> UInt64)] = [
    (family("receive_bytes", "Bytes received by the network device."), { $0.received.bytes }),
    (family("transmit_bytes", "Bytes sent by the network device."), { $0.transmitted.bytes }),
    (family("receive_packets", "Packets received by the network device."), { $0.received.packets }),
    (family("transmit_packets", "Packets sent by the network device."), { $0.transmitted.packets }),
    (family("receive_errors", "Broken packets that the network device received."), { $0.received.errors }),
    (family("transmit_errors", "Packets that the network device failed to send."), { $0.transmitted.errors }),
    (family("receive_drop", "Received packets that were thrown away."), { $0.received.drops }),
    (family("transmit_drop", "Packets that were thrown away instead of sent."), { $0.transmitted.drops }),
  ]

  private static func family(_ name: String, _ help: String) -> MetricFamily {
    MetricFamily("system_network_\(name)_total", .counter, help)
  }

  private var labels = KeptLabels<ExactText>()

  mutating func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let devices = try reading.procfs.networkDevices { reading.fail($0) }
    let series = labels.series(of: devices.map { ExactText($0.name) }) { Labels(["device": $0.text]) }
    for (family, value) in Self.families { reading.family(family, devices, series) { Double(value($0)) } }
  }
}
