"""An exporter that takes heartbeats, over connections that are kept open."""

from __future__ import annotations

import base64
import functools
import http.client
import io
import json
import os
import socket
import stat
import time
import urllib.parse
from typing import Any, Callable, Dict, List, Optional, Tuple, cast

from ._beats import Beat, Entry
from ._connecting import connect, open_socket
from ._errors import HeartbeatError
from ._job_events import JobEvent
from ._signals import let_through
from ._values import as_object, json_of

#: The most bytes of an exporter's answer that are read.
LONGEST_ANSWER = 64 << 20
#: The most bytes of a body that an exporter takes, by itself (--push.max-body): the data are only a part of it.
LONGEST_BODY = 1 << 20
#: A beat that waits for this many seconds before it is sent says when it was made.
LONGEST_WAIT = 1.0
#: The most connections that are kept open; each is used by one thread at a time.
MOST_IDLE = 2


def address_of(file: str) -> Optional[str]:
    """The URL of the exporter that is named in place of a file; None for a file."""
    scheme, colon, rest = file.partition(":")
    if colon and scheme.lower() in ("http", "https", "unix"):
        return scheme.lower() + ":" + rest
    if colon and rest.startswith("//"):
        raise HeartbeatError("%s: expected http://host:port, https://host:port, unix:/path or the path of a file" % (
            scheme + "://...",))
    # By its name before the exporter has made it: a file in its place would be in the exporter's way.
    if file.endswith(".sock") or _is_socket(file):
        return "unix:" + os.path.abspath(file)
    return None


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        let_through(error)
        return False


