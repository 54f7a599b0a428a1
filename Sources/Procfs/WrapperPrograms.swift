/// Programs that start another one and wait for it: their command lines hold the words of what they start
/// (`sh -c 'node server.js'`), so a search for that one finds them too.
enum WrapperPrograms {
  /// Whether a command line, whose arguments end with NUL each, is such a program's.
  static func contains(commandLine: UnsafeRawBufferPointer) -> Bool {
    var arguments = commandLine.split(separator: 0, omittingEmptySubsequences: true).lazy
      .map { UnsafeRawBufferPointer(rebasing: $0) }.makeIterator()
    guard let first = arguments.next() else { return false }
    let program = name(first)
    if names.contains(program) { return true }
    guard let interpreter = interpreters.first(where: { program.utf8.starts(with: $0.name.utf8) }) else { return false }
    // `node /usr/lib/node_modules/npm/bin/npm-cli.js run serve`: what is interpreted counts.
    while let argument = arguments.next() {
      guard argument.first == UInt8(ascii: "-") else { return scripts.contains(name(argument)) }
      switch interpreter.meaning(of: argument) {
      // `python3 -c "import subprocess; ..."`: as with `sh -c`, its words may be those of what it starts.
      case .program: return true
      case .takesNext: _ = arguments.next()
      case .other: continue
      }
    }
    return false
  }

  /// A program that runs what it is given: a script, or a program on its command line.
  private struct Interpreter {
    /// The beginning of its name: `python3.12`, `nodejs`.
    let name: String
    /// The letters of options that have a program behind them, in the argument itself or as the next one.
    let program: String
    /// The letters of other options with a value behind them, in the argument itself or as the next one,
    let values: String
    /// and in the argument itself alone. A module (`python3 -m poetry`) is what is interpreted.
    var attached = ""
    /// The long ones of both kinds.
    var longPrograms: Set<String> = []
    var longValues: Set<String> = []

    /// What an option is.
    enum Meaning {
      case program, takesNext, other
    }

    /// What an argument that begins with a dash says of what comes behind it.
    func meaning(of option: UnsafeRawBufferPointer) -> Meaning {
      if option.count > 1, option[1] == UInt8(ascii: "-") {
        let word = beginning(UnsafeRawBufferPointer(rebasing: option.prefix { $0 != UInt8(ascii: "=") }))
        if longPrograms.contains(word) { return .program }
        return longValues.contains(word) && !option.contains(UInt8(ascii: "=")) ? .takesNext : .other
      }
      // Letters stand together (`-ne`), and the first one with a value has the rest.
      for (place, letter) in option.enumerated().dropFirst() {
        if program.utf8.contains(letter) { return .program }
        if values.utf8.contains(letter) { return place == option.count - 1 ? .takesNext : .other }
        if attached.utf8.contains(letter) { return .other }
      }
      return .other
    }
  }

  /// Where the script begins in a command line that is a shell's which runs one; nil in any other. Commands that it was handed
  /// (`sh -c`) are no script.
  static func scriptStart(in commandLine: UnsafeRawBufferPointer) -> Int? {
    var position = 0
    func next() -> UnsafeRawBufferPointer? {
      guard position < commandLine.count else { return nil }
      let argument = UnsafeRawBufferPointer(rebasing: commandLine[position...].prefix { $0 != 0 })
      position += argument.count + 1
      return argument
    }
    guard let first = next(), shells.contains(name(first)) else { return nil }
    while true {
      let start = position
      guard let argument = next() else { return nil }
      guard argument.count > 1, let sign = argument.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") else {
        return start
      }
      let isLong = argument[1] == sign
      if isLong, argument.count == 2 { return position < commandLine.count ? position : nil }
      if isLong ? optionsWithValue.contains(beginning(argument)) : "oO".utf8.contains(argument[argument.count - 1]) {
        _ = next()
      }
      if !isLong, argument.contains(UInt8(ascii: "c")) { return nil }
    }
  }

  /// The last part of a path, without the dash of a login shell and without what follows in a title (`npm run serve`).
  private static func name(_ path: UnsafeRawBufferPointer) -> String {
    let word = path.prefix { $0 != UInt8(ascii: " ") }.drop { $0 == UInt8(ascii: "-") }
    let start = word.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? word.startIndex
    return beginning(UnsafeRawBufferPointer(rebasing: word[start...]))
  }

  /// So much of a word as tells whether it is one of ours: they are shorter, and to compare a text without a letter that somebody started a
  /// program with takes the square of its length.
  private static func beginning(_ word: UnsafeRawBufferPointer) -> String {
    UnsafeRawBufferPointer(rebasing: word.prefix(64)).text
  }

  private static let shells: Set<String> = [
    "ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh",
  ]

  private static let optionsWithValue: Set<String> = ["--init-file", "--rcfile"]

  private static let names = shells.union([
    "busybox",
    // Other users, limits, surroundings.
    "chpst", "chroot", "chrt", "doas", "eatmydata", "env", "envdir", "faketime", "firejail", "flock", "gosu", "ionice",
    "nice", "nohup", "nsenter", "numactl", "pkexec", "prlimit", "runuser", "s6-setuidgid", "setpriv", "setsid",
    "softlimit",
    "stdbuf", "su", "su-exec", "sudo", "taskset", "unshare", "bwrap", "dbus-run-session",
    // Those who watch or end what they start.
    "catatonit", "conmon", "containerd-shim", "containerd-shim-runc-v2", "docker", "docker-init", "dumb-init", "entr",
    "gdb", "ltrace", "podman", "runsv", "s6-supervise", "screen", "SCREEN", "script", "start-stop-daemon", "strace",
    "supervise", "systemd-run", "time", "timeout", "tini", "tmux", "tmux:", "unbuffer", "watch", "xargs",
    // Whose programs stand on the command line and may start others.
    "awk", "expect", "gawk", "mawk", "nawk", "original-awk", "parallel",
    // Package managers that run programs.
    "bun", "bundle", "cargo", "conda", "go", "hatch", "make", "npm", "npx", "pdm", "pipenv", "pnpm", "poetry", "uv",
    "uvx", "yarn",
  ])

  private static let interpreters = [
    Interpreter(
      name: "node", program: "ep", values: "rC", longPrograms: ["--eval", "--print"],
      longValues: ["--require", "--import", "--loader", "--conditions"]),
    Interpreter(name: "python", program: "c", values: "WX", attached: "m"),
    Interpreter(name: "pypy", program: "c", values: "WX", attached: "m"),
    Interpreter(name: "ruby", program: "e", values: "rIEC", attached: "FK"),
    Interpreter(name: "perl", program: "eE", values: "I", attached: "CDFMim"),
    Interpreter(name: "lua", program: "e", values: "l"),
    Interpreter(name: "php", program: "rBRE", values: "cdfFSz"),
  ]

  private static let scripts: Set<String> = [
    "bundle", "bundler", "conda", "dotenv", "forever", "hatch", "nodemon", "npm", "npm-cli.js", "npx", "npx-cli.js",
    "parallel", "pdm", "pipenv", "pnpm", "pnpm.cjs", "poetry", "uv", "yarn", "yarn.js", "yarn.cjs", "yarnpkg",
  ]
}
