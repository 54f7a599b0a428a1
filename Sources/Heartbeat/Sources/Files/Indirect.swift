/// A large value in a piece of memory of its own, so that whatever has it stays small: asking a struct for a member of a member may
/// copy all that lies on the way.
struct Indirect<Value: Sendable>: Sendable {
  // Always of one element: an array is memory that a copy shares until one of both changes it.
  private var storage: [Value]

  init(_ value: Value) { storage = [value] }

  var value: Value {
    _read { yield storage[0] }
    _modify { yield &storage[0] }
  }
}
