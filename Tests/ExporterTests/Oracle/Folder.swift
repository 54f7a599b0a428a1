import Glibc

/// A folder of files that lasts as long as the value. What fails here is a fault of the test's surroundings and ends it.
final class Folder: Sendable {
  let path: String

  init() {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/memory-oracle-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no folder can be made in \(parent)")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { remove("") }

  /// Writes a file and the folders that it lies in.
  func write(_ name: String, _ text: some Sequence<UInt8>) {
    makeFolders(above: name)
    put(path + "/" + name, Array(text), O_CREAT | O_WRONLY | O_TRUNC)
  }

  func write(_ name: String, _ text: String) { write(name, text.utf8) }

  /// Puts a new file in the place of whatever is there.
  func replace(_ name: String, _ text: [UInt8]) {
    put(path + "/" + name + ".new", text, O_CREAT | O_WRONLY | O_TRUNC)
    rename(name + ".new", name)
  }

  func rename(_ name: String, _ other: String) {
    precondition(Glibc.rename(path + "/" + name, path + "/" + other) == 0, "\(name) cannot be renamed")
  }

  func makeFolder(_ name: String) {
    makeFolders(above: name + "/x")
  }

  /// Removes a file, or a folder with all that is in it.
  func remove(_ name: String) {
    let full = path + "/" + name
    guard unlink(full) != 0, rmdir(full) != 0 else { return }
    for entry in entries(full) { remove(name + "/" + entry) }
    rmdir(full)
  }

  /// Gives a file a time of modification, in Unix seconds.
  func setModified(_ name: String, _ time: Int) {
    var times = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
    precondition(utimensat(AT_FDCWD, path + "/" + name, &times, 0) == 0)
  }

  private func makeFolders(above name: String) {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/" + part
      mkdir(folder, 0o755)
    }
  }

  private func put(_ file: String, _ bytes: [UInt8], _ flags: Int32) {
    let number = open(file, flags | O_CLOEXEC, 0o644)
    precondition(number >= 0, "\(file) cannot be written")
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      precondition(count > 0, "\(file) cannot be written")
      rest = rest.dropFirst(count)
    }
    close(number)
  }

  private func entries(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
