internal import CLinux
internal import Glibc

/// A kernel thread of this process, by `pthread_create(3)`.
public struct Thread: Sendable {
  private let handle: pthread_t

  /// Starts a thread that runs `body` once and ends with it.
  ///
  /// - Parameters:
  ///   - name: what `ps -L` and `top -H` show; the kernel keeps 15 bytes of it.
  ///   - body: must not outlive what it needs: nobody waits for it unless `join` is called.
  /// - Throws: `EAGAIN` when the process may start no more threads.
  public static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) -> Thread {
    let box = Unmanaged.passRetained(Body(run: body))
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { argument in
        // Sound: the pointer is the retained `Body` from above, taken over exactly once, by this thread.
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw Errno(code)
    }
    pthread_setname_np(handle, String(name.prefix(15)))
    return Thread(handle: handle)
  }

  /// Waits until the thread has ended. It must be called exactly once, or `detach` in its place.
  public func join() {
    pthread_join(handle, nil)
  }

  /// Lets the thread go: its memory is freed when it ends. The corresponding C function is `pthread_detach(3)`.
  public func detach() {
    pthread_detach(handle)
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
