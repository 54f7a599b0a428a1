import Exporter
import Flags
import Glibc
import POSIX

/// Ends the program with a sentence on standard error.
func fail(_ message: String, status: Int32) -> Never {
  Logger.writeToStandardError(Array("heartbeat-exporter: \(message)\n".utf8))
  Logger.finishStandardError()
  exit(status)
}

StandardStreams.fillGaps()

do throws(FlagError) {
  switch try ExporterOptions.parse(
    Array(CommandLine.arguments.dropFirst()), environment: ProcessEnvironment.environment,
    columns: ProcessEnvironment.columns)
  {
  case .help(let text): print(text, terminator: "")
  case .version: print(Version.text(program: "heartbeat-exporter"), terminator: "")
  case .run(let options) where options.checkConfig:
    if let problem = Exporter.problem(of: options) { fail(problem, status: 1) }
    for warning in Exporter.warnings(of: options) {
      Logger.writeToStandardError(Array("heartbeat-exporter: warning: \(warning)\n".utf8))
    }
    Logger.finishStandardError()
    print("the configuration is good")
  case .run(let options) where options.healthCheck:
    if let problem = Exporter.healthProblem(of: options) { fail(problem, status: 1) }
    print("healthy")
  case .run(var options):
    // Of a usual host no block is so large; of the largest legal files a dozen are.
    Allocator.giveBack(blocksFrom: 16 << 20)
    // Swift reads them from /proc/self/cmdline, where there is always the program's name at least.
    if CommandLine.arguments.isEmpty {
      options.warnings.append("/proc is not mounted, so flags are not seen; only environment variables count")
    }
    let status = Exporter(options: options, logger: Logger(level: options.log.level, format: options.log.format)).run()
    Logger.finishStandardError()
    exit(status)
  }
} catch {
  fail(error.description, status: 2)
}
