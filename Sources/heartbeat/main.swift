internal import Flags
internal import Glibc
internal import HeartbeatTool

exit(Tool.run(Array(CommandLine.arguments.dropFirst()), environment: ProcessEnvironment.environment))
