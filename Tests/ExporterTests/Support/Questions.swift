import Glibc
import POSIX

@testable import HTTP

/// Stands for the clients of a server: hands out responders and keeps what was answered, without a socket.
final class Questions: Sendable {
  private struct State {
    var asked: UInt32 = 0
    var answers: [UInt32: [Response]] = [:]
    var pieces: [UInt32: [[UInt8]]] = [:]
    var ended: Set<UInt32> = []
    var stalled: Set<UInt32> = []
  }

  private let mailbox: Mailbox
  private let state = Lock(State())

  init() throws {
    mailbox = try Mailbox()
  }

  /// The responder of one more question; the first has the number 0. The test must let go of it like any handler.
  func ask(_ client: ClientPresence = ClientPresence()) -> Responder {
    let number = state.withLock { state in
      defer { state.asked += 1 }
      return state.asked
    }
    let responder = Responder(
      mailbox: mailbox, connection: ConnectionID(slot: number, generation: 0), shortcut: nil,
      client: client)
    _ = responder.handlerReturned()
    return responder
  }

  /// How many were asked.
  var asked: Int { Int(state.withLock { $0.asked }) }

  /// Everything that was answered to a question until now; more than one answer would be a mistake.
  func answers(to number: Int) -> [Response] {
    collect()
    return state.withLock { $0.answers[UInt32(number)] ?? [] }
  }

  /// The status of what was answered to each question in turn until now; nil where there is no answer.
  var statuses: [Int?] {
    collect()
    return state.withLock { state in (0..<state.asked).map { state.answers[$0]?.first?.status } }
  }

  /// The first answer to a question, waited for as long as no sane machine needs; nil when none comes.
  func answer(to number: Int) -> Response? {
    for _ in 0..<300 {
      if let answer = answers(to: number).first { return answer }
      var asked = pollfd(fd: mailbox.wakeUp.rawValue, events: Int16(POLLIN), revents: 0)
      _ = poll(&asked, 1, 100)
    }
    return nil
  }

  /// What was sent in an answer without an end.
  func pieces(of number: Int) -> [[UInt8]] {
    collect()
    return state.withLock { $0.pieces[UInt32(number)] ?? [] }
  }

  /// Whether an answer without an end was ended.
  func hasEnded(_ number: Int) -> Bool {
    collect()
    return state.withLock { $0.ended.contains(UInt32(number)) }
  }

  /// The client goes in the middle of an answer without an end.
  func leave(_ number: Int) {
    answers(to: number).first?.stream?.close()
  }

  /// The client takes nothing more, or goes on taking, of an answer without an end.
  func stall(_ number: Int, _ isStalled: Bool) {
    collect()
    state.withLock { state in
      if isStalled { state.stalled.insert(UInt32(number)) } else { state.stalled.remove(UInt32(number)) }
    }
  }

  private func collect() {
    mailbox.acknowledge()
    let messages = mailbox.takeAll()
    state.withLock { state in
      for message in messages {
        switch message {
        case .response(let id, let response): state.answers[id.slot, default: []].append(response)
        case .piece(let id, let bytes, let standsAlone):
          let stream = state.answers[id.slot]?.first?.stream
          if stream?.takes(standsAlone: standsAlone, isReady: !state.stalled.contains(id.slot)) ?? false {
            state.pieces[id.slot, default: []].append(bytes)
          }
        case .endStream(let id): state.ended.insert(id.slot)
        case .sent, .shutdown: break
        }
      }
    }
  }
}

extension Response {
  /// The body as text.
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The value of a header field.
  func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
}
