"""Beat from Python: say in a shared file that this program is alive and how it is doing.

    from heartbeat_manager import send_heartbeat
    send_heartbeat("bidder", {"offset": 140})

Standard library only, Python 3.8 or later, Linux and other POSIX systems. Every writer of the file takes an exclusive
flock on "<file>.lock", reads, merges, writes a temporary file beside it and renames that: no reader ever sees half a
file, and no beat of a concurrent writer is lost. A symbolic link is followed; lock and temporary file lie beside the
file that it points to.

In place of a file the manager takes the address of an exporter, which does all that:

    HeartbeatManager("http://user:password@host:9464")    HeartbeatManager("/run/heartbeat/push.sock")
"""

import base64
import errno
import fcntl
import http.client
import json
import math
import os
import random
import re
import selectors
import socket
import stat
import sys
import threading
import time
import urllib.parse

__all__ = ["HeartbeatError", "HeartbeatManager", "HeartbeatSender", "send_heartbeat", "get_heartbeat_status",
           "is_process_alive"]
__version__ = "0.1.0"

#: A beat that is more than this many seconds in the future does not count as alive.
CLOCK_TOLERANCE = 5.0
#: The longest process name, in bytes of UTF-8.
LONGEST_NAME = 1024
# The most bytes of an exporter's answer that are read.
LONGEST_ANSWER = 64 << 20
# Seconds for which an address of an exporter's name is tried before the next one is tried beside it (RFC 8305, 5).
_HEAD_START = 0.25
#: Seconds before each further look at a file that a careless writer may be filling right now.
_PAUSES = (0.001, 0.003, 0.01, 0.02, 0.04)
_KNOWN = ("last_heartbeat", "last_heartbeat_formatted", "pid", "status", "host", "additional_data")


class HeartbeatError(Exception):
    """A heartbeat could not be written or read; the text names the file, the cause and what to do.

    `file` is the path or the URL, `cause` a word: "lock_timeout", "lock", "read", "write", "corrupt", "too_large",
    "not_a_file" or "invalid"; for a URL "unreachable", "unavailable" (try again after `retry_after` seconds) or
    "refused", with the exporter's answer in `status`.
    """

    def __init__(self, message, file=None, cause="invalid", status=None, retry_after=None):
        super().__init__(message)
        self.file = file
        self.cause = cause
        self.status = status
        self.retry_after = retry_after


