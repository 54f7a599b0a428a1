#!/usr/bin/env python3
"""Stands for a mail server and for Slack: prints what would have been sent. For trying alerts out, before anybody is woken by them.

  python3 examples/postbox.py [SMTP-PORT [HTTP-PORT]]        2525 and 8025 of 127.0.0.1

In alertmanager.yml: smtp_smarthost: localhost:2525, smtp_require_tls: false, no smtp_auth_*; a Slack URL of http://localhost:8025/slack.
Needs Python 3.9 or newer, nothing else.
"""

import email
import email.policy
import http.server
import json
import socketserver
import sys
import threading

# What a message may be long. Alertmanager's are some kilobytes.
LIMIT = 1_000_000
TURN = threading.Lock()


def show(kind, title, text=""):
    """A message: its kind and title in one line, the text below, indented."""
    with TURN:
        print(f"{kind}: {title}", *(f"    {line}" for line in text.splitlines() if line.strip()), sep="\n", flush=True)


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a program needs that sends a mail."""

    timeout = 60

    def handle(self):
        self.say("220 postbox")
        while line := self.rfile.readline(LIMIT):
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 end with a line that is a dot")
                self.take()
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def take(self):
        lines, size = [], 0
        while (line := self.rfile.readline(LIMIT)) not in (b".\r\n", b""):
            size += len(line)
            if size <= LIMIT:
                lines.append(line[1:] if line.startswith(b".") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        body = message.get_body(("plain",))
        show("mail", f"{message['To']}: {message['Subject']}", body.get_content() if body else "")
        self.say("250 ok")

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


class Slack(http.server.BaseHTTPRequestHandler):
    """An incoming webhook of Slack's at /slack; every other path is only named."""

    timeout = 60

    def do_POST(self):  # noqa: N802: the name that http.server asks for
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), LIMIT) if length.isdigit() else 0)
        try:
            message = json.loads(body)
            for part in message["attachments"] if self.path == "/slack" else []:
                show("slack", f"{message['channel']}: {part['title']}", part["text"])
            if self.path != "/slack":
                show("post", self.path)
        except (ValueError, KeyError, TypeError, AttributeError):
            show("post", f"{self.path}: {len(body)} bytes that are no message of Slack's shape")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main():
    ports = [int(a) for a in sys.argv[1:3]] if all(a.isdigit() for a in sys.argv[1:]) and len(sys.argv) <= 3 else sys.exit(__doc__.strip())
    smtp, web = (ports + [2525, 8025][len(ports) :])[:2]
    threading.Thread(target=Server(("127.0.0.1", smtp), Mail).serve_forever, daemon=True).start()
    show("postbox", f"mail at 127.0.0.1:{smtp}, Slack's shape at http://127.0.0.1:{web}/slack")
    try:
        http.server.ThreadingHTTPServer(("127.0.0.1", web), Slack).serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
