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
    Thread(handle: try create(nil, named: name, body))
  }

  /// The same of a thread for which nobody waits: its memory is freed when it ends.
  ///
  /// It is detached from the beginning (`pthread_attr_setdetachstate(3)`): of what is detached later the address sanitizer goes on to know
  /// the number when it has ended, and when the kernel gives that to another thread it overlooks what that one holds.
  public static func startDetached(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    _ = try create(&attributes, named: name, body)
  }

  private static func create(
    _ attributes: UnsafePointer<pthread_attr_t>?, named name: String, _ body: @escaping @Sendable () -> Void
  ) throws(Errno) -> pthread_t {
    let box = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: body))
    var handle = pthread_t()
    let code = pthread_create(
      &handle, attributes,
      { argument in
        // Sound: the pointer is the retained `Body` from above, taken over exactly once, by this thread.
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().start() }
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw Errno(code)
    }
    return handle
  }

  /// Waits until the thread has ended. It must be called exactly once.
  public func join() {
    pthread_join(handle, nil)
  }

  private final class Body {
    private let name: String
    private let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }

    func start() {
      // By itself: whoever began it may not touch one that is detached.
      pthread_setname_np(pthread_self(), name)
      run()
    }
  }
}
