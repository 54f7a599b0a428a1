"""A name with several addresses: the clients and the tool take whichever answers, wherever the resolver puts it."""

import contextlib
import json
import socket
import ssl
import sys

import pytest

from support.certificates import Authority
from support import AS_ROOT, ROOT, TOOL, free_port, run

PUSH = ("--web.enable-push", "--push.allow-unauthenticated")
# The name is known to the command alone: it has an /etc/hosts of its own.
WITH_HOSTS = [*AS_ROOT, "unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"']

PYTHON = "import sys; from heartbeat_manager import *; HeartbeatManager(sys.argv[1], timeout=3600, raises=True).send_heartbeat('it', {'n': 1}, pid=0)"
# As releases of Node are that take the first address alone.
NODE = f"""
  require('net').setDefaultAutoSelectFamily?.(false);
  const {{ HeartbeatManager }} = require('{ROOT}/clients/node/heartbeat.js');
  const beat = new HeartbeatManager(process.argv[1], {{ timeout: 3600, throws: true }}).sendHeartbeat('it', {{ n: 1 }}, {{ pid: 0 }});
  beat.catch((error) => {{ console.error(error.message); process.exitCode = 1; }});
"""
CLIENTS = {
    "python": lambda url: [sys.executable, "-c", PYTHON, url],
    "node": lambda url: ["node", "-e", NODE, "--", url],
    "tool": lambda url: [TOOL, "send", "it", "--data", "n=1", "--pid", "1", "--url", url],
}


@pytest.fixture
def silent():
    """A port where 127.0.0.1 takes no connection and refuses none: its queue is full, so that the kernel says nothing."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", free_port()), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def beat(tmp_path, client, addresses, url, trust=None, name="many.example"):
    hosts, url = tmp_path / "hosts", url.replace("many.example", name)
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for address in addresses))
    environment = [f"PYTHONPATH={ROOT / 'clients' / 'python'}"]
    if trust:
        environment += [f"SSL_CERT_FILE={trust}", f"NODE_EXTRA_CA_CERTS={trust}"]
    return run(*WITH_HOSTS, hosts, "env", *environment, *CLIENTS[client](url))


@pytest.mark.parametrize("client", CLIENTS)
def test_an_address_that_refuses_does_not_keep_a_beat_away(exporter, beats, tmp_path, client):
    e = exporter(*PUSH)
    result = beat(tmp_path, client, ["::1", "127.0.0.2", "127.0.0.1"], f"http://many.example:{e.port}")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(beats.read_text())["processes"]["it"]["additional_data"] == {"n": 1}


@pytest.mark.parametrize("client", CLIENTS)
def test_an_address_that_is_silent_does_not_keep_a_beat_away(exporter, beats, tmp_path, silent, client):
    exporter(*PUSH, f"--web.listen-address=127.0.0.2:{silent}")
    result = beat(tmp_path, client, ["127.0.0.1", "127.0.0.2"], f"http://many.example:{silent}")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(beats.read_text())["processes"]["it"]["additional_data"] == {"n": 1}


@pytest.mark.parametrize("client", ["python", "node"])
def test_with_encryption_too(exporter, beats, tmp_path, silent, client):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server", names="DNS:many.example,IP:127.0.0.1")
    web = tmp_path / "web.yml"
    # With a user: a server that is encrypted but open takes no pushes.
    web.write_text(f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n"
                   "basic_auth_users: {alice: $2y$04$tr8fj6KDQgGug7AJq7bHMu5uNgMSamcCSUkL7fzkGP5I9D0RXNqSi}\n")  # fmt: skip
    trusting = ssl.create_default_context(cafile=authority.certificate)
    exporter("--web.enable-push", f"--web.config.file={web}", f"--web.listen-address=127.0.0.2:{silent}", tls=trusting, user="alice:secret")
    addresses, url = ["::1", "127.0.0.1", "127.0.0.2"], f"https://alice:secret@many.example:{silent}"
    result = beat(tmp_path, client, addresses, url, trust=authority.certificate)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(beats.read_text())["processes"]["it"]["additional_data"] == {"n": 1}
    # The name is what the certificate is checked against, not the address that answered.
    result = beat(tmp_path, client, addresses, url, trust=authority.certificate, name="other.example")
    assert result.returncode == 1 and "other.example" in result.stderr and "certificate" in result.stderr.lower()


@pytest.mark.parametrize("client", CLIENTS)
def test_where_none_answers_the_reason_is_said(tmp_path, client):
    result = beat(tmp_path, client, ["::1", "127.0.0.1"], f"http://many.example:{free_port()}")
    assert result.returncode == 1 and "refused" in result.stderr.lower()
    assert "many.example" in result.stderr


# How long each waits by itself: longer than anybody waits for a test.
ASLEEP = "nameserver 127.0.0.9\noptions timeout:30 attempts:5\n"
SEVERAL_BEATS = {
    "python": [sys.executable, "-c", """
import sys, threading
from heartbeat_manager import *
manager = HeartbeatManager(sys.argv[1], timeout=0.2)
for n in range(3): manager.send_heartbeat("it", {"n": n})
print(threading.active_count() - 1)
"""],
    "node": ["node", "-e", f"""
const {{ HeartbeatManager }} = require('{ROOT}/clients/node/heartbeat.js');
const m = new HeartbeatManager(process.argv[1], {{ timeout: 0.2 }});
(async () => {{ for (let n = 0; n < 3; n++) await m.sendHeartbeat('it', {{ n }}); console.log(1); process.exit(); }})();
""", "--"],
}  # fmt: skip


@pytest.mark.parametrize("client", SEVERAL_BEATS)
def test_a_name_server_that_does_not_answer_holds_no_program_up(tmp_path, client):
    (tmp_path / "resolv.conf").write_text(ASLEEP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # several tests may do so at a time
        server.bind(("127.0.0.9", 53))
        under = [*AS_ROOT, "unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', tmp_path / "resolv.conf"]
        result = run(*under, "env", f"PYTHONPATH={ROOT / 'clients' / 'python'}", *SEVERAL_BEATS[client], "http://slow.example:9464")
    assert (result.returncode, result.stdout) == (0, "1\n"), result
    assert "cannot beat: http://slow.example:9464" in result.stderr
