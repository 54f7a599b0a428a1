/// A number of a process that is one line of one of its files, such as `VmSwap:  120 kB` of `/proc/PID/status`.
///
/// Who wants one more gives `Procfs` one more of these, and finds its number in `ProcessFigures.lines`.
public struct ProcessLine: Equatable, Sendable {
  /// The file below `/proc/PID`.
  public enum File: CaseIterable, Sendable {
    /// `status`, see `proc_pid_status(5)`.
    case status
    /// `smaps_rollup`, see `proc_pid_smaps(5)`: since Linux 4.14, for the same user and for root. The kernel walks the pages of
    /// the process for it, which takes it milliseconds for each gigabyte.
    case smapsRollup

    var name: StaticString {
      switch self {
      case .status: "status"
      case .smapsRollup: "smaps_rollup"
      }
    }
  }

  let file: File
  let key: StaticString

  /// Names a line.
  ///
  /// - Parameters:
  ///   - key: what it begins with, without the colon.
  public init(_ key: StaticString, of file: File) {
    self.file = file
    self.key = key
  }

  /// Whether both are the same line.
  public static func == (one: ProcessLine, other: ProcessLine) -> Bool {
    one.file == other.file && "\(one.key)" == "\(other.key)"
  }

  /// So many can be asked for at most.
  public static let limit = Numbers.size

  /// The numbers of the lines that were asked for, in their order. A line that says `kB` is given in bytes.
  public struct Numbers: Equatable, Sendable {
    fileprivate static let size = 8
    // In place: a scrape reads them of each process, and an array would be one more piece of memory each time.
    private var values = SIMD8<UInt64>(repeating: 0)
    private var known: UInt8 = 0

    /// None is known.
    public init() {}

    /// Each is known to be zero, which is where a sum begins.
    static var zero: Numbers {
      var numbers = Numbers()
      numbers.known = .max
      return numbers
    }

    /// One of them; nil when the kernel does not tell, or there are not so many.
    public subscript(place: Int) -> UInt64? {
      get {
        (0..<Self.size).contains(place) && known & (1 << UInt8(truncatingIfNeeded: place)) != 0 ? values[place] : nil
      }
      set {
        guard (0..<Self.size).contains(place) else { return }
        let bit: UInt8 = 1 << UInt8(truncatingIfNeeded: place)
        values[place] = newValue ?? 0
        known = newValue == nil ? known & ~bit : known | bit
      }
    }

    /// The sums of those that both know: of a tree in which one keeps a number secret the whole would be wrong.
    static func + (one: Numbers, other: Numbers) -> Numbers {
      var sum = Numbers()
      let values = one.values &+ other.values
      sum.values = values.replacing(with: .max, where: values .< one.values)
      sum.known = one.known & other.known
      return sum
    }
  }
}

extension [ProcessLine] {
  /// Reads from a file the lines that are of it.
  ///
  /// - Returns: whether those that are there have numbers, and whether all are there and have.
  @discardableResult
  func read(
    _ file: ProcessLine.File, _ bytes: UnsafeRawBufferPointer, into numbers: inout ProcessLine.Numbers
  ) -> (areWellFormed: Bool, areAll: Bool) {
    var areWellFormed = true
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      for place in indices where self[place].file == file {
        // The key and its colon are looked at before anything else: most lines are not wanted.
        let length = self[place].key.utf8CodeUnitCount
        guard line.count > length, line[length] == UInt8(ascii: ":"), line.hasPrefix(self[place].key) else { continue }
        var fields = ByteFields(UnsafeRawBufferPointer(rebasing: line[(length + 1)...]))
        let value = fields.unsigned()
        let isInKibibytes = fields.field()?.equals("kB") ?? false
        numbers[place] = value.map { isInKibibytes ? clampedProduct($0, 1024) : $0 }
        if value == nil { areWellFormed = false }
      }
    }
    return (areWellFormed, indices.allSatisfy { self[$0].file != file || numbers[$0] != nil })
  }
}
