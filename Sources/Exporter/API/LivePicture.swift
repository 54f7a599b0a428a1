internal import JSON
internal import POSIX

/// All that those who watch are shown at one moment, as text: whole, or what of it has changed since an earlier one.
struct LivePicture {
  /// Unix time in seconds.
  var generated: Double
  /// The members of the list beside the processes: `summary`, `file`, `files`, `problems`.
  var head: JSONObject
  /// Its processes must be marked.
  var processes: StatusDocument
  var host: JSONObject

  /// What is remembered of a picture, to tell the next one from it: of each process little more than its name.
  struct Memory {
    fileprivate let head: JSONObject
    fileprivate let host: JSONObject
    fileprivate let processes: [ExactText: Int]
  }

  var memory: Memory {
    Memory(
      head: head, host: host,
      processes: Dictionary(processes.marks.map { (ExactText($0.name), $0.content) }, uniquingKeysWith: { $1 }))
  }

  /// `{"status": {...}, "host": {...}}`, in pieces.
  var whole: [[UInt8]] {
    [Array("{\"status\":".utf8)] + StatusDocument.list(head: stamped(head), processes.objects) + rest(host)
  }

  /// The same with what has changed alone: members of `status` and `host`, whole processes, and in `removed` the names of
  /// those that are gone. What changes by the mere passing of time, the ages, is no change.
  func changes(since before: Memory) -> [[UInt8]] {
    var status = stamped(Self.difference(from: before.head, to: head))
    var changed: [UInt8] = []
    var known = before.processes
    for mark in processes.marks where known.removeValue(forKey: ExactText(mark.name)) != mark.content {
      if !changed.isEmpty { changed.append(UInt8(ascii: ",")) }
      changed.append(contentsOf: processes.objects[mark.range])
    }
    status.append("removed", .array(known.keys.map { .string($0.text) }))
    return [Array("{\"status\":".utf8)] + StatusDocument.list(head: status, changed)
      + rest(Self.difference(from: before.host, to: host))
  }

  private func stamped(_ members: JSONObject) -> JSONObject {
    JSONObject([JSONObject.Member(key: "generated", value: .number(generated))] + members.members)
  }

  private func rest(_ host: JSONObject) -> [[UInt8]] {
    [Array(",\"host\":".utf8), JSONValue.object(host).serialised(), [UInt8(ascii: "}")]]
  }

  /// The members that are others now; those that are gone are null.
  private static func difference(from before: JSONObject, to now: JSONObject) -> JSONObject {
    var changed = JSONObject(now.members.filter { before[$0.key] != $0.value })
    for member in before.members where now[member.key] == nil && member.value != .null {
      changed.append(member.key, .null)
    }
    return changed
  }
}
