import Flags
import Testing

@testable import HeartbeatTool

@Suite("The completions")
struct CompletionsTests {
  @Test("for bash are whole, and offer the flags of each command")
  func bash() {
    let script = CompletionsCommand.bash(Tool.commands)
    let words = script.split { " \n;".contains($0) }
    #expect(words.count { $0 == "case" } == words.count { $0 == "esac" })
    for command in Tool.commands {
      let flags = command.flags.completions.flatMap(\.spellings).joined(separator: " ")
      let offered = command.name == "completions" ? "bash zsh" : flags
      #expect(script.contains("compgen -W '\(offered)' -- \"$word\")) ;;\n"), "\(command.name)")
    }
  }
}
