import Foundation
import Testing

@testable import Procfs

@Suite("Finding a process by its command line")
struct ProcessMatcherTests {
  @Test(
    "all of the texts, in any case and order",
    arguments: [
      (["python", "bidder.py"], "python bidder.py", true),
      (["BIDDER.py", "Python"], "/usr/bin/PYTHON3 ./Bidder.PY --x", true),
      (["python bidder"], "python bidder.py", true),
      (["python", "reader"], "python bidder.py", false),
      (["bidder.py."], "python bidder.py", false),
      (["", "python"], "python", true),
      ([""], "python", false), ([], "python", false),
      (["ä"], "Ä", false), (["größe"], "GRößE", true),
      (["aab"], "aaab", true), (["x"], "", false),
    ] as [([String], String, Bool)])
  func substrings(texts: [String], line: String, expected: Bool) {
    #expect(ProcessMatcher(substrings: texts).matches(line) == expected)
  }

  @Test(
    "an expression, anywhere, case-sensitive",
    arguments: [
      ("bid+er", "python bidder.py", true), ("^python .*\\.py$", "python bidder.py", true),
      ("BIDDER", "python bidder.py", false), ("^bidder", "python bidder.py", false),
      ("(node|python) (server|bidder)", "python bidder.py", true), ("a.b", "python -c a\nb", true),
      ("", "python", true),
    ])
  func expressions(regex: String, line: String, expected: Bool) throws {
    #expect(try ProcessMatcher(regex: regex).matches(line) == expected)
  }

  // The second took 400 MB before it was refused.
  @Test(
    "an expression that would take all memory is refused",
    arguments: [
      String(repeating: "a", count: 1025), "((a{255}){255}){255}", "a++++++++++++++++++++++",
      "((((((((((a{2}){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}",
    ])
  func hugeExpressions(regex: String) {
    #expect(throws: RegularExpression.CompileError.self) { try ProcessMatcher(regex: regex) }
  }

  @Test("an expression that is none says why", arguments: ["(", "[a", "a{2,1}", "*(", "a\u{0}b"])
  func badExpressions(regex: String) {
    do throws(RegularExpression.CompileError) {
      _ = try ProcessMatcher(regex: regex)
      Issue.record("compiled: \(regex)")
    } catch {
      #expect(!error.description.isEmpty)
    }
  }

  @Test("the oldest wins; never the tool, a zombie, a kernel thread or what is excluded")
  func find() throws {
    let table = try Fixture.procfs().processTable()
    let matchers = [
      ProcessMatcher(substrings: ["python", "bidder.py"]), ProcessMatcher(substrings: ["node", "server.js"]),
      ProcessMatcher(substrings: ["websocket_reader"]), try ProcessMatcher(regex: "^python "),
      try ProcessMatcher(regex: "heartbeat"), try ProcessMatcher(regex: ""),
      ProcessMatcher(substrings: ["type=renderer"]),
    ]
    #expect(table.find(matchers).map(\.pid) == [51121, nil, 51241, 51121, nil, 1, 51126])
    #expect(table.find(matchers).map(\.count) == [2, 0, 1, 2, 0, 8, 1])
    #expect(table.find(matchers, excluding: [1, 51121]).map(\.pid) == [60001, nil, 51241, 51241, nil, 700, 51126])
    #expect(table.find([]) == [])
  }

