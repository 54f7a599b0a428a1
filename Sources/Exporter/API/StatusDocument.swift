internal import HTTPServer
internal import Heartbeat
internal import POSIX
internal import Procfs

/// How the processes do, as JSON. What changes by the mere passing of time is kept apart, so that an ETag can be honest.
struct StatusDocument {
  /// One process with all that is known of it.
  struct Program {
    var name: String
    var state: ProcessState
    /// All but `age_seconds`.
    var members: JSONObject
    var age: Double?
  }

  var generated: Double
  var programs: [Program]
  var file: JSONObject

  /// `{"generated": ..., "summary": {...}, "file": {...}, "heartbeats": [...]}`.
  var list: JSONObject {
    var summary = JSONObject()
    for state in ProcessState.allCases {
      summary[state.rawValue] = .integer(Int64(programs.count { $0.state == state }))
    }
    return [
      "generated": .number(generated), "summary": .object(summary), "file": .object(file),
      "heartbeats": .array(programs.map { .object($0.object) }),
    ]
  }

  /// A tag that stays while nothing but the ages has changed: weak, since ages do (RFC 9110 section 8.8.1). The state is
  /// part of it, though it too may change by the mere passing of time: a silent process is news.
  static func tag(of programs: [Program], _ file: JSONObject) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: [UInt8]) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    for program in programs {
      add(JSONValue.string(program.name).serialised())
      add(JSONValue.string(program.state.rawValue).serialised())
      add(JSONValue.object(program.members).serialised())
    }
    add(JSONValue.object(file).serialised())
    return "W/\"\(String(hash, radix: 16))\""
  }
}

extension StatusDocument.Program {
  /// `{"name": ..., "state": ..., "age_seconds": ..., ...}`.
  var object: JSONObject {
    var object: JSONObject = ["name": .string(name), "state": .string(state.rawValue)]
    object.append("age_seconds", age.map { .number($0) } ?? .null)
    for member in members.members { object.append(member.key, member.value) }
    return object
  }
}
