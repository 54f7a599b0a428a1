// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "beats",
  dependencies: [.package(name: "heartbeat-exporter", path: "../..")],
  targets: [
    .executableTarget(
      name: "beats", dependencies: [.product(name: "Heartbeat", package: "heartbeat-exporter")])
  ]
)
