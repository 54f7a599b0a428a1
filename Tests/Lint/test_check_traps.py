"""What scripts/check-traps finds, and what it lets pass. Run by `scripts/test lint`."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-traps"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_traps", str(SCRIPT))
check_traps = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_traps", loader))
loader.exec_module(check_traps)

FOUND = [
    "let filled = Int((share * 10).rounded())",
    "let port = UInt16(number)",
    "next = now &+ UInt64(seconds * 1e9)",
    'let text = "\\(Int((share * 100).rounded()))%"',
    'let text = "a \\"quoted\\" \\(pad("\\(Int(share))")) text"',
    'let text = """\n  \\(Int(share))\n  """',
    "let size = Int32(bytes.count)",
    "let time = timeval(\n  tv_sec: Int(\n    timeout), tv_usec: 0)",
    "let numbers = words.compactMap { Int32($0) }",
    "return Int(text)",
    "let digit = numericCast(value) as Int",
    "let line = String(repeating: \" \", count: width - used)",
    "bytes += repeatElement(0, count: 4 - digits.count)",
    "lines.prefix(height - 1)",
    "rest.dropFirst(size - 2)",
    "for start in 0...(whole.count - part.count) {}",
    "for start in 0..<count - 1 {}",
    "Dictionary(uniqueKeysWithValues: pairs)",
    "let rest = abs(hundredths % 100)",
    "UInt64.random(in: 0...pause / 2)",
    "try await Task.sleep(for: Duration.seconds(interval))",
    "let numbers = shares.map(Int.init)",
    "let port = UInt16.init(number)",
    "precondition(count > 0)",
    "default: fatalError(\"cannot be\")",
    "Task { [unowned self] in serve() }",
    "let error = result as! Errno",
    "let file = try! open()",
    # A reason needs words, and stands on the line or on a line of its own above it.
    "let port = UInt16(number)  // no trap:",
    "let port = UInt16(number)  // exact",
    "let one = 1  // no trap: a byte\nlet port = UInt16(number)",
]

PASSED = [
    "static let patience = Duration.seconds(86_400)",
    "let filled = Int(clamping: share * 10)",
    "let numbers = shares.map { Int.init(clamping: $0) }",
    "let pid = Int32(exactly: value)",
    "let place = Int(widening: slot)",
    "let port = UInt16(text, radix: 10)",
    "let first = UInt8(ascii: \"a\")",
    "let low = UInt8(truncatingIfNeeded: bits >> 8)",
    "if let size = Int(text) {}",
    "guard words.count > 1, let status = Int(words[1]), status > 0 else { return }",
    "guard words.count > 1,\n  let status = Int(words[1]), status > 0\nelse { return }",
    "let count = Int(text) ?? 0",
    "let code = Int16(POLLPRI | POLLERR)",
    "let kind = Int32(SOCK_STREAM.rawValue) | Int32(0x80)",
    "let limit = Int64(UInt32.max)",
    "let total = UInt64(bytes.count)",
    "let room = Int(PATH_MAX)",
    "func Int(_ value: Double) {}",
    "let view = Double(value)",
    "let line = String(repeating: \" \", count: max(0, width - used))",
    "lines.prefix(max(0, height - 1))",
    "for index in 0..<count {}",
    "UInt64.random(in: .min ... .max) ^ Int64.random(in: 0..<8_000_000)",
    "// Int(share) would stop the program",
    "/* Int(share) */",
    'let help = "as Int(share) does"',
    'let help = """\n  Int(share)\n  """',
    "let port = UInt16(number)  // no trap: 1 to 65535, as the flag's type says",
    "// no trap: 1 to 65535, as the flag's type says\nlet port = UInt16(number)",
]


class CheckTraps(unittest.TestCase):
    def test_what_may_end_the_program_is_found_once(self):
        for code in FOUND:
            with self.subTest(code):
                self.assertEqual(len(list(check_traps.findings(code))), 1)

    def test_what_cannot_end_it_passes(self):
        for code in PASSED:
            with self.subTest(code):
                self.assertEqual(list(check_traps.findings(code)), [])

    def test_a_finding_names_file_line_and_what_to_write(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "Page.swift"
            file.write_text("let one = 1\nlet tenths = Int(value * 10)\n")
            answer = subprocess.run([SCRIPT, folder], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(
            answer.stdout,
            f"{file}:2: Int(value * 10) stops the program when it does not fit: use clamping: or exactly: (any number), "
            "widening: (a smaller integer), or radix: 10 (a text)\n",
        )
        self.assertIn("// no trap: REASON", answer.stderr)

    def test_a_file_that_is_not_there_is_no_success(self):
        answer = subprocess.run([SCRIPT, "/nowhere/Page.swift"], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("no file or folder /nowhere/Page.swift", answer.stderr)


if __name__ == "__main__":
    unittest.main()
