import Flags
import Testing

@Suite("Help")
struct HelpTests {
  private let flags = FlagSet(
    program: "heartbeat send", summary: "Beats once for a process, and says nothing when that went well.",
    groups: [
      FlagGroup(
        "Beat",
        [
          Flag.value("status", .string.named("WORD"), default: "alive", help: "What the process says of itself."),
          Flag.list("data", .string.named("KEY=VALUE"), help: "A number, a boolean or a text of its own."),
          Flag.optional("file", .file, environment: ["HEARTBEAT_FILE"], help: "The heartbeat file."),
          Flag.value(
            "a-flag-with-a-very-long-name", .duration, default: 90,
            help: "Its help begins on the next line, since it leaves no room."),
          Flag.toggle("fsync", default: true, help: "Waits for the disk."),
        ])
    ],
    arguments: .named("NAME", 1...1),
    examples: [
      FlagExample("Beat with a number", "heartbeat send bidder --data offset=140"),
      FlagExample("Beat for another", "heartbeat send bidder --pid 1"),
    ], hasVersion: true)

  @Test("is grouped, aligned and wrapped")
  func wide() {
    #expect(
      flags.help(columns: 80) == """
        usage: heartbeat send [flags] NAME

        Beats once for a process, and says nothing when that went well.

        Beat:
          --status=WORD         What the process says of itself. [default: alive]
          --data=KEY=VALUE ...  A number, a boolean or a text of its own.
          --file=FILE           The heartbeat file. [env: HEARTBEAT_FILE]
          --a-flag-with-a-very-long-name=DURATION
                                Its help begins on the next line, since it leaves no
                                room. [default: 1m30s]
          --[no-]fsync          Waits for the disk. [default: on]

        Other:
          -h, --help            Shows this help.
          --version             Shows the version.

        Examples:
          # Beat with a number
          heartbeat send bidder --data offset=140

          # Beat for another
          heartbeat send bidder --pid 1

        """)
  }

  @Test("a word too long for its column begins further to the left")
  func longWord() {
    let flags = FlagSet(
      program: "x", summary: "Does it.",
      groups: [FlagGroup("A", [Flag.optional("some-flag-of-mine", .string, help: "Its help.")])],
      environmentPrefix: "AN_UNUSUALLY_LONG_PREFIX_OF_VARIABLES_")
    #expect(
      flags.help(columns: 72) == """
        usage: x [flags]

        Does it.

        A:
          --some-flag-of-mine=TEXT  Its help.
                  [env: AN_UNUSUALLY_LONG_PREFIX_OF_VARIABLES_SOME_FLAG_OF_MINE]

        Other:
          -h, --help                Shows this help.

        """)
  }

  @Test("a usage that is too long goes on under its first word")
  func longUsage() {
    let flags = FlagSet(
      program: "heartbeat-with-a-long-name simulate", summary: "Does it.", groups: [], arguments: .named("NAME", 1...2))
    #expect(
      flags.help(columns: 48).hasPrefix(
        """
        usage: heartbeat-with-a-long-name simulate
               [flags] NAME ...

        Does it.

        """))
  }

  @Test("fits any terminal, unless a single word does not", arguments: [-1, 0, 40, 57, 100, 200])
  func widths(columns: Int) {
    let lines = flags.help(columns: columns).split(separator: "\n")
    #expect(
      lines.filter { $0.count > max(40, columns) && !$0.contains("send bidder") && !$0.contains("long-name=") } == [])
  }

  @Test(
    "the usage names the words beside the flags",
    arguments: [
      (ArgumentRule.none, "x [flags]"), (.named("NAME", 0...1), "x [flags] [NAME]"),
      (.named("NAME", 1...3), "x [flags] NAME ..."), (.command("COMMAND"), "x [flags] [--] COMMAND ..."),
    ])
  func usage(rule: ArgumentRule, expected: String) {
    #expect(FlagSet(program: "x", summary: "", groups: [], arguments: rule).usage == expected)
  }
}

@Suite("ProcessEnvironment")
struct SurroundingsTests {
  @Test("the environment is that of the process")
  func environment() {
    #expect(ProcessEnvironment.environment["PATH"]?.isEmpty == false)
    #expect(ProcessEnvironment.columns > 0)
  }
}
