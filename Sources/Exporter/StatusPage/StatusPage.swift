internal import Flags
internal import HTTP
internal import POSIX

/// The live status page, and what to do about what it shows: files that are part of the program.
///
/// It needs nothing from outside and runs no inline script, so the strictest policy holds (W3C, "Content Security
/// Policy Level 3").
struct StatusPage: Sendable {
  private struct Asset: Sendable {
    let type: String
    let body: [UInt8]
    let compressed: [UInt8]?
    let tag: String
  }

  private let assets: [ExactText: Asset]

  /// - Parameter telemetryPath: where the page's links find the metrics.
  init(telemetryPath: String) {
    var page = String(decoding: PackageResources.status_html, as: UTF8.self)
    page.replaceAll("\"/metrics\"", with: "\"\(StatusPage.escaped(telemetryPath))\"")
    page.replaceAll(">/metrics<", with: ">\(StatusPage.escaped(telemetryPath))<")
    let version = "heartbeat-exporter \(Version.number), revision \(Version.revision)"
    page.replaceAll("<span id=\"version\"></span>", with: "<span>\(StatusPage.escaped(version))</span>")
    assets = [
      "/": StatusPage.asset("text/html; charset=utf-8", Array(page.utf8)),
      "/troubleshooting": StatusPage.asset("text/html; charset=utf-8", PackageResources.troubleshooting_html),
      "/assets/status.css": StatusPage.asset("text/css; charset=utf-8", PackageResources.status_css),
      "/assets/status.js": StatusPage.asset("text/javascript; charset=utf-8", PackageResources.status_js),
      "/assets/icon.svg": StatusPage.asset("image/svg+xml", PackageResources.icon_svg),
      "/assets/trouble.svg": StatusPage.asset("image/svg+xml", PackageResources.trouble_svg),
      "/assets/unknown.svg": StatusPage.asset("image/svg+xml", PackageResources.unknown_svg),
    ]
  }

  /// The paths that it answers.
  static let paths: Set<ExactText> = [
    "/", "/troubleshooting", "/assets/status.css", "/assets/status.js", "/assets/icon.svg", "/assets/trouble.svg",
    "/assets/unknown.svg",
  ]

  private static func asset(_ type: String, _ body: [UInt8]) -> Asset {
    var gzip = Gzip(level: 9)
    return Asset(
      type: type, body: body, compressed: gzip.compress(body), tag: "\"\(String(FNV1a(body).value, radix: 16))\"")
  }

  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// Answers a request for one of `paths`.
  func answer(_ request: Request) -> Response {
    guard let asset = assets[ExactText(request.path)] else { return .text(404, "not found") }
    var headers = [
      ("Content-Type", asset.type), ("ETag", asset.tag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"),
      ("Content-Security-Policy", StatusPage.policy), ("X-Content-Type-Options", "nosniff"),
      ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if EntityTag.matches(asset.tag, request.header("If-None-Match")) { return Response(status: 304, headers: headers) }
    let coding = ContentCoding.negotiate(acceptEncoding: request.header("Accept-Encoding"))
    guard coding == .gzip, let compressed = asset.compressed else {
      return Response(status: 200, headers: headers, body: asset.body)
    }
    headers.append(("Content-Encoding", "gzip"))
    return Response(status: 200, headers: headers, body: compressed)
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

extension String {
  fileprivate mutating func replaceAll(_ text: String, with replacement: String) {
    var result = ""
    var rest = self[...]
    while let place = rest.indices.first(where: { rest[$0...].hasPrefix(text) }) {
      result += rest[..<place] + replacement
      rest = rest[place...].dropFirst(text.count)
    }
    self = result + rest
  }
}
