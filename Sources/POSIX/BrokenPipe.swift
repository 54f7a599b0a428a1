internal import Glibc

/// Runs `body`, in which a write to a peer that has gone is `EPIPE` and no signal. For libraries that write by `write(2)`, in a program
/// whose dispositions of signals are its own: SIGPIPE would end it.
///
/// The signal goes to the thread that wrote (`signal(7)`): it is blocked there, and taken away if it came. One that waited before is
/// the program's, and stays.
public func withoutBrokenPipeSignal<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  var pipe = sigset_t()
  sigemptyset(&pipe)
  sigaddset(&pipe, SIGPIPE)
  var waiting = sigset_t()
  sigpending(&waiting)
  var before = sigset_t()
  pthread_sigmask(SIG_BLOCK, &pipe, &before)
  defer {
    if sigismember(&waiting, SIGPIPE) == 0 {
      let code = errno
      var none = timespec()
      while sigtimedwait(&pipe, nil, &none) < 0, errno == EINTR {}
      errno = code
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
  return try body()
}