class HeartbeatManager:
    """Writes and reads the heartbeats in one file, or sends them to an exporter.

    file:          a path, or http://host:port, https://host:port or the push socket of an exporter: unix:/path, or a path
                   that ends in .sock or is a socket already; default: the environment variable HEARTBEAT_URL, else
                   HEARTBEAT_FILE, else heartbeat_status.json in the working folder
    timeout:       the most seconds that sending to an exporter may take
    lock_timeout:  the most seconds to wait for the lock
    retention:     entries whose last beat is older, in seconds, are removed with each beat; 0 keeps all
    synchronise:   whether a beat is on the disk before the call returns (fsync)
    maximum_size:  the most bytes a heartbeat file may have
    warn:          gets a sentence when a corrupt file was moved aside; default: standard error
    """

    def __init__(self, file=None, lock_timeout=5.0, retention=86400.0, synchronise=False, maximum_size=64 << 20,
                 warn=None, timeout=5.0):
        self.file = os.fspath(file) if file is not None else _default()
        address = _address(self.file)
        self._exporter = _Exporter(address, timeout) if address else None
        self.lock_timeout = lock_timeout
        self.retention = retention
        self.synchronise = synchronise
        self.maximum_size = maximum_size
        self.warn = warn or (lambda text: print("heartbeat:", text, file=sys.stderr))

    def send_heartbeat(self, name, data=None, status="alive", pid=None, host=None):
        """Says that a process is alive.

        data: its own numbers and words (a dict), which replace those of its last beat; None leaves them as they are
        pid:  default: this process's id; 0 leaves it out, when it means nothing to the exporter
        host: the host it runs on, for a beat that came from another one
        """
        if not isinstance(name, str) or not name:
            raise HeartbeatError("cannot beat: the process name must be a text that is not empty")
        if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
            raise HeartbeatError("cannot beat: the process name has more than %d bytes" % LONGEST_NAME)
        if data is not None:
            data = _plain(data)
            if not isinstance(data, dict):
                raise HeartbeatError("cannot beat: data must be a dict, not %s" % type(data).__name__)
        pid = os.getpid() if pid is None else pid
        if self._exporter:
            self._exporter.send(name, data, status, pid, host)
            return

        def merge(document):
            now = round(time.time(), 6)
            processes = document.get("processes")
            if processes is None:
                processes = {}
            old = processes.get(name)
            processes[name] = _entry(old if isinstance(old, dict) else {}, now, data, status, pid, host)
            if self.retention > 0:
                for stale in _stale(processes, now - self.retention):
                    if stale != name:
                        del processes[stale]
            if "last_updated" not in document:
                document = {"last_updated": now, **document}
            document["last_updated"] = now
            document["processes"] = processes
            return document

        self._update(merge)

    def get_heartbeat_status(self, name):
        """The entry of a process as a dict, or None when there is none. Takes no lock."""
        if self._exporter:
            return self._exporter.status(name)
        entry = self.all_heartbeats().get(name)
        return entry if isinstance(entry, dict) else None

    def is_process_alive(self, name, timeout=60.0):
        """Whether a process beat within the last `timeout` seconds."""
        entry = self.get_heartbeat_status(name)
        last = entry.get("last_heartbeat") if entry else None
        if isinstance(last, bool) or not isinstance(last, (int, float)):
            return False
        return -CLOCK_TOLERANCE <= time.time() - last < timeout

    def all_heartbeats(self):
        """Every process's entry by its name, in the file's order; empty when there is no file yet. Takes no lock.

        Of an exporter also processes that it only expects, without last_heartbeat.
        """
        if self._exporter:
            return self._exporter.all()
        document, problem, _ = self._read(_followed(self.file))
        if problem:
            raise HeartbeatError("%s is not a heartbeat file: %s" % (self.file, problem), self.file, "corrupt")
        return document.get("processes") or {}

    def prune(self, older_than=None, dry_run=False):
        """Removes the entries whose last beat is older, in seconds (default: the retention); returns their names."""
        self._needs_file()
        oldest = time.time() - (self.retention if older_than is None else older_than)
        removed = []

        def merge(document):
            processes = document.get("processes") or {}
            removed.extend(_stale(processes, oldest))
            if dry_run or not removed:
                return None
            for name in removed:
                del processes[name]
            document["last_updated"] = round(time.time(), 6)
            return document

        self._update(merge, makes=False)
        return removed

    def _needs_file(self):
        if self._exporter:
            raise HeartbeatError("%s is an exporter: it removes old heartbeats by itself (--push.retention)" %
                                 self._exporter.shown, self._exporter.shown)

    def _update(self, merge, makes=True):
        """Changes the file under its lock. `merge` returns the new document, or None to leave the file alone."""
        target = _followed(self.file)
        with _Lock(target, self.lock_timeout):
            _remove_leftovers(target)
            document, problem, old = self._read(target)
            if problem:
                if not makes:
                    raise HeartbeatError("%s is not a heartbeat file: %s" % (target, problem), target, "corrupt")
                self._move_aside(target, problem)
                document = {}
            elif old is None and not makes:
                return
            document = merge(document)
            if document is None:
                return
            content = _serialised(document)
            if makes and len(content) > self.maximum_size:  # a larger one could never be read again
                raise self._too_large(target)
            try:
                _replace(target, content, old, self.synchronise)
            except OSError as error:
                raise HeartbeatError("cannot write %s: %s; the old content is untouched%s" % (
                    target, _cause(error), _advice(error, target)), target, "write") from error

    def _read(self, path):
        """The document, what is wrong with it, and os.stat of it; looks again at a file that seems half written."""
        for pause in _PAUSES + (None,):
            content, status = self._read_once(path)
            if status is None:
                return {}, None, None
            problem = "it is empty"
            if content:
                try:
                    document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
                    problem = _shape_problem(document)
                    if problem is None:
                        return document, None, status
                except (ValueError, RecursionError) as error:
                    problem = str(error)
            if pause is not None:
                time.sleep(pause)
        # An empty file holds nothing that could be lost: it counts as a new one.
        return ({}, None, status) if not content else ({}, problem, status)

    def _read_once(self, path):
        try:
            # O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return b"", None
        except OSError as error:
            raise self._cannot_read(path, error) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise HeartbeatError("%s is not a regular file: name a file that may be replaced" % path, path,
                                     "not_a_file")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                content = file.read(self.maximum_size + 1)
        except OSError as error:
            raise self._cannot_read(path, error) from error
        finally:
            os.close(descriptor)
        if len(content) > self.maximum_size:
            raise self._too_large(path)
        return content, status

    def _too_large(self, path):
        return HeartbeatError(
            "%s has more than %d bytes, or would have: is it a heartbeat file? Raise the limit or move it away" % (
                path, self.maximum_size), path, "too_large")

    @staticmethod
    def _cannot_read(path, error):
        advice = ""
        if error.errno == errno.EACCES:
            advice = "; give this user the right to read it, or name another file (HEARTBEAT_FILE)"
        return HeartbeatError("cannot read %s: %s%s" % (path, _cause(error), advice), path, "read")

    def _move_aside(self, target, problem):
        """Renames a file that is none of ours, so that a person can look at it."""
        base = "%s.corrupt-%s" % (target, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        name, number = base, 1
        while os.path.lexists(name) and number < 1000:
            number += 1
            name = "%s-%d" % (base, number)
        try:
            os.rename(target, name)
        except OSError as error:
            raise HeartbeatError("cannot move the corrupt file %s aside: %s%s" % (
                target, _cause(error), _advice(error, target)), target, "write") from error
        self.warn("%s is not a heartbeat file (%s): moved it to %s and began a new one" % (target, problem, name))


class HeartbeatSender:
    """Beats every `interval` seconds on a thread of its own, the first time at once:

        with HeartbeatSender("bidder", interval=30, data=lambda: {"offset": queue.offset}):
            work()

    data:     a dict, or a function that makes one for each beat
    on_error: gets the exception of a beat that failed (default: standard error); the next beat is tried all the same
    """

    def __init__(self, name, interval=30.0, data=None, status="alive", manager=None, on_error=None):
        self.name = name
        self.interval = max(float(interval), 0.01)
        self.data = data
        self.status = status
        self.manager = manager or HeartbeatManager()
        self.on_error = on_error or (lambda error: print("heartbeat:", error, file=sys.stderr))
        self._stopping = threading.Event()
        self._thread = None

    def start(self):
        """Starts to beat."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()
        return self

    def stop(self):
        """Stops and waits for a beat that is under way: after this nothing more is written."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        following = time.monotonic()
        while not self._stopping.is_set():
            try:
                data = self.data() if callable(self.data) else self.data
                self.manager.send_heartbeat(self.name, data, self.status)
            except Exception as error:  # whatever the data's function raises must not end the beating
                self.on_error(error)
            # Beats keep their rhythm; those that a suspended host has missed are not made up for.
            following = max(following + self.interval, time.monotonic())
            self._stopping.wait(following - time.monotonic())


_default_manager = None


def send_heartbeat(name, data=None, status="alive"):
    """Says in the default file, or to the default exporter, that this process is alive."""
    global _default_manager
    manager = _default_manager
    if manager is None or manager.file != _default():
        manager = _default_manager = HeartbeatManager()
    manager.send_heartbeat(name, data, status)


def get_heartbeat_status(name):
    """The entry of a process in the default file, or None."""
    return HeartbeatManager().get_heartbeat_status(name)


def is_process_alive(name, timeout=60.0):
    """Whether a process beat within the last `timeout` seconds, by the default file."""
    return HeartbeatManager().is_process_alive(name, timeout)


def _default():
    return os.environ.get("HEARTBEAT_URL") or os.environ.get("HEARTBEAT_FILE") or "heartbeat_status.json"


def _address(file):
    """The URL of the exporter that is named in place of a file; None for a file."""
    if not isinstance(file, str):
        return None
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


def _is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


class _Exporter:
    """An exporter that takes heartbeats: one connection that is kept open, used by one thread at a time."""

    def __init__(self, url, timeout):
        self.timeout = timeout
        self._lock = threading.Lock()
        self._connection = None
        self._owner = os.getpid()
        self._headers = {"Content-Type": "application/json", "User-Agent": "heartbeat-python/" + __version__}
        if url.startswith("unix:"):
            self.shown, self._path, self._base = url, url[5:], ""
            if not self._path.startswith("/"):
                raise HeartbeatError("%s: expected unix:/path/of/push.sock" % url, url)
            return
        try:
            parts = urllib.parse.urlsplit(url)
            self._host, self._port, self._scheme = parts.hostname, parts.port, parts.scheme
        except ValueError as error:
            raise HeartbeatError("cannot beat: the URL is wrong: %s" % error) from None
        # Without the password: this is what errors say.
        self.shown = "%s://%s" % (parts.scheme, parts.netloc.rpartition("@")[2])
        self._path, self._base = None, parts.path.rstrip("/")
        if not self._host or parts.query or parts.fragment:
            raise HeartbeatError("%s: expected http://host:port" % self.shown, self.shown)
        if parts.username is not None:
            pair = "%s:%s" % (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    def send(self, name, data, status, pid, host):
        body = {"status": status}
        if pid:
            body["pid"] = pid
        if host is not None:
            body["host"] = host
        if data is not None:
            body["additional_data"] = data
        answer, text = self._exchange("POST", self._path_of(name), json.dumps(body).encode("ascii"))
        if answer.status != 204:
            raise self._refusal("cannot beat", answer, text)

    def status(self, name):
        """The entry of one process, or None."""
        answer, text = self._exchange("GET", self._path_of(name))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal("cannot read heartbeats", answer, text)
        return _entry_of(self._decoded(text))[1]

    def all(self):
        """Every process's entry by its name."""
        answer, text = self._exchange("GET", "%s/api/v1/heartbeats" % self._base)
        if answer.status != 200:
            raise self._refusal("cannot read heartbeats", answer, text)
        return dict(map(_entry_of, self._decoded(text)["heartbeats"]))

    def _decoded(self, text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise HeartbeatError("%s did not answer with JSON: is it an exporter?" % self.shown, self.shown,
                                 "refused") from error

    def _path_of(self, name):
        try:
            return "%s/api/v1/heartbeats/%s" % (self._base, urllib.parse.quote(name, safe=""))
        except UnicodeEncodeError:
            raise HeartbeatError("cannot beat: the process name is not Unicode") from None

    def _exchange(self, method, path, body=None):
        task = "cannot beat" if method == "POST" else "cannot read heartbeats"
        try:
            with self._lock:
                return self._ask(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            reason = "it did not answer within %g s" % self.timeout if isinstance(error, socket.timeout) else \
                str(error) or type(error).__name__
            raise HeartbeatError("%s: %s: %s; is the exporter running, and does it take pushes there?" % (
                task, self.shown, reason), self.shown, "unreachable") from error

    def _refusal(self, task, answer, text):
        try:
            message = json.loads(text)["error"]["message"]
        except (ValueError, KeyError, TypeError):
            message = text[:200].decode("utf-8", "replace").strip()
        retry = answer.headers.get("Retry-After", "")
        return HeartbeatError(
            "%s: %s answered %d: %s" % (task, self.shown, answer.status, message), self.shown,
            "unavailable" if answer.status in (429, 503, 507) else "refused", answer.status,
            int(retry) if retry.isdigit() else None)

    def _ask(self, method, path, body):
        """The answer and its body. A kept connection that the exporter has closed meanwhile is opened anew, once."""
        while True:
            if self._owner != os.getpid():  # a forked child must not talk over its parent's connection
                self._connection, self._owner = None, os.getpid()
            is_kept = self._connection is not None
            connection = self._connection or self._connect()
            self._connection = None
            try:
                connection.request(method, path, body, self._headers)
                answer = connection.getresponse()
                text = answer.read(LONGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if is_kept and not isinstance(error, socket.timeout):
                    continue
                raise
            if answer.isclosed() and not answer.will_close:
                self._connection = connection
            else:
                connection.close()
            return answer, text

    def _connect(self):
        if self._path is not None:
            connection = http.client.HTTPConnection("localhost", timeout=self.timeout)
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(self.timeout)
            try:
                connection.sock.connect(self._path)
            except OSError:
                connection.sock.close()
                raise
            return connection
        encrypted = self._scheme == "https"
        kind = http.client.HTTPSConnection if encrypted else http.client.HTTPConnection
        connection = kind(self._host, self._port or kind.default_port)
        connection.sock = _connected(self._host, connection.port, self.timeout)
        if encrypted:
            import ssl  # not every Python has it
            try:
                # Certificate and name are checked.
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=self._host)
            except BaseException:
                connection.close()
                raise
        return connection


def _connected(host, port, timeout):
    """A connection to whichever address of a name answers first.

    One that refuses is followed by the next at once, one that is silent is joined by the next after a moment.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # Of each family in turn: one family may have no way out of this host.
    waiting = [address for address in found if address[0] == found[0][0]]
    for place, address in enumerate(address for address in found if address[0] != found[0][0]):
        waiting.insert(2 * place + 1, address)
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    trying, failure = selectors.DefaultSelector(), None
    try:
        while waiting or trying.get_map():
            if waiting:
                family, kind, protocol, _, address = waiting.pop(0)
                try:
                    _start(trying, socket.socket(family, kind, protocol), address)
                except OSError as error:
                    failure = error
                    continue
            left = deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            for key, _ in trying.select(min(left, _HEAD_START if waiting else 60)):
                trying.unregister(key.fileobj)
                number = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number == 0:
                    key.fileobj.settimeout(timeout)
                    key.fileobj.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return key.fileobj
                key.fileobj.close()
                failure = OSError(number, os.strerror(number))
    finally:
        for key in list(trying.get_map().values()):
            key.fileobj.close()
        trying.close()
    raise failure


def _start(trying, connecting, address):
    """Starts to connect; the selector tells what comes of it."""
    try:
        connecting.setblocking(False)
        number = connecting.connect_ex(address)
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, os.strerror(number))
        trying.register(connecting, selectors.EVENT_WRITE)
    except BaseException:
        connecting.close()
        raise


def _entry_of(process):
    """The name and the entry that the file would have, of a process as an exporter describes it."""
    entry = {key: process[key] for key in ("last_heartbeat", "pid", "status", "host") if process.get(key) is not None}
    if process.get("data") is not None:
        entry["additional_data"] = process["data"]
    return process["name"], entry


def _entry(old, now, data, status, pid, host):
    """A new entry over the old one: known members first, then the old one's others.

    One of those whose key the new data has too goes: its newer value is in additional_data, and one key must not have
    two values.
    """
    entry = {"last_heartbeat": now,
             "last_heartbeat_formatted": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)),
             "pid": pid, "status": status}
    if host is not None:
        entry["host"] = host
    if data is not None:
        entry["additional_data"] = data
    elif "additional_data" in old or not old:
        entry["additional_data"] = old.get("additional_data", {})
    for key, value in old.items():
        if key not in _KNOWN and not (data and key in data):
            entry[key] = value
    return entry


def _stale(processes, oldest):
    """The names whose last beat is before a time. An entry without a time is not touched."""
    names = []
    for name, entry in processes.items():
        last = entry.get("last_heartbeat") if isinstance(entry, dict) else None
        if isinstance(last, (int, float)) and not isinstance(last, bool) and last < oldest:
            names.append(name)
    return names


def _shape_problem(document):
    if not isinstance(document, dict):
        return "expected an object"
    if not isinstance(document.get("processes"), (dict, type(None))):
        return '"processes" is not an object'
    return None


def _refuse(word):
    raise ValueError("%s is not JSON" % word)


def _plain(value):
    """A copy in which every number that JSON cannot spell (NaN, infinities) is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise HeartbeatError("cannot beat: data holds a %s, which JSON cannot spell" % type(value).__name__)


def _serialised(document):
    try:
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair: only its escape can be written
        return (json.dumps(document, indent=2) + "\n").encode("utf-8")


def _followed(path):
    """Follows symbolic links at the path's end, also one that points to nothing yet."""
    for _ in range(40):
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        except OSError:
            return path
    raise HeartbeatError("cannot write %s: too many symbolic links" % path, path, "write")


def _replace(path, content, old, synchronise):
    """Puts new content in the file's place in one step, with the old file's mode and owner as far as possible."""
    temporary = "%s.tmp-%016x" % (path, random.SystemRandom().getrandbits(64))
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                             0o644 if old is None else 0o600)
        try:
            if old is not None:
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    for owner in (old.st_uid, -1):
                        try:
                            os.fchown(descriptor, owner, old.st_gid)
                            break
                        except OSError:
                            pass
                os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view):]
            if synchronise:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    if synchronise:
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _remove_leftovers(path):
    """Removes the temporary files of writers that died; whoever holds the lock knows that every one is dead."""
    folder, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + r"\.tmp-[0-9a-f]{16}")
    try:
        for entry in os.listdir(folder or "."):
            if pattern.fullmatch(entry):
                os.unlink(os.path.join(folder, entry))
    except OSError:
        pass


