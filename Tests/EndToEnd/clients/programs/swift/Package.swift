// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "consumer",
  dependencies: [.package(name: "heartbeat-exporter", path: "../checkout")],
  targets: [
    .executableTarget(
      name: "consumer",
      dependencies: [
        .product(name: "Heartbeat", package: "heartbeat-exporter"),
        .product(name: "HeartbeatPush", package: "heartbeat-exporter"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    // The examples of docs/swift.md, which the test puts there.
    .executableTarget(
      name: "examples",
      dependencies: [
        .product(name: "Heartbeat", package: "heartbeat-exporter"),
        .product(name: "HeartbeatPush", package: "heartbeat-exporter"),
      ]),
  ]
)
