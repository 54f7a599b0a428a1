internal import Flags

/// `heartbeat completions`
enum CompletionsCommand {
  static let command: Command = Command(
    name: "completions", title: "Prints the completion script for a shell: bash or zsh.",
    flags: FlagSet(
      program: "heartbeat completions", summary: "Prints the completion script for a shell: bash or zsh.",
      groups: [], arguments: .named("bash|zsh", 1...1),
      examples: [
        FlagExample("In ~/.bashrc", "source <(heartbeat completions bash)"),
        FlagExample("For zsh", "heartbeat completions zsh > ~/.zfunc/_heartbeat"),
      ]),
    run: { (values, _) throws(FlagError) in
      switch values.arguments.first {
      case "bash": Console.print(bash(Tool.commands), terminator: "")
      case "zsh": Console.print(zsh(Tool.commands), terminator: "")
      case let other: throw .invalid("no completions for \(quoted(other ?? "")): expected bash or zsh")
      }
      return 0
    })

  static func bash(_ commands: [Command]) -> String {
    var cases = ""
    for command in commands {
      let flags = command.flags.completions
      cases += "    \(command.name))\n      case \"$previous\" in\n"
      for flag in flags where flag.takesValue {
        let pattern = flag.spellings.joined(separator: "|")
        switch flag.values {
        case .choices(let words):
          cases +=
            "        \(pattern)) COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$word\")); return ;;\n"
        case .files: cases += "        \(pattern)) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
        case .directories: cases += "        \(pattern)) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
        case .nothing: cases += "        \(pattern)) return ;;\n"
        }
      }
      var words = flags.flatMap(\.spellings)
      if command.name == "completions" { words = ["bash", "zsh"] }
      cases += "      esac\n      COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$word\")) ;;\n"
    }
    return """
      # bash completion for heartbeat
      _heartbeat() {
        local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W '\(commands.map(\.name).joined(separator: " ")) --help --version' -- "$word"))
          return
        fi
        case "${COMP_WORDS[1]}" in
      \(cases)  esac
      }
      complete -o default -F _heartbeat heartbeat

      """
  }

  static func zsh(_ commands: [Command]) -> String {
    func escaped(_ text: String) -> String {
      text.map { "[]:'\\".contains($0) ? ($0 == "'" ? "'\\''" : "\\\($0)") : String($0) }.joined()
    }
    var cases = ""
    for command in commands {
      var arguments: [String] = []
      for flag in command.flags.completions {
        for spelling in flag.spellings {
          var specification = (flag.isRepeatable ? "*" : "") + spelling + (flag.takesValue ? "=" : "")
          specification += "[\(escaped(flag.help))]"
          if flag.takesValue {
            switch flag.values {
            case .choices(let words): specification += ":value:(\(words.joined(separator: " ")))"
            case .files: specification += ":file:_files"
            case .directories: specification += ":folder:_files -/"
            case .nothing: specification += ":value:"
            }
          }
          arguments.append("'\(specification)'")
        }
      }
      if command.name == "completions" { arguments.append("'1:shell:(bash zsh)'") }
      if command.name == "run" { arguments.append("'*::command:_normal'") }
      cases += "    \(command.name)) _arguments \(arguments.joined(separator: " ")) ;;\n"
    }
    let list = commands.map { "'\($0.name):\(escaped($0.title))'" }.joined(separator: " ")
    return """
      #compdef heartbeat
      _heartbeat() {
        if (( CURRENT == 2 )); then
          local -a commands=(\(list))
          _describe command commands
          return
        fi
        local command=$words[2]
        shift words
        (( CURRENT-- ))
        case $command in
      \(cases)  esac
      }
      if [ "$funcstack[1]" = "_heartbeat" ]; then _heartbeat "$@"; else compdef _heartbeat heartbeat; fi

      """
  }
}
