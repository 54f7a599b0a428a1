internal import HTTP

/// Where the exporter listens: what the flags say, or what systemd hands over in their place.
struct ListenConfiguration {
  /// The addresses of `--web.listen-address`; none when systemd's sockets are there for them.
  private(set) var addresses: [ListenAddress] = []
  /// The push socket and systemd's sockets.
  private(set) var further: [ListenSocket] = []
  /// Whether heartbeats are taken on any of them.
  let takesPushes: Bool

  /// Why it cannot listen.
  struct Unusable: Error, CustomStringConvertible {
    /// The sentence that a user reads.
    let description: String
  }

  /// Puts the sockets together. To be called once, before there are threads.
  init(_ options: ExporterOptions, isAuthenticated: Bool) throws(Unusable) {
    let inherited = try ListenConfiguration.inherited(options)
    do throws(Push.Unusable) {
      try Push.checkAccess(options, isAuthenticated: isAuthenticated)
      if let point = try Push.listenPoint(options.push), !inherited.contains(where: { $0.name == PushRoutes.listener })
      {
        further.append(point)
      }
    } catch {
      throw Unusable(description: error.reason)
    }
    further += inherited
    takesPushes = options.push.isOnWeb || further.contains { $0.name == PushRoutes.listener }
    guard !inherited.contains(where: { $0.name == ListenSocket.web }) else { return }
    do throws(ListenAddressError) {
      for address in options.web.listenAddresses { addresses.append(try ListenAddress(address)) }
    } catch {
      throw Unusable(description: error.description)
    }
  }

  private static func inherited(_ options: ExporterOptions) throws(Unusable) -> [ListenSocket] {
    guard options.web.systemdSocket else { return [] }
    let sockets: [InheritedSocket]
    do throws(InheritedSockets.Unusable) {
      sockets = try InheritedSockets.take()
    } catch {
      throw Unusable(description: "--web.systemd-socket: \(error)")
    }
    guard !sockets.isEmpty else {
      throw Unusable(
        description: "--web.systemd-socket: systemd passed no sockets; is the socket unit of this service started?")
    }
    var points: [ListenSocket] = []
    for socket in sockets {
      let isPush = socket.name == PushRoutes.listener
      guard !isPush || socket.isUnix else {
        throw Unusable(
          description: "--web.systemd-socket: the socket named push is open to the network; expected a Unix socket "
            + "(to take pushes on a TCP socket, give it another name and use --web.enable-push)")
      }
      points.append(ListenSocket(.inherited(socket), name: isPush ? PushRoutes.listener : ListenSocket.web))
    }
    return points
  }
}
