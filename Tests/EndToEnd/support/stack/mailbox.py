"""Takes mail by SMTP, and posts by HTTP as Slack and a dead man's switch do; writes each to a file.

  mailbox.py FOLDER ADDRESS SMTP-PORT HTTP-PORT
"""

import http.server
import itertools
import pathlib
import socketserver
import sys
import threading

FOLDER = pathlib.Path(sys.argv[1])
ADDRESS, SMTP_PORT, HTTP_PORT = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
numbers = itertools.count()


def keep(kind, text):
    path = FOLDER / f"{next(numbers):03}-{kind}"
    path.with_suffix(".tmp").write_bytes(text)
    path.with_suffix(".tmp").rename(path)


class SMTP(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 mailbox ESMTP")
        while line := self.rfile.readline():
            verb = line.split()[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self.say("354 go on")
                text = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    text += line.removeprefix(b".")
                keep("mail", text)
            self.say("221 bye" if verb == b"QUIT" else "250 mailbox" if verb in (b"EHLO", b"HELO") else "250 ok")
            if verb == b"QUIT":
                return

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


class HTTP(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        keep(self.path.strip("/"), self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


threading.Thread(target=socketserver.ThreadingTCPServer((ADDRESS, SMTP_PORT), SMTP).serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer((ADDRESS, HTTP_PORT), HTTP).serve_forever()
