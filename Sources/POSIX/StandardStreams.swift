internal import Glibc

/// Descriptors 0, 1 and 2: standard input, output and error.
public enum StandardStreams {
  /// Puts `/dev/null` in the place of those that this process was started without (`2>&-`). Otherwise the next files and sockets get their
  /// numbers, and what is meant for people is written into them. To be called before anything is opened.
  ///
  /// A program that this one starts is without them as this one was.
  public static func fillGaps() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      // The lowest number that is free, thus this one. Without a /dev there is a folder, from which nothing is read and into which
      // nothing is written.
      let opened = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
      if opened < 0 { _ = Glibc.open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
  }
}
