import Testing

@testable import HTTP

@Suite struct ResponseTests {
  private func head(_ response: Response, connection: String? = nil) -> String {
    String(decoding: response.head(date: 784_111_777, connection: connection), as: UTF8.self)
  }

  @Test("The head has status, date, length and the given fields")
  func plain() {
    #expect(
      head(.text(200, "hello"))
        == """
        HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 6\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\n
        """)
  }

  @Test("204 and 304 have no length", arguments: [204, 304])
  func bodiless(status: Int) {
    #expect(!head(Response(status: status, body: [1])).contains("Content-Length"))
  }

  @Test("A value cannot smuggle a header line in")
  func injection() {
    let text = head(Response(status: 302, headers: [("Location", "/a\r\nX: 1\u{0}"), ("Bad Name", "1"), ("", "2")]))
    #expect(text.contains("Location: /a  X: 1 \r\n\r\n"))
    #expect(!text.contains("Bad Name"))
  }

  @Test("The server's own fields are not taken from the handler")
  func ownFields() {
    let response = Response(
      status: 200,
      headers: [("content-length", "5"), ("DATE", "x"), ("Connection", "close"), ("Transfer-Encoding", "x")])
    let text = head(response, connection: "close")
    #expect(response.asksToClose)
    #expect(text.contains("Content-Length: 0\r\n"))
    #expect(!text.contains("x\r\n") && !text.contains("length: 5"))
    #expect(text.hasSuffix("\r\nConnection: close\r\n\r\n"))
  }

  @Test(
    "Dates are those of the C library",
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
      (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ])
  func dates(time: Int, text: String) {
    #expect(HTTPDate.text(time) == text)
  }
}