  @Test(
    "programs that start others count where nothing below them matches",
    arguments: [
      // pid, parent, start, command line; the whole below a shell that matches too
      ([(10, 1, 5, "/bin/sh\0-c\0node server.js"), (11, 10, 6, "node\0server.js")], 11, 1),
      (
        [
          (10, 1, 5, "sudo\0-u\0bot\0node\0server.js"), (11, 10, 6, "sh\0-c\0node server.js"),
          (12, 11, 7, "node\0server.js"),
        ], 12, 1
      ),
      ([(10, 1, 5, "npm run server.js"), (11, 10, 6, "sh\0-c\0node server.js")], 10, 2),
      ([(10, 1, 5, "node\0/usr/bin/npm\0run\0server.js"), (11, 10, 6, "node\0server.js")], 11, 1),
      // Between them stands one that does not match.
      (
        [(10, 1, 5, "timeout\09\0env\0node\0server.js"), (11, 10, 6, "wrapped"), (12, 11, 7, "node\0server.js")], 12, 1
      ),
      // A program with workers is no wrapper: the oldest counts.
      ([(10, 1, 5, "gunicorn\0server.js"), (11, 10, 6, "gunicorn\0server.js")], 10, 2),
      // Nobody knows this one, but its words end with those of what it started.
      ([(10, 1, 5, "cross-env\0A=1\0node\0server.js"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "sg\0root\0-c\0node server.js -v"), (11, 10, 6, "node\0server.js\0-v")], 11, 1),
      ([(10, 1, 5, "xnode\0server.js"), (11, 10, 6, "node\0server.js")], 10, 2),
      // A shell that runs a script is a program of its own, which others start.
      ([(10, 1, 5, "timeout\0900\0bash\0server.js"), (11, 10, 6, "bash\0server.js")], 11, 1),
      ([(10, 1, 5, "sh\0-c\0bash server.js"), (11, 10, 6, "bash\0server.js")], 11, 1),
      (
        [
          (10, 1, 5, "sudo\0-u\0x\0bash\0server.js"), (11, 10, 6, "sudo\0-u\0x\0bash\0server.js"),
          (12, 11, 7, "bash\0server.js"),
        ], 12, 1
      ),
      // As cron does it: the words of a shell's own follow.
      ([(10, 1, 5, "/bin/sh\0-c\0bash server.js -v >> log 2>&1"), (11, 10, 6, "bash\0server.js\0-v")], 11, 1),
      ([(10, 1, 5, "bash\0-ec\0(cd /srv;bash server.js)"), (11, 10, 6, "bash\0server.js")], 11, 1),
      // The kernel puts the interpreter in front of a script that names one.
      (
        [
          (10, 1, 5, "timeout\09\0./server.js\0-v"),
          (11, 10, 6, "/bin/bash\0-eu\0-o\0pipefail\0./server.js\0-v"),
        ], 11, 1
      ),
      // One script that runs another one is no starter, nor one that runs itself, or its like.
      ([(10, 1, 5, "bash\0server.js"), (11, 10, 6, "bash\0helper.sh\0server.js")], 10, 2),
      ([(10, 1, 5, "bash\0server.js"), (11, 10, 6, "bash\0server.js")], 10, 2),
      ([(10, 1, 5, "bash\0server.js\09"), (11, 10, 6, "bash\0server.js")], 10, 2),
      ([(10, 1, 5, "timeout\09\0./xserver.js"), (11, 10, 6, "bash\0server.js")], 10, 2),
      // A program on an interpreter's command line is one as a shell's is.
      ([(10, 1, 5, "python3\0-c\0import os; os.system('node server.js')"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "perl\0-e\0system(qw(node server.js))"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "ruby\0-r\0json\0-e\0system('node server.js')"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "node\0--eval=run('server.js')"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "awk\0BEGIN{system(\"node server.js\")}"), (11, 10, 6, "node\0server.js")], 11, 1),
      ([(10, 1, 5, "perl\0/usr/bin/parallel\0node\0{}\0:::\0server.js"), (11, 10, 6, "node\0server.js")], 11, 1),
      // Nothing below it matches, or its own children, which have its command line: it is the program.
      ([(10, 1, 5, "python3\0-c\0serve('server.js')"), (11, 10, 6, "node\0other.js")], 10, 1),
      (
        [(10, 1, 5, "python3\0-c\0serve('server.js')"), (11, 10, 6, "python3\0-c\0serve('server.js')")], 10, 2
      ),
      // What an interpreter runs from a file is no wrapper, whatever its own options are.
      ([(10, 1, 5, "python3\0-X\0dev\0server.js\0-c\0x"), (11, 10, 6, "node\0server.js\0x")], 10, 2),
      ([(10, 1, 5, "perl\0-MList::Util\0server.js"), (11, 10, 6, "perl\0-w\0server.js\0x")], 10, 2),
      // Not below it: another one's shell.
      ([(10, 1, 5, "bash\0-c\0node server.js"), (11, 1, 6, "node\0server.js")], 10, 2),
    ] as [([(Int, Int, Int, String)], Int32, Int)])
  func wrappers(processes: [(Int, Int, Int, String)], pid: Int32, count: Int) throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    for (pid, parent, start, line) in processes {
      tree.write("\(pid)/stat", "\(pid) (x) S \(parent) 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(start) 0 1 0\n")
      tree.write("\(pid)/cmdline", line + "\0")
    }
    let found = try Procfs(procfs: tree.path).processTable().find([ProcessMatcher(substrings: ["server.js"])])
    #expect(found == [ProcessMatches(pid: pid, count: count)])
  }

  @Test(
    "our own programs, by their names, and where others may have these by their files, else by their command lines",
    arguments: [
      // command line, whether it is named so, then whether it is ours by its file: ours, not known, one named so, another one
      ("/usr/bin/heartbeat-exporter\0", false, [true, true, true, true]),
      ("heartbeats\0run\0x\0", false, [false, false, false, false]),
      ("python\0heartbeat\0run\0x\0", false, [false, false, false, false]),
      ("/heartbeat/python\0run\0x\0", false, [false, false, false, false]), ("", false, [false, false, false, false]),
      ("\0heartbeat\0", false, [false, false, false, false]), ("/", false, [false, false, false, false]),
      // What runs another program is known by its command line, unless its file has another name: it may be an older version.
      ("heartbeat\0run\0node\0server.js\0", true, [true, true, true, false]),
      ("/opt/heartbeat\0run\0--name\0x\0--\0node\0", false, [true, true, true, false]),
      ("heartbeat\0run\0--name=a.b\0node\0", true, [true, true, true, false]),
      ("heartbeat\0run\0--\0node\0", true, [true, true, true, false]),
      ("other name\0run\0--\0node\0", true, [true, true, true, false]),
      ("heartbeat\0monitor\0--file\0x\0", true, [true, true, false, false]),
      ("heartbeat\0send\0bidder\0", false, [true, true, false, false]),
      // Those of others.
      ("./heartbeat\0", true, [true, false, false, false]),
      ("heartbeat\0-e\0-c\0x.yml\0", true, [true, false, false, false]),
      ("heartbeat\0run\0", true, [true, true, false, false]),
      ("heartbeat\0run\0-e\0", true, [true, true, false, false]),
      ("/usr/share/heartbeat/bin/heartbeat\0--path.home\0/usr/share\0", true, [true, false, false, false]),
      ("heartbeat\0run\0--path.home=/usr/share\0", true, [true, true, false, false]),
      ("/bin/sh\0/usr/local/bin/heartbeat\0eth0\0", true, [true, false, false, false]),
    ] as [(String, Bool, [Bool])])
  func ownPrograms(line: String, isNamedSo: Bool, expected: [Bool]) {
    let found = [OwnPrograms.Program.own, .unknown, .alike, .another].map { program in
      parse(line) { OwnPrograms.contains(commandLine: $0, isNamedSo: isNamedSo) { program } }
    }
    #expect(found == expected)
  }

  @Test("a program of others that is named heartbeat is found, ours is not: by its file, else by its words")
  func othersHeartbeat() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    let own = try #require(try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    let folder = (own as NSString).deletingLastPathComponent
    let processes: [(Int, String, String?)] = [
      (7, "heartbeat\0eth0\0--watched", "/bin/sh"), (8, "heartbeat\0eth0\0--watched", nil),
      (9, "heartbeat\0eth0\0--watched", own), (10, "heartbeat\0monitor\0--watched", "/bin/sh"),
      (11, "heartbeat\0monitor\0--watched", nil), (12, "heartbeat\0run\0--name\0watched\0--\0x", "/bin/sh"),
      // Another version from elsewhere is known where it runs others; at our own place, gone or not, also by its other commands.
      (13, "heartbeat\0run\0--name\0watched\0--\0x", "/opt/0.1.0/heartbeat (deleted)"),
      (14, "heartbeat\0monitor\0--watched", "/opt/0.1.0/heartbeat (deleted)"),
      (15, "heartbeat\0monitor\0--watched", "\(folder)/heartbeat (deleted)"),
      (16, "heartbeat\0eth0\0--watched", "\(folder)/heartbeat (deleted)"),
    ]
    for (pid, line, file) in processes {
      tree.write("\(pid)/stat", "\(pid) (heartbeat) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(pid) 0 1 0\n")
      tree.write("\(pid)/cmdline", line + "\0")
      if let file {
        try FileManager.default.createSymbolicLink(atPath: "\(tree.path)/\(pid)/exe", withDestinationPath: file)
      }
    }
    let table = try Procfs(procfs: tree.path).processTable()
    let matcher = ProcessMatcher(substrings: ["watched"])
    var found: [Int32] = []
    while let pid = table.find([matcher], excluding: Set(found))[0].pid { found.append(pid) }
    #expect(found == [7, 8, 10, 12, 14, 16])
  }

  @Test(
    "what only started heartbeat run counts as little as that does, whatever it is about to start",
    arguments: [
      ("sudo\0-u\0app\0heartbeat\0run\0--\0./worker", "heartbeat\0run\0--\0./worker", [4]),
      ("sh\0-c\0A=1 heartbeat run -- ./worker; echo worker", "heartbeat\0run\0--\0./worker", [4]),
      ("chpst\0-u\0app\0heartbeat\0run\0--\0./worker", "heartbeat\0run\0--\0./worker", [4]),
      // A script that beats with the tool is the worker itself, also while it does.
      ("bash\0./worker.sh", "heartbeat\0send\0worker", [4, 10]),
      ("sh\0-c\0while true; do ./worker; heartbeat send worker; done", "heartbeat\0send\0worker", [4, 10]),
      ("sh\0-c\0./worker & wait", "heartbeat\0run\0--\0./other", [4, 10]),
    ])
  func startersOfTheTool(starter: String, tool: String, expected: [Int32]) throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    let processes = [
      (10, 1, "x", starter), (11, 10, "x", "env\0-"), (12, 11, "heartbeat", tool), (4, 1, "x", "other\0worker"),
    ]
    for (pid, parent, name, line) in processes {
      tree.write("\(pid)/stat", "\(pid) (\(name)) S \(parent) 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(pid) 0 1 0\n")
      tree.write("\(pid)/cmdline", line + "\0")
    }
    let table = try Procfs(procfs: tree.path).processTable()
    let matcher = ProcessMatcher(substrings: ["worker"])
    let found = table.find([matcher])[0]
    #expect(found == ProcessMatches(pid: expected[0], count: expected.count))
    #expect(table.find([matcher], excluding: [4])[0].pid == expected.dropFirst().first)
  }

  @Test(
    "arguments are joined by spaces", arguments: [("a\0b c\0", "a b c"), ("a\0\0b", "a  b"), ("\0\0", ""), ("a", "a")])
  func join(arguments: String, expected: String) {
    let line = CommandLine(arguments: Array(arguments.utf8))
    #expect(line.bytes == Array(expected.utf8))
  }

  @Test("where the main thread has ended the command line is that of a thread that works on")
  func endedMainThread() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1000\n")
    func stat(_ number: Int, _ state: String) -> String {
      "\(number) (x) \(state) 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 2 0 500 0 1 0\n"
    }
    tree.write("7/stat", stat(7, "Z"))
    tree.write("7/cmdline", "")
    tree.write("7/task/7/stat", stat(7, "Z"))
    tree.write("7/task/7/cmdline", "")
    tree.write("7/task/8/stat", stat(8, "S"))
    tree.write("7/task/8/cmdline", "python\0bot.py\0")
    let table = try Procfs(procfs: tree.path).processTable()
    #expect(table.find([ProcessMatcher(substrings: ["bot.py"])]) == [ProcessMatches(pid: 7, count: 1)])
  }

  @Test("only the first 16 KiB of a command line are looked at")
  func longCommandLine() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    tree.write("7/stat", "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
    tree.write("7/cmdline", "start\0" + String(repeating: "x", count: 16_377) + "e\0end\0")
    let table = try Procfs(procfs: tree.path).processTable()
    let found = table.find(
      try ["start", "xe", "end"].map { try ProcessMatcher(regex: $0) } + [ProcessMatcher(substrings: ["end"])])
    #expect(found.map(\.pid) == [7, 7, nil, nil])
  }

  @Test("where a command line is there and cannot be read, not all were looked at; one that is gone hides nobody")
  func unreadable() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    for pid in 7...8 { tree.write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n") }
    tree.write("7/cmdline", "python\0bot.py\0")
    let matchers = [ProcessMatcher(substrings: ["bot.py"]), ProcessMatcher(substrings: ["other.py"])]
    #expect(try Procfs(procfs: tree.path).processTable().find(matchers).map(\.isComplete) == [true, true])
    tree.makeDirectory("8/cmdline")
    let found = try Procfs(procfs: tree.path).processTable().find(matchers)
    #expect(found.map(\.pid) == [7, nil] && found.map(\.isComplete) == [false, false])
  }

  @Test("a command line that takes too many steps does not match, and is counted; others are still found")
  func exceeded() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    var seed: UInt32 = 1
    for pid in 7...60 {
      tree.write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
      let line = (0..<4_000).map { _ -> String in
        seed = seed &* 1_664_525 &+ 1_013_904_223
        return seed >> 31 == 0 ? "a" : "b"
      }
      tree.write("\(pid)/cmdline", line.joined() + "\0")
    }
    tree.write("61/stat", "61 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
    tree.write("61/cmdline", "program\0")
    let table = try Procfs(procfs: tree.path).processTable()
    let found = table.find(try ["(a|b)*a(a|b){600}c", "program"].map { try ProcessMatcher(regex: $0) })
    #expect(found[0].exceeded > 0)
    #expect(found[0].pid == nil)
    #expect(found[1] == ProcessMatches(pid: 61, count: 1))
  }

  @Test("a command line of accents is no wrapper's, and costs its length", .timeLimit(.minutes(4)))
  func accents() {
    let accents = String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)
    for (line, isWrapper) in [
      (accents, false), ("/bin/\(accents)", false), ("python\(accents)\0/x/\(accents)", false),
      ("python\(accents)\0/bin/npm", true), ("sh\0--\(accents)\0x", true),
    ] {
      Array(line.utf8).withUnsafeBytes { bytes in
        #expect(WrapperPrograms.contains(commandLine: bytes) == isWrapper)
        #expect((WrapperPrograms.scriptStart(in: bytes) == nil) == (line.utf8.first != UInt8(ascii: "s")))
      }
    }
  }

  /// A tree of processes with command lines that cost an expression many steps, all of them the same.
  private func costlyTree(_ pids: ClosedRange<Int>, then line: String) throws -> TemporaryTree {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    var seed: UInt32 = 1
    let costly = (0..<300).map { _ -> String in
      seed = seed &* 1_664_525 &+ 1_013_904_223
      return seed >> 31 == 0 ? "a" : "b"
    }.joined()
    for pid in pids.lowerBound...pids.upperBound + 1 {
      tree.write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
      tree.write("\(pid)/cmdline", (pid > pids.upperBound ? line : costly) + "\0")
    }
    return tree
  }

  private static let costly = "(a|b)*a(a|b){90}c"

  @Test("all matchers share a look's steps, and one that costs little finds its process beside those that take all")
  func shares() throws {
    let tree = try costlyTree(7...30, then: "program")
    let table = try Procfs(procfs: tree.path).processTable()
    let costly = try (0..<7).map { try ProcessMatcher(regex: Self.costly + "\($0)") }
    let found = table.find(costly + [ProcessMatcher(substrings: ["program"])], steps: 200_000)
    #expect(found.last == ProcessMatches(pid: 31, count: 1))
    #expect(found.dropLast().allSatisfy { $0.exceeded > 0 && $0.pid == nil })
    // Alone each has enough.
    let alone = try Procfs(procfs: tree.path).processTable().find(Array(costly.prefix(1)))
    #expect(alone[0].exceeded == 0)
    var budget = SearchBudget(1_000, matchers: 5)
    #expect(budget.left(for: 0) == 600)
    budget.take(550, for: 0)
    #expect((0..<5).map(budget.left) == [50, 100, 100, 100, 100])
    for matcher in 1..<5 { budget.take(100, for: matcher) }
    budget.take(50, for: 0)
    #expect((0..<5).map(budget.left) == [0, 0, 0, 0, 0])
  }

  @Test("where the steps do not suffice the next search begins where they ended, so that each process has its turn")
  func turns() throws {
    let tree = try costlyTree(7...30, then: "aprogram")
    let procfs = Procfs(procfs: tree.path)
    let matchers = [try ProcessMatcher(regex: Self.costly + "|program")]
    var found: [Int32?] = []
    for _ in 0..<24 { found.append(try procfs.processTable().find(matchers, steps: 200_000)[0].pid) }
    #expect(found.first == .some(nil) && found.contains(31))
    // Also where one line takes more than there is.
    let least = Procfs(procfs: tree.path)
    found = []
    for _ in 0..<30 { found.append(try least.processTable().find(matchers, steps: 1_000)[0].pid) }
    #expect(found.first == .some(nil) && found.contains(31))
  }

  @Test("who waits for a search is asked at each process, and it then ends: what it found counts, as what is not all")
  func ended() throws {
    let tree = try costlyTree(7...30, then: "program")
    let procfs = Procfs(procfs: tree.path)
    var asked = 0
    func find(_ most: Int) throws -> ProcessMatches {
      asked = 0
      return try procfs.processTable().find([ProcessMatcher(substrings: ["program"])]) {
        asked += 1
        return asked <= most
      }[0]
    }
    let cut = try find(3)
    #expect(asked == 4 && !cut.isComplete && cut.pid == nil)
    let next = try find(22)
    #expect(next.pid == 31 && !next.isComplete, "it goes on where the last one ended")
    let whole = try find(100)
    #expect(whole == ProcessMatches(pid: 31, count: 1) && asked == 25)
    // After matching that took long it is asked before the next matcher, too.
    asked = 0
    let costly = try (0..<5).map { try ProcessMatcher(regex: Self.costly + "\($0)") }
    let found = try procfs.processTable().find(costly) {
      asked += 1
      return asked <= 2
    }
    #expect(asked == 3 && found.allSatisfy { $0.exceeded == 0 && !$0.isComplete })
  }
}