class Exporter:
    """Sends beats to an exporter, and asks it for those of others."""

    def __init__(self, url: str, timeout: float, warn: Callable[[str], None]) -> None:
        self.timeout = timeout
        self._warn = warn
        self._takes_interval = True
        #: A beat that it does not answer may lie there for long, and be taken when nothing beats any more.
        self._answers = True
        self._headers = {"Content-Type": "application/json", "User-Agent": "heartbeat-python"}
        self._path: Optional[str] = None
        self._base = self._host = self._scheme = ""
        self._port: Optional[int] = None
        if url.startswith("unix:"):
            self.shown, self._path = url, url[5:]
            if not self._path.startswith("/"):
                raise HeartbeatError("%s: expected unix:/path/of/push.sock" % url, url)
        else:
            self._take_apart(url)
        # No lock guards it: neither a fork nor a signal's handler that raises can leave one behind. With each the process
        # that opened it: a forked child must not talk over its parent's connection.
        self._idle: List[Tuple[int, http.client.HTTPConnection]] = []

    def _take_apart(self, url: str) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            self._host, self._port, self._scheme = parts.hostname or "", parts.port, parts.scheme
        except ValueError as error:
            raise HeartbeatError("cannot beat: the URL is wrong: %s" % error) from None
        # Without the password: this is what errors say.
        self.shown = "%s://%s" % (parts.scheme, parts.netloc.rpartition("@")[2])
        self._base = parts.path.rstrip("/")
        if not self._host or parts.query or parts.fragment:
            raise HeartbeatError("%s: expected http://host:port" % self.shown, self.shown)
        if parts.username is not None:
            pair = "%s:%s" % (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    def send(self, beat: Beat, retention: float) -> None:
        if beat.job is not None:
            return self._send_job(beat, beat.job)
        body: Dict[str, Any] = {"status": beat.status}
        if beat.pid is not None:
            body["pid"] = beat.pid
        if beat.host is not None:
            body["host"] = beat.host
        at = self._time_of(beat)
        if at is not None:
            body["timestamp"] = at
        if as_object(beat.data) is not None:
            body["additional_data"] = beat.data
        elif beat.data is not None:
            self._warn("the beat of %s goes out without its data: an exporter takes an object" % beat.name)
        if beat.interval is not None and self._takes_interval:
            body["interval"] = beat.interval
        answer, text = self._post(beat.name, self._path_of(beat.name), body)
        if answer.status == 422 and "interval" in body and b"interval" in text:  # an exporter of before
            self._takes_interval = False
            del body["interval"]
            answer, text = self._post(beat.name, self._path_of(beat.name), body)
        if answer.status != 204:
            raise self._refusal("cannot beat", answer, text)

    def _time_of(self, beat: Beat) -> Optional[float]:
        """The time that a beat must say: what it was given, or when it was made, if it may arrive late. Else None: it is dated
        by the exporter's clock."""
        if beat.at is not None:
            return beat.at
        return None if self._answers and time.time() - beat.called < LONGEST_WAIT else beat.called

    def _send_job(self, beat: Beat, event: JobEvent) -> None:
        body: Dict[str, Any] = {"timestamp": event.at}
        if beat.pid is not None:
            body["pid"] = beat.pid
        if as_object(beat.data) is not None:
            body["additional_data"] = beat.data
        path = "%s/%s" % (self._path_of(beat.name), event.word)
        if event.exit_code is not None:
            path += "?exit_code=%d" % event.exit_code
        answer, text = self._post(beat.name, path, body, is_counted=event.exit_code is not None)
        if answer.status != 204:
            raise self._refusal("cannot beat", answer, text)

    def _post(self, name: str, path: str, body: Dict[str, Any], is_counted: bool = False) -> Tuple[http.client.HTTPResponse, bytes]:
        """Sends a beat; data with which the exporter would not take it stay here, the beat is the message."""
        content = _encoded(body)
        if not body.get("additional_data"):
            return self._exchange("POST", path, content, is_counted)
        if len(content) <= LONGEST_BODY:
            answer, text = self._exchange("POST", path, content, is_counted)
            if answer.status != 413:
                return answer, text
        self._warn("the beat of %s goes out without its data: with them it has %d bytes, more than %s takes" % (
            name, len(content), self.shown))
        return self._exchange("POST", path, _encoded({**body, "additional_data": {}}), is_counted)

    def make(self) -> None:
        """There is no file to make."""

    def entry(self, name: str) -> Optional[Entry]:
        """The entry of one process, or None."""
        answer, text = self._exchange("GET", self._path_of(name))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal("cannot read heartbeats", answer, text)
        try:
            return _entry_of(self._decoded(text))[1]
        except (KeyError, TypeError, AttributeError):
            raise self._no_exporter() from None

    def entries(self) -> Dict[str, Any]:
        """Every process's entry by its name."""
        answer, text = self._exchange("GET", "%s/api/v1/heartbeats" % self._base)
        if answer.status != 200:
            raise self._refusal("cannot read heartbeats", answer, text)
        try:
            return dict(map(_entry_of, self._decoded(text)["heartbeats"]))
        except (KeyError, TypeError, AttributeError):
            raise self._no_exporter() from None

    def prune(self, oldest: float, dry_run: bool) -> List[str]:
        raise HeartbeatError("%s is an exporter: it removes old heartbeats by itself (--push.retention)" % self.shown,
                             self.shown)

    def _decoded(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._no_exporter() from None

    def _no_exporter(self) -> HeartbeatError:
        return HeartbeatError("%s did not answer as an exporter does: is it one?" % self.shown, self.shown, "refused")

    def _path_of(self, name: str) -> str:
        try:
            return "%s/api/v1/heartbeats/%s" % (self._base, urllib.parse.quote(name, safe=""))
        except UnicodeEncodeError:
            raise HeartbeatError("cannot beat: the process name is not Unicode") from None

    def _exchange(self, method: str, path: str, body: Optional[bytes] = None, is_counted: bool = False) -> Tuple[http.client.HTTPResponse, bytes]:
        task = "cannot beat" if method == "POST" else "cannot read heartbeats"
        try:
            answer = self._ask(method, path, body, is_counted)
            self._answers = True
            return answer
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, socket.timeout):
                self._answers = False
            reason = "it did not answer within %g s" % self.timeout if isinstance(error, socket.timeout) else \
                str(error) or type(error).__name__
            raise HeartbeatError("%s: %s: %s; is the exporter running, and does it take pushes there?" % (
                task, self.shown, reason), self.shown, "unreachable") from error

    def _refusal(self, task: str, answer: http.client.HTTPResponse, text: bytes) -> HeartbeatError:
        try:
            message = json.loads(text)["error"]["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            message = text[:200].decode("utf-8", "replace").strip()
        retry = answer.headers.get("Retry-After", "")
        return HeartbeatError(
            "%s: %s answered %d: %s" % (task, self.shown, answer.status, message), self.shown,
            "unavailable" if answer.status in (429, 503, 507) else "refused", answer.status,
            int(retry) if _is_seconds(retry) else None)

    def _ask(self, method: str, path: str, body: Optional[bytes], is_counted: bool) -> Tuple[http.client.HTTPResponse, bytes]:
        """The answer and its body. A kept connection that the exporter has closed meanwhile is opened anew, once. What is counted
        goes over a new one: of an answer that is lost on a kept one nobody knows whether the exporter took it."""
        deadline = time.monotonic() + self.timeout
        while True:
            kept = None if is_counted else self._kept()
            connection = kept or self._connect(deadline)
            answers: List[_Answer] = []
            try:
                if connection.sock is not None:
                    connection.sock.settimeout(_left(deadline))
                connection.response_class = cast(Any, functools.partial(_Answer, answers, deadline))
                connection.request(method, path, body, self._headers)
                answer = connection.getresponse()
                text = answer.read(LONGEST_ANSWER)
                is_whole = answer.isclosed()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                let_through(error)
                if kept and not isinstance(error, socket.timeout):
                    continue
                raise
            except BaseException:  # a signal's handler that raises: half an answer must not be the next one's
                connection.close()
                raise
            finally:
                # Closed when nobody has it any more, it would be closed where Python drops what a signal's handler raises.
                for each in answers:
                    each.close()
            if is_whole and not answer.will_close and len(self._idle) < MOST_IDLE:
                self._idle.append((os.getpid(), connection))
            else:
                connection.close()
            return answer, text

    def _kept(self) -> Optional[http.client.HTTPConnection]:
        while self._idle:
            try:
                owner, connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if owner == os.getpid():
                return connection
        return None

    def _connect(self, deadline: float) -> http.client.HTTPConnection:
        if self._path is not None:
            connection = http.client.HTTPConnection("localhost", timeout=self.timeout)
            local = open_socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                local.settimeout(self.timeout)
                local.connect(self._path)
            except BaseException:
                local.close()
                raise
            connection.sock = local
            return connection
        is_encrypted = self._scheme == "https"
        kind = http.client.HTTPSConnection if is_encrypted else http.client.HTTPConnection
        connection = kind(self._host, self._port or kind.default_port)
        connection.sock = connect(self._host, connection.port, deadline)
        if is_encrypted:
            try:
                import ssl  # by now it is there, see HeartbeatManager.prepare
                # Certificate and name are checked.
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=self._host)
            except BaseException:
                connection.close()
                raise
        return connection


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


class _Timely(io.RawIOBase):
    """What a socket receives until a deadline: its own timeout begins anew with every byte that drips in."""

    _file: Any = None  # so that it can be closed at any moment

    def __init__(self, receiving: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket = receiving
        # It keeps the socket open for as long as somebody reads.
        self._file = receiving.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._socket.settimeout(_left(self._deadline))
        count: Optional[int] = self._file.readinto(buffer)
        return count

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that comes whole until a deadline, or not at all. It notes itself among `answers`, to be closed."""

    fp: Any = None  # so that it can be closed at any moment

    def __init__(self, answers: List[_Answer], deadline: float, receiving: socket.socket, *arguments: Any, **options: Any) -> None:
        answers.append(self)
        super().__init__(cast(Any, _Source(receiving, deadline)), *arguments, **options)


class _Source:
    """What an answer reads from, in the place of the socket."""

    def __init__(self, receiving: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = receiving, deadline

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Timely(self._socket, self._deadline))


def _is_seconds(text: str) -> bool:
    """Whether a header is a number of seconds that anybody would wait."""
    return text.isascii() and text.isdigit() and len(text) < 10


def _encoded(body: Dict[str, Any]) -> bytes:
    return json_of(body, is_short=True).encode("utf-8")


def _entry_of(process: Any) -> Tuple[str, Entry]:
    """The name and the entry that the file would have, of a process as an exporter describes it."""
    entry = {key: process[key] for key in ("last_heartbeat", "pid", "status", "host") if process.get(key) is not None}
    if process.get("data") is not None:
        entry["additional_data"] = process["data"]
    return process["name"], entry
