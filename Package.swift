// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// `address` or `thread`: only scripts/test and scripts/fuzz set it, for what they build optimised and with a sanitizer.
let sanitizer = Context.environment["HEARTBEAT_SANITIZER"]
/// The fuzzers are linked with libFuzzer, which a usual build knows nothing of.
let isFuzzing = sanitizer == "address"

/// Of the code that is tested. Swift's own checks stay as in a debug build: no sanitizer sees what leaves its part of a memory that is there.
let checked: [SwiftSetting] = sanitizer != nil ? [.unsafeFlags(["-assert-config", "Debug"])] : []
/// `fuzzer`: what libFuzzer wants to see of the code that it drives; nothing comes of it elsewhere. `-mergeable-traps`: the address
/// sanitizer does not see that a stack is gone which is still used, where each trap stands for itself, as it does in optimised code.
let fuzzed: [SwiftSetting] =
  isFuzzing ? [.unsafeFlags(["-sanitize=address,fuzzer", "-Xfrontend", "-mergeable-traps"])] : []
let sourceSettings = swiftSettings + checked + fuzzed
/// Tests run once: to optimise them takes longer than it saves.
let testSettings = swiftSettings + (sanitizer != nil ? [.unsafeFlags(["-Onone"])] : [])

/// Debian's C libraries: each a module map and nothing else.
let systemLibraries: [Target] = [
  .systemLibrary(name: "CLinux"),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
  .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
]

func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: sourceSettings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: sourceSettings)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.target(name: name)] + dependencies,
    exclude: exclude,
    swiftSettings: testSettings)
}

// Imports point downwards only: mains -> {Exporter, HeartbeatTool} -> Monitoring -> {Heartbeat, Procfs} ->
// {JSON, POSIX}; Exporter -> {Exposition, HTTP}; HeartbeatTool -> HeartbeatPush -> {Heartbeat, HTTP (the client)}; Flags and YAML beside them.
let package = Package(
  name: "heartbeat-exporter",
  products: [
    .library(name: "Heartbeat", targets: ["Heartbeat"]),
    .library(name: "HeartbeatPush", targets: ["HeartbeatPush"]),
    .executable(name: "heartbeat-exporter", targets: ["heartbeat-exporter"]),
    .executable(name: "heartbeat", targets: ["heartbeat"]),
  ],
  targets: systemLibraries + [
    library("POSIX", ["CLinux"]),
    library("Flags", ["POSIX", "CLinux"]),
    library("YAML", ["POSIX", "Flags", "CYaml"]),
    library("JSON", []),
    library("Heartbeat", ["JSON", "POSIX", "CLinux"]),
    library("Exposition", []),
    library("Monitoring", ["POSIX", "Heartbeat", "Procfs", "YAML", "Flags"]),
    library("Procfs", ["POSIX", "CLinux"]),
    library("HTTP", ["POSIX", "CLinux", "CZlib", "COpenSSL"]),
    library(
      "Exporter",
      [
        "POSIX", "JSON", "Heartbeat", "Monitoring", "Exposition", "Procfs", "HTTP", "YAML", "Flags", "CLinux", "CCrypt",
        "COpenSSL",
      ],
      resources: [.embedInCode("StatusPage/Assets")]),
    library("HeartbeatPush", ["Heartbeat", "HTTP", "JSON", "POSIX"]),
    program("heartbeat-exporter", ["Exporter", "Flags", "POSIX"]),
    library(
      "HeartbeatTool",
      ["JSON", "HTTP", "Monitoring", "Heartbeat", "HeartbeatPush", "Procfs", "YAML", "Flags", "POSIX", "CLinux"]),
    program("heartbeat", ["HeartbeatTool", "Flags", "POSIX"]),
    tests(of: "POSIX"),
    tests(of: "Flags"),
    tests(of: "JSON"),
    tests(of: "Heartbeat", ["JSON", "POSIX"]),
    tests(of: "Exposition"),
    tests(of: "Procfs", ["POSIX"]),
    tests(of: "Monitoring", ["Heartbeat", "Procfs", "YAML", "POSIX", "Flags"]),
    tests(of: "HTTP", ["POSIX", "COpenSSL"]),
    tests(
      of: "Exporter",
      ["JSON", "Heartbeat", "Monitoring", "YAML", "Exposition", "Procfs", "HTTP", "POSIX", "Flags", "CZlib"],
      exclude: ["Fixtures"]),
    tests(of: "HeartbeatPush", ["Heartbeat", "JSON", "POSIX"]),
    tests(
      of: "HeartbeatTool", ["Flags", "JSON", "Heartbeat", "HeartbeatPush", "HTTP", "Monitoring", "POSIX", "Procfs"]),
  ]
)

if isFuzzing {
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "JSON", "Heartbeat", "Procfs", "HTTP", "Exposition", "Monitoring", "YAML", "Exporter", "HeartbeatTool",
      ],
      path: "Tests/Fuzz",
      exclude: ["Corpus"],
      swiftSettings: sourceSettings,
      linkerSettings: [.unsafeFlags(["-sanitize=address,fuzzer"])]))
}

// Where no thread is started the thread sanitizer has nothing to see: pure parsers, writers and decisions.
if sanitizer == "thread" {
  let pure = ["ExpositionTests", "FlagsTests", "JSONTests", "MonitoringTests", "ProcfsTests"]
  package.targets.removeAll { pure.contains($0.name) }
}

// What Benchmarks/run measures of the modules is nothing that the package offers to others. It is built with one of the sanitizers, so that
// a change of what it uses is noticed.
if isFuzzing || Context.environment["HEARTBEAT_BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "stages",
      dependencies: ["Heartbeat", "Exposition", "Procfs", "HTTP", "POSIX"],
      path: "Benchmarks/stages",
      exclude: ["simdjson.cpp"],
      swiftSettings: swiftSettings))
}
