import Heartbeat

private let folder = Folder()
private let probe = FileProbe(path: Oracle.file(in: folder))

/// What is remembered from one answer to the next must not show: the input makes the choices of the oracle.
func fuzzMemory(_ input: UnsafeRawBufferPointer) {
  var oracle = Oracle(Choices(bytes: Array(input)), in: folder, probe: probe, isLive: false)
  let finding = oracle.run(steps: 200)
  require(finding == nil, finding?.description ?? "")
}
