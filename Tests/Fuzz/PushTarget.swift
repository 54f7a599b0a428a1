import JSON
@testable import Exporter
@testable import Heartbeat

/// Bodies of pushes: refused with a status that says so, or beats that the file may have.
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
  for beat in beats {
    require((1...HeartbeatManager.longestName).contains(beat.name.utf8.count), "a name that is none")
    require(beat.pid ?? 1 > 0, "a pid that is none")
    require(abs((beat.time ?? defaults.now) - defaults.now) <= 86_400, "a time beyond the limits")
  }
}

private func check(_ error: APIError) {
  require([400, 422].contains(error.status), "status \(error.status)")
  require(!error.message.isEmpty, "an error without a text")
  require((try? JSONValue(parsing: error.response.body)) != nil, "an error that is no JSON")
}
