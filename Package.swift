// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Only scripts/fuzz sets it: the fuzzers are linked with libFuzzer, which a usual build knows nothing of.
let isFuzzing = Context.environment["HEARTBEAT_FUZZ"] != nil

/// Debian's C libraries: each a module map and nothing else.
let systemLibraries: [Target] = [
  .systemLibrary(name: "CLinux"),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
  .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
]

func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.target(name: name)] + dependencies,
    exclude: exclude,
    swiftSettings: swiftSettings)
}

// Imports point downwards only: mains -> {Exporter, HeartbeatTool} -> Monitoring -> {Heartbeat, Procfs} -> POSIX;
// Exporter -> {Exposition, HTTPServer}; Flags and YAML beside them.
let package = Package(
  name: "heartbeat-exporter",
  products: [
    .library(name: "Heartbeat", targets: ["Heartbeat"]),
    .executable(name: "heartbeat-exporter", targets: ["heartbeat-exporter"]),
    .executable(name: "heartbeat", targets: ["heartbeat"]),
  ],
  targets: systemLibraries + [
    library("POSIX", ["CLinux"]),
    library("Flags", ["CLinux"]),
    library("YAML", ["POSIX", "Flags", "CYaml"]),
    library("Heartbeat", ["POSIX", "CLinux"]),
    library("Exposition", []),
    library("Monitoring", ["POSIX", "Heartbeat", "Procfs", "YAML", "Flags"]),
    library("Procfs", ["POSIX", "CLinux"]),
    library("HTTPServer", ["POSIX", "CLinux", "CZlib", "COpenSSL"]),
    library(
      "Exporter",
      [
        "POSIX", "Heartbeat", "Monitoring", "Exposition", "Procfs", "HTTPServer", "YAML", "Flags", "CLinux", "CCrypt",
        "COpenSSL",
      ],
      resources: [.embedInCode("StatusPage/Assets")]),
    program("heartbeat-exporter", ["Exporter", "Flags"]),
    library("HeartbeatTool", ["Monitoring", "Heartbeat", "Procfs", "YAML", "Flags", "POSIX", "CLinux", "COpenSSL"]),
    program("heartbeat", ["HeartbeatTool", "Flags"]),
    tests(of: "POSIX"),
    tests(of: "Flags"),
    tests(of: "Heartbeat", ["POSIX"]),
    tests(of: "Exposition"),
    tests(of: "Procfs", ["POSIX"]),
    tests(of: "Monitoring", ["Heartbeat", "Procfs", "YAML", "POSIX"]),
    tests(of: "HTTPServer", ["POSIX"]),
    tests(
      of: "Exporter",
      ["Heartbeat", "Monitoring", "YAML", "Exposition", "Procfs", "HTTPServer", "POSIX", "Flags", "CZlib"],
      exclude: isFuzzing
        ? ["Fixtures", "Oracle", "MemoryOracleTests.swift", "Scraping/RememberedTests.swift"] : ["Fixtures"]),
    tests(of: "HeartbeatTool", ["Flags", "Heartbeat", "HTTPServer", "Monitoring", "POSIX", "Procfs"]),
  ]
)

if isFuzzing {
  package.targets += [
    // Otherwise a part of the tests of Exporter.
    .target(
      name: "Oracle",
      dependencies: ["Exporter", "Monitoring", "Heartbeat", "Exposition", "HTTPServer", "CZlib"],
      path: "Tests/ExporterTests/Oracle",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Heartbeat", "Procfs", "HTTPServer", "Exposition", "Monitoring", "YAML", "Exporter", "HeartbeatTool", "Oracle",
      ],
      path: "Tests/Fuzz",
      exclude: ["Corpus"],
      swiftSettings: swiftSettings),
  ]
}

// Only Benchmarks/run sets it: what it measures of the modules is nothing that the package offers to others.
if Context.environment["HEARTBEAT_BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "stages",
      dependencies: ["Heartbeat", "Exposition", "Procfs", "HTTPServer", "POSIX"],
      path: "Benchmarks/stages",
      exclude: ["simdjson.cpp"],
      swiftSettings: swiftSettings))
}