class _Lock:
    """The exclusive flock on "<file>.lock" that every writer takes. The lock file itself stays."""

    def __init__(self, path, timeout):
        self.path = path + ".lock"
        self.timeout = timeout
        self.descriptor = None

    def __enter__(self):
        deadline = time.monotonic() + self.timeout
        pause = 0.0002
        while not self._attempt():
            if time.monotonic() >= deadline:
                raise HeartbeatError("gave up waiting for the lock %s after %g s: %s" % (
                    self.path, self.timeout, self._holder()), self.path, "lock_timeout")
            time.sleep(min(pause * random.uniform(0.5, 1), max(0.0, deadline - time.monotonic())))
            pause = min(pause * 1.5, 0.01)
        return self

    def __exit__(self, *_):
        # Unlocked before it is closed: a child forked meanwhile has a copy of the descriptor and would keep the lock.
        descriptor, self.descriptor = self.descriptor, None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def _attempt(self):
        try:
            descriptor = self._open()
        except OSError as error:
            raise HeartbeatError("cannot open the lock file %s: %s%s" % (
                self.path, _cause(error), _advice(error, self.path)), self.path, "lock") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have removed the file between opening and locking it: then this lock guards nothing.
            if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                self.descriptor = descriptor
                return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.ENOENT):
                os.close(descriptor)
                raise HeartbeatError("cannot lock %s: %s" % (self.path, _cause(error)), self.path, "lock") from error
        os.close(descriptor)
        return False

    def _open(self):
        flags = os.O_NONBLOCK | os.O_CLOEXEC
        try:
            # First without O_CREAT, which Linux refuses for another user's file in a folder like /tmp.
            return os.open(self.path, os.O_RDWR | flags)
        except FileNotFoundError:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | flags, 0o644)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS):
                raise
            return os.open(self.path, os.O_RDONLY | flags)  # enough to lock, except on NFS

    def _holder(self):
        """Who holds the lock, by /proc/locks, and what to do about it."""
        try:
            inode = os.stat(self.path).st_ino
            with open("/proc/locks") as locks:
                fields = [line.split() for line in locks]
            pid = next(int(f[4]) for f in fields
                       if len(f) >= 6 and f[1] == "FLOCK" and int(f[4]) > 0 and int(f[5].split(":")[-1]) == inode)
            with open("/proc/%d/stat" % pid, errors="replace") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except (OSError, StopIteration, ValueError):
            return "another writer holds it; find it with: fuser -v %s" % self.path
        if rest.split()[:1] in (["T"], ["t"]):
            return "process %d (%s) holds it and is stopped; let it go on with kill -CONT %d, or end it with kill -9 %d" % (
                pid, name, pid, pid)
        return "process %d (%s) holds it; if it hangs, end it with kill %d" % (pid, name, pid)


def _cause(error):
    return "%s (%s)" % (os.strerror(error.errno), errno.errorcode.get(error.errno, error.errno))


def _advice(error, path):
    folder = os.path.dirname(path) or "."
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "; free some space on the file system of " + folder
    if number == errno.EFBIG:
        return "; the process's file size limit (ulimit -f) is too low"
    if number == errno.EROFS:
        return "; the file system is mounted read-only: name a file on another one (HEARTBEAT_FILE)"
    if number in (errno.EACCES, errno.EPERM):
        return "; give this user the right to write in %s, or name another file (HEARTBEAT_FILE)" % folder
    if number == errno.ENOENT:
        return "; make the folder %s, or name another file (HEARTBEAT_FILE)" % folder
    return ""
