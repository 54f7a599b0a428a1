import Glibc

/// Runs one fuzzer: `Fuzz TARGET [libFuzzer's options and folders]`. See scripts/fuzz.
@main struct Fuzz {
  typealias Target = @Sendable (UnsafeRawBufferPointer) -> Void

  /// Each reader of bytes from outside. A target ends the program, by a trap or `require`, when it finds a defect.
  static let targets: [String: Target] = [
    "request": fuzzRequest,
    "negotiation": fuzzNegotiation,
    "heartbeats": fuzzHeartbeats,
    "merge": fuzzMerge,
    "push": fuzzPush,
    "yaml": fuzzYAML,
    "proc": fuzzProc,
    "scrape": fuzzScrape,
    "memory": fuzzMemory,
    "sources": fuzzSources,
  ]

  // Sound: set once before libFuzzer starts, which calls back on this thread only.
  nonisolated(unsafe) static var target: Target = { _ in }

  static func main() {
    guard CommandLine.argc > 1, let name = CommandLine.unsafeArgv[1].map({ String(cString: $0) }),
      let chosen = targets[name]
    else {
      print("usage: Fuzz \(targets.keys.sorted().joined(separator: "|")) [OPTION|FOLDER]...")
      exit(2)
    }
    target = chosen
    // The target's name goes, what stands behind it moves up.
    for place in 1..<Int(CommandLine.argc) { CommandLine.unsafeArgv[place] = CommandLine.unsafeArgv[place + 1] }
    var argc = CommandLine.argc - 1
    var argv = CommandLine.unsafeArgv
    exit(
      runDriver(&argc, &argv) { bytes, count in
        Fuzz.target(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      })
  }
}

/// Ends the program when something that must hold does not: libFuzzer then keeps the input.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { preconditionFailure(message()) }
}

/// libFuzzer's own loop ("Using libFuzzer as a library"), so that Swift's `main` starts it and not the other way round.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argc: UnsafeMutablePointer<CInt>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
