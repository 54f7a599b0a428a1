import HTTP
import JSON
@testable import Exporter
@testable import Heartbeat

private let routes: PushRoutes = {
  var options = ExporterOptions.Push()
  options.isOnWeb = true
  return PushRoutes(options: options, procfs: "/proc", queue: PushQueue(limit: 1, timeout: 1))
}()

/// Bodies of pushes, and their first line as the path of one: refused with a status that says so, or beats that the file may have.
func fuzzPush(_ input: UnsafeRawBufferPointer) {
  let bytes = Array(input)
  let defaults = PushBody.Defaults(now: 1_700_000_000, host: nil, retention: 86_400)
  var beats: [Beat] = []
  do throws(APIError) {
    beats.append(try PushBody.beat("a", bytes, defaults))
  } catch {
    check(error)
  }
  do throws(APIError) {
    beats += try PushBody.batch(bytes, defaults)
  } catch {
    check(error)
  }
  beats += told(bytes, at: defaults.now)
  for beat in beats {
    require((1...HeartbeatManager.longestName).contains(beat.name.utf8.count), "a name that is none")
    require(beat.pid ?? 1 > 0, "a pid that is none")
    require(abs((beat.time ?? defaults.now) - defaults.now) <= 86_400, "a time beyond the limits")
  }
}

/// The beats of a request whose path ends with the first line, such as `backup/fail?exit_code=3`, and whose body are the others.
private func told(_ bytes: [UInt8], at now: Double) -> [Beat] {
  let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
  let request = Request(
    .post, APIPath.heartbeats + "/" + String(decoding: line, as: UTF8.self),
    headers: Headers([("Content-Type", "application/json")]), body: Array(bytes.dropFirst(line.count + 1)))
  var word: JobEvent.Word?
  if case .job(_, let told)? = APIPath.target(request.path) { word = told }
  do throws(APIError) {
    try routes.check(request, hasBody: !request.body.isEmpty)
    guard case .beats(let beats) = try routes.task(request, request.body, .same, at: now) else {
      require(false, "a POST that is to forget")
      return []
    }
    require(beats.count == 1 && beats[0].jobEvents.count == (word == nil ? 0 : 1), "not what the path says")
    for event in beats[0].jobEvents {
      if case .end(let code, let isSuccess) = event.kind {
        require(JobEvent.exitCodes.contains(code) && isSuccess == (code == 0), "exit code \(code)")
      }
      require((event.kind == .start) == (word == .start), "\(event) by \(request.rawPath)")
      require(beats[0].status == event.status && (beats[0].pid == nil || !event.isEnd), "not the beat of its event")
      let applied = JobRecord(event.applied(to: JSONObject(), at: now))
      require(applied.isRunning == !event.isEnd && applied.hasFailed == (event.word == .fail), "not the event's record")
    }
    return beats
  } catch {
    check(error)
    return []
  }
}

private func check(_ error: APIError) {
  require([400, 404, 422].contains(error.status), "status \(error.status)")
  require(!error.message.isEmpty, "an error without a text")
  require((try? JSONValue(parsing: error.response.body)) != nil, "an error that is no JSON")
}
