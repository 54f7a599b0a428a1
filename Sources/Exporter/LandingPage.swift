/// The page at `/`: what this is, and where things are.
enum LandingPage {
  /// The whole page; it needs nothing from elsewhere, not even a script.
  static func html(telemetryPath: String) -> [UInt8] {
    let path = escaped(telemetryPath)
    return Array(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Heartbeat exporter</title>
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 10vh auto; padding: 0 1.5rem; }
      h1 { font-size: 1.6rem; margin-bottom: 0.2rem; }
      .version { color: GrayText; margin-top: 0; }
      dt { font-weight: 600; margin-top: 1rem; }
      dd { margin: 0; }
      </style>
      </head>
      <body>
      <h1>Heartbeat exporter</h1>
      <p class="version">version \(escaped(Version.number)), revision \(escaped(Version.revision))</p>
      <dl>
      <dt><a href="\(path)">\(path)</a></dt>
      <dd>Heartbeats, processes and the host, for Prometheus</dd>
      <dt><a href="/-/healthy">/-/healthy</a></dt>
      <dd>Answers as long as the exporter runs</dd>
      <dt><a href="/-/ready">/-/ready</a></dt>
      <dd>Answers when the exporter can be scraped</dd>
      </dl>
      </body>
      </html>

      """.utf8)
  }

  /// Text that a page may hold: the five characters that mean something in HTML are written as references.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
