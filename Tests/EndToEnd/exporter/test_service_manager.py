"""The exporter as a service: what it tells the service manager by sd_notify(3), and its own health check."""

import contextlib
import os
import re
import signal
import socket
import ssl

import pytest

from support import EXPORTER, LIMIT, free_port, run, write_beats
from support.certificates import Authority


class Manager:
    """A service manager's socket: a real datagram socket, by path or by abstract name."""

    def __init__(self, folder, abstract):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"heartbeat-test-{os.getpid()}-{free_port()}"
        self.name = f"@{name}" if abstract else str(folder / "notify")
        self.socket.bind("\0" + name if abstract else self.name)
        self.socket.settimeout(20)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def next_but_alive(self):
        while (message := self.next()) == {"WATCHDOG": "1"}:
            pass
        return message


@pytest.fixture(params=[False, True], ids=["path", "abstract"])
def manager(request, tmp_path):
    manager = Manager(tmp_path, request.param)
    yield manager
    manager.socket.close()


def test_it_says_when_it_is_ready_reloads_and_stops(exporter, manager, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes: {}\n")
    e = exporter(f"--config.file={config}", env={"NOTIFY_SOCKET": manager.name})
    ready = manager.next()
    assert ready == {"READY": "1", "STATUS": f"serving 127.0.0.1:{e.port}"}

    e.signal(signal.SIGHUP)
    reloading = manager.next()
    assert reloading["RELOADING"] == "1" and re.fullmatch(r"\d+", reloading["MONOTONIC_USEC"])
    assert manager.next() == ready

    # A configuration that is not usable leaves the old one in force: it goes on serving, and says so.
    config.write_text("processes: nonsense\n")
    e.signal(signal.SIGHUP)
    assert manager.next()["RELOADING"] == "1"
    assert manager.next() == ready

    e.signal(signal.SIGTERM)
    assert manager.next() == {"STOPPING": "1"}
    assert e.process.wait(timeout=LIMIT) == 0


def test_it_is_not_ready_when_it_cannot_start(manager, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(
            EXPORTER, f"--web.listen-address=127.0.0.1:{port}", env={"NOTIFY_SOCKET": manager.name}, cwd=tmp_path
        )
    assert result.returncode == 1
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.next()


def test_the_event_loop_tells_the_watchdog_at_half_its_time(exporter, tmp_path, beats):
    manager = Manager(tmp_path, abstract=False)
    write_beats(beats, {})
    e = exporter(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"})
    messages = [manager.next() for _ in range(6)]
    assert {"WATCHDOG": "1"} in messages
    assert messages.count({"WATCHDOG": "1"}) >= 5
    # Who is stopped says nothing: the manager's time would run out.
    e.signal(signal.SIGSTOP)
    with contextlib.suppress(TimeoutError):
        manager.socket.settimeout(1)
        for _ in range(100):
            manager.next()
        raise AssertionError("a stopped exporter went on speaking")
    e.signal(signal.SIGCONT)
    manager.socket.settimeout(20)
    assert manager.next() == {"WATCHDOG": "1"}


def test_a_watchdog_of_another_process_is_not_fed(exporter, tmp_path):
    manager = Manager(tmp_path, abstract=False)
    e = exporter(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"})
    assert manager.next()["READY"] == "1"
    e.signal(signal.SIGTERM)
    assert manager.next() == {"STOPPING": "1"}


# systemd's word for no end is the largest number of 64 bits.
@pytest.mark.parametrize("microseconds", [2**64 - 1, 2**63, 2**64, 1, -1])
def test_any_time_of_the_watchdog_is_taken(exporter, tmp_path, microseconds):
    manager = Manager(tmp_path, abstract=False)
    e = exporter(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": str(microseconds)})
    assert manager.next_but_alive()["READY"] == "1"
    assert e.get("/-/healthy").status == 200
    assert e.stop() == 0


@pytest.mark.parametrize("name", ["/nowhere/notify", "relative", "@", "", "/" + "x" * 200])
def test_a_manager_that_is_not_there_costs_nothing(exporter, name):
    e = exporter(env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"})
    assert e.get("/-/healthy").status == 200
    assert e.stop() == 0


def test_health_check(exporter, tmp_path):
    e = exporter()
    address = f"--web.listen-address=127.0.0.1:{e.port}"
    healthy = run(EXPORTER, "--health-check", address)
    assert (healthy.returncode, healthy.stdout, healthy.stderr) == (0, "healthy\n", "")
    # An address that means all of the host's is asked by loopback; flags may come from the environment.
    for text in (f":{e.port}", f"0.0.0.0:{e.port}", f"localhost:{e.port}"):
        assert run(EXPORTER, "--health-check", env={"HEARTBEAT_EXPORTER_WEB_LISTEN_ADDRESS": text}).returncode == 0

    e.stop()
    gone = run(EXPORTER, "--health-check", address)
    assert gone.returncode == 1 and gone.stdout == ""
    assert f"127.0.0.1:{e.port}" in gone.stderr and "ECONNREFUSED" in gone.stderr


@pytest.mark.parametrize("clients", ["NoClientCert", "RequireAndVerifyClientCert"])
def test_health_check_by_tls(exporter, tmp_path, clients):
    """Neither the name in the certificate nor a missing certificate of its own keeps it from seeing that all is well."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("web", names="DNS:web.example.org")
    client = authority.issue("client")
    authorities = f", client_ca_file: {authority.certificate}" if clients != "NoClientCert" else ""
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}, client_auth_type: {clients}{authorities}}}\n"
        "basic_auth_users: {alice: $2y$04$tr8fj6KDQgGug7AJq7bHMu5uNgMSamcCSUkL7fzkGP5I9D0RXNqSi}\n"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(*client)
    e = exporter(f"--web.config.file={web}", tls=context, user="alice:secret")
    flags = [f"--web.listen-address=127.0.0.1:{e.port}", f"--web.config.file={web}"]
    result = run(EXPORTER, "--health-check", *flags)
    assert (result.returncode, result.stderr) == (0, "")
    e.stop()
    assert run(EXPORTER, "--health-check", *flags).returncode == 1


def test_health_check_of_an_exporter_that_hangs(exporter):
    e = exporter()
    e.signal(signal.SIGSTOP)
    result = run(EXPORTER, "--health-check", f"--web.listen-address=127.0.0.1:{e.port}")
    e.signal(signal.SIGCONT)
    assert result.returncode == 1 and "no answer in time" in result.stderr


def test_health_check_of_another_program():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        child = os.fork()
        if child == 0:
            connection, _ = other.accept()
            connection.recv(4096)
            connection.sendall(b"220 mail.example.org ESMTP\r\n")
            connection.close()
            os._exit(0)
        result = run(EXPORTER, "--health-check", f"--web.listen-address=127.0.0.1:{port}")
        os.waitpid(child, 0)
    assert result.returncode == 1 and "not HTTP" in result.stderr
