internal import Glibc
internal import POSIX

/// The whole terminal: the alternate screen, redrawn in place. What was there before comes back at the end.
struct Screen: ~Copyable {
  private var before = termios()
  private let isTerminalInput: Bool

  /// Takes the terminal over.
  init() {
    isTerminalInput = tcgetattr(STDIN_FILENO, &before) == 0
    enter()
  }

  deinit {
    leave()
  }

  /// Switches to the alternate screen, hides the cursor, and lets no typed letter disturb the picture.
  borrowing func enter() {
    if isTerminalInput {
      var quiet = before
      quiet.c_lflag &= ~tcflag_t(ECHO | ICANON)
      tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
    }
    Console.write("\u{1B}[?1049h\u{1B}[?25l", to: STDOUT_FILENO)
  }

  /// Gives the terminal back.
  borrowing func leave() {
    Console.write("\u{1B}[?25h\u{1B}[?1049l", to: STDOUT_FILENO)
    if isTerminalInput {
      var old = before
      tcsetattr(STDIN_FILENO, TCSANOW, &old)
    }
  }

  /// Shows a page: one write, from the top, each line erased behind its text, so that nothing flickers.
  borrowing func draw(_ lines: [String]) {
    var frame = "\u{1B}[?2026h\u{1B}[H"
    for (index, line) in lines.enumerated() {
      if index > 0 { frame += "\r\n" }
      frame += line + "\u{1B}[K"
    }
    frame += "\u{1B}[J\u{1B}[?2026l"
    Console.write(frame, to: STDOUT_FILENO)
  }

  /// Whether somebody typed `q`.
  borrowing func wantsToQuit() -> Bool {
    isTerminalInput && Self.quits(typedInto: STDIN_FILENO)
  }

  /// Whether there is a `q` among what waits to be read.
  static func quits(typedInto descriptor: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&polled, 1, 0) > 0 {
      var byte: UInt8 = 0
      guard read(descriptor, &byte, 1) == 1 else { return false }
      if byte == UInt8(ascii: "q") || byte == UInt8(ascii: "Q") { return true }
    }
    return false
  }

  /// Lines and columns of the terminal.
  static var size: (lines: Int, columns: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (24, 80) }
    return (Int(widening: size.ws_row), Int(widening: size.ws_col))
  }
}
