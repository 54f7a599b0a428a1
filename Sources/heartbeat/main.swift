internal import Flags
internal import Glibc
internal import HeartbeatTool
internal import POSIX

StandardStreams.fillGaps()
exit(Tool.run(Array(CommandLine.arguments.dropFirst()), environment: ProcessEnvironment.environment))
