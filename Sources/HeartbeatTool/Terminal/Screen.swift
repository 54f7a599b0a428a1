internal import CLinux
internal import Glibc
internal import POSIX

/// The whole terminal: the alternate screen, redrawn in place. What was there before comes back at the end, also when this
/// process crashes.
struct Screen: ~Copyable {
  /// What ends a frame that was cut off, colours, the hidden cursor and the alternate screen.
  private static let farewell = "\u{1B}[?2026l\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"

  private var before = termios()
  private var isEntered = false
  /// Whether standard input is a terminal that may still say something.
  private(set) var hasInput = isatty(STDIN_FILENO) == 1

  deinit {
    if isEntered { Self.giveBack(hasSettings ? before : nil) }
  }

  private var hasSettings = false

  /// Takes the terminal over: switches to the alternate screen, hides the cursor, and lets no typed letter disturb the
  /// picture. Once more, as after a stop that nobody could see coming, it only repairs what a shell has changed meanwhile.
  mutating func enter() {
    if !isEntered {
      hasSettings = hasInput && tcgetattr(STDIN_FILENO, &before) == 0
      isEntered = true
    }
    if hasSettings {
      withUnsafePointer(to: before) { clinux_hold_terminal($0, Self.farewell, Self.farewell.utf8.count) }
      var quiet = before
      quiet.c_lflag &= ~tcflag_t(ECHO | ICANON)
      withUnsafeMutableBytes(of: &quiet.c_cc) {
        $0[Int(VMIN)] = 1
        $0[Int(VTIME)] = 0
      }
      tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
    } else {
      clinux_hold_terminal(nil, Self.farewell, Self.farewell.utf8.count)
    }
    Console.write("\u{1B}[?1049h\u{1B}[?25l", to: STDOUT_FILENO)
  }

  /// Gives the terminal back.
  mutating func leave() {
    guard isEntered else { return }
    isEntered = false
    Self.giveBack(hasSettings ? before : nil)
  }

  private static func giveBack(_ settings: termios?) {
    clinux_let_go_of_terminal()
    Console.write(farewell, to: STDOUT_FILENO)
    if var settings { tcsetattr(STDIN_FILENO, TCSANOW, &settings) }
  }

  /// Shows a page: one write, from the top, each line erased behind its text, so that nothing flickers.
  ///
  /// - Returns: false when the terminal has gone.
  borrowing func draw(_ lines: [String]) -> Bool {
    var frame = "\u{1B}[?2026h\u{1B}[H"
    for (index, line) in lines.enumerated() {
      if index > 0 { frame += "\r\n" }
      frame += line + "\u{1B}[K"
    }
    frame += "\u{1B}[J\u{1B}[?2026l"
    return Console.write(frame, to: STDOUT_FILENO)
  }

  /// What was typed and waits to be read.
  mutating func typed() -> [UInt8] {
    guard hasInput else { return [] }
    let bytes = Self.waiting(in: STDIN_FILENO)
    // A terminal that was closed can always be read, and gives nothing: to wait for it would keep the processor busy.
    if bytes == nil { hasInput = false }
    return bytes ?? []
  }

  /// The most bytes of one look at what was typed; the rest waits.
  private static let mostTyped = 4_096

  /// What waits to be read from a descriptor; nil when it is at its end.
  static func waiting(in descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while bytes.count < mostTyped, poll(&polled, 1, 0) > 0 {
      var byte: UInt8 = 0
      let got = read(descriptor, &byte, 1)
      if got < 0, errno == EINTR { continue }
      guard got == 1 else { return bytes.isEmpty ? nil : bytes }
      bytes.append(byte)
    }
    return bytes
  }

  /// Lines and columns of the terminal.
  static var size: (lines: Int, columns: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (24, 80) }
    return (Int(widening: size.ws_row), Int(widening: size.ws_col))
  }
}
