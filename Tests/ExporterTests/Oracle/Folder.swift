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
    makeFolders(above: name)
    put(path + "/" + name + ".new", text, O_CREAT | O_WRONLY | O_TRUNC)
    rename(name + ".new", name)
  }

  func rename(_ name: String, _ other: String) {
    precondition(Glibc.rename(path + "/" + name, path + "/" + other) == 0, "\(name) cannot be renamed")
  }

  /// The number of the user whose the files are.
  static var user: uid_t { geteuid() }

  /// Gives a file a second name, so that its number stays its own when the first one is gone; false where there is no file.
  func keep(_ name: String, as other: String) -> Bool {
    content(of: name) != nil && Glibc.link(path + "/" + name, path + "/" + other) == 0
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
  func setModified(_ name: String, _ time: Int) { setModified(name, timespec(tv_sec: time, tv_nsec: 0)) }

  private func setModified(_ name: String, _ time: timespec) {
    var times = [time, time]
    precondition(utimensat(AT_FDCWD, path + "/" + name, &times, 0) == 0)
  }

  /// Makes a symbolic link, in the place of whatever is there.
  func link(_ name: String, to target: String) {
    makeFolders(above: name)
    remove(name)
    precondition(symlink(target, path + "/" + name) == 0, "\(name) cannot be made a link")
  }

  /// Whether a folder is there, or a link to one.
  func isFolder(_ name: String) -> Bool {
    var status = stat()
    return stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What a file says, and when it was written.
  struct Content {
    var bytes: [UInt8]
    fileprivate var modified: timespec
  }

  /// What stands in a file; nil where there is none, or none that has a content.
  func content(of name: String) -> Content? {
    var status = stat()
    guard stat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let number = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    defer { close(number) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = bytes.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) }
    precondition(count == bytes.count, "\(name) cannot be read")
    return Content(bytes: bytes, modified: status.st_mtim)
  }

  /// Runs `body` while files have other contents; then all is as it was, the files' numbers and times too.
  func with(_ others: [String: Content], _ body: () -> Void) {
    var aside: Set<String> = []
    for (name, content) in others {
      if Glibc.rename(path + "/" + name, path + "/" + name + Self.aside) == 0 { aside.insert(name) }
      write(name, content.bytes)
      setModified(name, content.modified)
    }
    body()
    for name in others.keys {
      remove(name)
      if aside.contains(name) { rename(name + Self.aside, name) }
    }
  }

  /// No pattern matches what ends like that, and no folder of own files takes it for one.
  private static let aside = ".aside"

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

  /// The names of all files below it but those of `/proc`.
  var files: [String] {
    func files(_ folder: String) -> [String] {
      entries(path + "/" + folder).sorted().flatMap { entry in
        let name = folder.isEmpty ? entry : folder + "/" + entry
        return content(of: name) != nil ? [name] : name == HostTree.name ? [] : files(name)
      }
    }
    return files("")
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
