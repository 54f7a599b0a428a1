"""TLS, users, headers and limits of --web.config.file, with certificates of a real authority and real clients."""

import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

import pytest

from support import EXPORTER, LIMIT, NO_LEAK_CHECK, ROOT, TOOL, entry, eventually, run, write_beats
from support.certificates import Authority, openssl
from support.hanging import HangingFolder
from support.prometheus import Prometheus
from support.tls_records import Client

pytestmark = pytest.mark.hard
FIXTURES = ROOT / "Tests" / "ExporterTests" / "Fixtures" / "web-config"
# Made by htpasswd -nbB; cost 4 where a test is not about the cost.
ALICE = "$2y$04$tr8fj6KDQgGug7AJq7bHMu5uNgMSamcCSUkL7fzkGP5I9D0RXNqSi"  # secret


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority):
    return authority.issue("server")


@pytest.fixture(scope="module")
def hashes():
    """The hash of "secret" at each cost, made by the program that the documentation names."""
    return {
        cost: run("htpasswd", "-nbB", "-C", cost, "x", "secret").stdout.strip().split(":", 1)[1] for cost in (4, 9, 12)
    }


@pytest.fixture
def hanging(tmp_path):
    folder = HangingFolder(tmp_path)
    yield folder
    folder.close()


def client_context(authority, certificate=None, **limits):
    context = ssl.create_default_context(cafile=authority.certificate)
    # As Python does by itself from 3.13 on.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if certificate:
        context.load_cert_chain(*certificate)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


@pytest.fixture
def web(tmp_path, authority, server, exporter):
    """`web(tls={...}, users={...}, ...)` starts an exporter with that web configuration."""

    def start(*flags, tls=None, client=None, user=None, **sections):
        if tls is not None:
            sections["tls_server_config"] = {"cert_file": str(server[0]), "key_file": str(server[1])} | tls
        path = tmp_path / "web.yml"
        # JSON is YAML.
        path.write_text(json.dumps(sections))
        context = None if tls is None else client or client_context(authority)
        return exporter(f"--web.config.file={path}", *flags, tls=context, user=user)

    start.path = tmp_path / "web.yml"
    return start


def refused(e, context):
    """Whether a client of this kind gets no answer."""
    e_tls, e.tls = e.tls, context
    try:
        e.get("/-/ready")
        return False
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        return True
    finally:
        e.tls = e_tls


# TLS


def test_everything_is_served_encrypted(web, beats):
    write_beats(beats, {f"worker-{n}": entry(jobs=n, pad=n * 1.5, more=n / 7) for n in range(3000)})
    e = web(tls={})
    assert e.metrics().value("heartbeat_data_jobs", process="worker-2999") == 2999
    assert e.get("/metrics", {"Accept-Encoding": "gzip"}).text.count("heartbeat_data_pad{") == 3000
    with contextlib.closing(e.connect()) as connection:
        for path in ("/", "/metrics", "/api/v1/heartbeats", "/metrics", "/-/healthy"):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read()
        assert connection.sock.version() == "TLSv1.3"
    # Everything that a raw client sends at once, pipelined and then with the sending half closed.
    with socket.create_connection(("127.0.0.1", e.port)) as raw, e.tls.wrap_socket(raw, server_hostname="localhost") as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 4 and answer.endswith(b"healthy\n")


def test_live_events_come_encrypted(web, beats):
    write_beats(beats, {"bidder": entry()})
    e = web(tls={})
    with contextlib.closing(e.connect()) as connection:
        connection.request("GET", "/api/v1/events")
        answer = connection.getresponse()
        assert answer.status == 200
        assert any(b"bidder" in answer.fp.readline() for _ in range(20))


def test_a_request_without_encryption_is_told_so(web):
    e = web(tls={})
    plain = http.client.HTTPConnection("127.0.0.1", e.port, timeout=LIMIT)
    plain.request("GET", "/metrics")
    answer = plain.getresponse()
    assert (answer.status, answer.read()) == (400, b"Client sent an HTTP request to an HTTPS server.\n")


@pytest.mark.parametrize(
    "settings, accepted, rejected",
    [
        ({}, ["TLSv1_2", "TLSv1_3"], []),
        ({"min_version": "TLS13"}, ["TLSv1_3"], ["TLSv1_2"]),
        ({"max_version": "TLS12"}, ["TLSv1_2"], ["TLSv1_3"]),
        ({"min_version": "TLS10", "max_version": "TLS11"}, ["TLSv1", "TLSv1_1"], ["TLSv1_2", "TLSv1_3"]),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions(web, authority, settings, accepted, rejected):
    def context(version):
        limits = client_context(authority, minimum_version=ssl.TLSVersion[version], maximum_version=ssl.TLSVersion[version])
        limits.set_ciphers("DEFAULT@SECLEVEL=0")
        return limits

    e = web(tls=settings, client=context(accepted[0]))
    for version in accepted:
        assert not refused(e, context(version)), version
    for version in rejected:
        assert refused(e, context(version)), version


def test_cipher_suites_and_curves(web, authority):
    e = web(tls={"cipher_suites": ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_AES_256_GCM_SHA384"], "curve_preferences": ["CurveP521"]})
    old = client_context(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    for context, name in ((old, "ECDHE-ECDSA-CHACHA20-POLY1305"), (client_context(authority), "TLS_AES_256_GCM_SHA384")):
        with socket.create_connection(("127.0.0.1", e.port)) as raw, context.wrap_socket(raw, server_hostname="localhost") as s:
            assert s.cipher()[0] == name
    other = client_context(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    other.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    assert refused(e, other)
    curve = client_context(authority)
    curve.set_ecdh_curve("prime256v1")
    assert refused(e, curve)


@pytest.mark.parametrize(
    "policy, none, strange, own",
    [
        ("NoClientCert", True, True, True),
        ("RequestClientCert", True, True, True),
        ("RequireAnyClientCert", False, True, True),
        ("VerifyClientCertIfGiven", True, False, True),
        ("RequireAndVerifyClientCert", False, False, True),
    ],
)
def test_client_certificates(web, tmp_path, authority, policy, none, strange, own):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other")
    mine = client_context(authority, authority.issue("client"))
    settings = {"client_auth_type": policy} | ({} if policy == "NoClientCert" else {"client_ca_file": str(authority.certificate)})
    e = web(tls=settings, client=mine)
    assert refused(e, client_context(authority)) != none
    assert refused(e, client_context(authority, other.issue("stranger"))) != strange
    assert refused(e, mine) != own


def test_a_refused_client_is_counted_and_the_log_says_why(web, tmp_path, authority):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other")
    strange = client_context(authority, other.issue("stranger"))
    mine = client_context(authority, authority.issue("client"))
    e = web(tls={"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}, client=mine)

    def counts():
        return {reason: n for reason, n in e.metrics().of("heartbeat_exporter_tls_handshake_errors_total").items() if n}

    assert counts() == {}
    for _ in range(2):
        assert refused(e, client_context(authority)) and refused(e, strange)
    eventually(lambda: counts() == {"no_certificate": 2, "invalid_certificate": 2}, "each is counted")
    with socket.create_connection(("127.0.0.1", e.port)) as plain:
        plain.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"400" in plain.recv(1000)
    eventually(lambda: counts().get("not_tls") == 1, "what is no TLS is counted")
    with contextlib.suppress(ssl.SSLError), socket.create_connection(("127.0.0.1", e.port)) as raw:
        # It does not know the server's authority.
        ssl.create_default_context(cafile=str(other.certificate)).wrap_socket(raw, server_hostname="localhost")
    eventually(lambda: counts().get("refused_by_client") == 1, "a client that refuses the server's certificate is counted")
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", e.port)) as leaving:
            leaving.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    eventually(lambda: counts().get("other") == 2, "a client that leaves during the handshake is counted")
    told = [line for line in e.stderr.splitlines() if "came to no encrypted connection" in line]
    assert len(told) == 5, "each reason once, not each client"
    assert any("the client left during the handshake" in line for line in told), told
    assert any("peer did not return a certificate" in line for line in told), told
    # OpenSSL's words for an authority that is not known differ between its versions.
    assert any("certificate verify failed: " in line or "unable to get" in line for line in told), told
    assert any("http request" in line for line in told), told


@pytest.mark.parametrize(
    "names, accepted",
    [
        ("DNS:prometheus.example.org,DNS:other", True),
        ("IP:10.0.0.7", True),
        ("IP:2001:db8::1", True),
        ("email:ops@example.org", True),
        ("URI:spiffe://example.org/prometheus", True),
        ("DNS:prometheus.example.com", False),
        ("DNS:10.0.0.8", False),
    ],
)
def test_names_of_clients(web, authority, names, accepted):
    allowed = ["prometheus.example.org", "10.0.0.7", "2001:DB8:0::1", "ops@example.org", "spiffe://example.org/prometheus"]
    settings = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate), "client_allowed_sans": allowed}
    good = client_context(authority, authority.issue("good", "DNS:prometheus.example.org"))
    e = web(tls=settings, client=good)
    assert refused(e, client_context(authority, authority.issue("client", names))) != accepted
    assert not refused(e, good)


@pytest.mark.parametrize("names, accepted", [("DNS:prometheus.example.org", True), ("DNS:prometheus.example.com", False)])
def test_names_count_also_where_nobody_vouches_for_them(web, tmp_path, authority, names, accepted):
    """With RequireAnyClientCert a name proves little, but one that is not allowed is still not let in."""
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other")
    good = client_context(authority, other.issue("good", "DNS:prometheus.example.org"))
    e = web(tls={"client_auth_type": "RequireAnyClientCert", "client_allowed_sans": ["prometheus.example.org"]}, client=good)
    assert refused(e, client_context(authority, other.issue("client", names))) != accepted
    assert refused(e, client_context(authority)), "nobody comes in without a certificate"


def test_inline_certificates(web, authority, server):
    inline = {"cert_file": None, "key_file": None, "cert": server[0].read_text(), "key": server[1].read_text()}
    assert web(tls=inline).metrics()
    client = client_context(authority, authority.issue("client"))
    e = web(tls=inline | {"client_auth_type": "RequireAndVerifyClientCert", "client_ca": authority.certificate.read_text()}, client=client)
    assert e.metrics() and refused(e, client_context(authority))


def served_certificate(e):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", e.port)) as raw, context.wrap_socket(raw) as s:
        return s.getpeercert(binary_form=True)


def test_a_certificate_at_the_place_of_one_that_hangs_is_served(tmp_path, authority, server, hanging, exporter):
    link, config = tmp_path / "certificate.pem", tmp_path / "web.yml"
    link.symlink_to(server[0])
    config.write_text(json.dumps({"tls_server_config": {"cert_file": str(link), "key_file": str(server[1])}}))
    e = exporter(f"--web.config.file={config}", tls=client_context(authority), env=NO_LEAK_CHECK, under=hanging.under)
    good = lambda: e.metrics().value("heartbeat_exporter_web_config_last_reload_successful")

    first = served_certificate(e)

    def relink(target):
        new = tmp_path / "new"
        new.symlink_to(target)
        new.rename(link)

    hanging.hang()
    relink(hanging.folder / "certificate.pem")
    eventually(lambda: good() == 0, "that it hangs is noticed")
    assert served_certificate(e) == first
    new = authority.issue("new")
    (tmp_path / "both.pem").write_bytes(Path(new[0]).read_bytes())
    config.write_text(json.dumps({"tls_server_config": {"cert_file": str(link), "key_file": str(new[1])}}))
    relink(tmp_path / "both.pem")
    eventually(lambda: good() == 1, "what is there now is read")
    assert served_certificate(e) != first


def test_a_renewed_certificate_needs_no_restart_and_a_broken_one_changes_nothing(web, tmp_path, authority):
    first, second = authority.issue("first"), authority.issue("second", kind="rsa")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    shutil.copy(first[0], certificate), shutil.copy(first[1], key)
    e = web(tls={"cert_file": "cert.pem", "key_file": "key.pem"})
    is_good = lambda: e.metrics().value("heartbeat_exporter_web_config_last_reload_successful")
    before = served_certificate(e)
    assert is_good() == 1
    with contextlib.closing(e.connect()) as old:
        old.request("GET", "/-/healthy")
        assert old.getresponse().read()
        # As certbot does it: one file after the other. In between they do not fit.
        shutil.copy(second[0], certificate)
        eventually(lambda: is_good() == 0, "the key that does not fit is noticed")
        assert served_certificate(e) == before
        assert "the private key is not that of the certificate" in e.stderr
        shutil.copy(second[1], key)
        eventually(lambda: served_certificate(e) != before, "the new certificate is served")
        assert is_good() == 1
        old.request("GET", "/-/healthy")
        assert old.getresponse().status == 200, "the connection of before goes on"
    assert e.stderr.count("the old web configuration stays") == 1, "once, not at each look"
    certificate.unlink()
    eventually(lambda: is_good() == 0, "the missing file is noticed")
    assert served_certificate(e) != before
    assert not refused(e, e.tls)


def test_encryption_is_not_lost_by_an_edit(web, authority, server):
    e = web(tls={}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    web.path.write_text("{}")
    eventually(lambda: "expected a restart" in e.stderr, "the edit is refused")
    assert not refused(e, e.tls)
    assert e.get("/metrics", {"Authorization": ""}).status == 401, "nor are the users"


def test_clients_that_never_shake_hands_are_closed(web, authority):
    e = web("--web.header-timeout=3s", tls={})
    sockets = [socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT) for _ in range(50)]
    for number, s in enumerate(sockets):
        # Nothing, the beginning of a handshake, and nonsense.
        s.sendall([b"", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 300][number % 3])
    assert e.get("/-/healthy").status == 200
    for s in sockets:
        with contextlib.suppress(ConnectionError):
            while s.recv(4096):
                pass
        s.close()
    eventually(lambda: e.metrics().value("heartbeat_exporter_http_connections") == 1, "none of them is left")
    assert "the handshake did not end in time" in e.stderr
    assert e.metrics().value("heartbeat_exporter_tls_handshake_errors_total", reason="timeout") >= 20


@pytest.mark.parametrize("newest", [0x0304, 0x0303], ids=["key updates", "renegotiations"])
def test_records_without_a_request_keep_nobody_waiting(web, newest):
    e = web(tls={})
    other = http.client.HTTPSConnection("127.0.0.1", e.port, timeout=LIMIT, context=e.tls)

    def ask():
        other.request("GET", "/-/healthy")
        answer = other.getresponse()
        answer.read()
        return answer.status

    assert ask() == 200
    with Client(e.port, newest) as client:
        # All of it is made before, and more comes at once than is looked at in a moment.
        if newest == 0x0304:
            flood = client.key_updates(20_000) + client.data(b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        else:
            flood = client.renegotiations(20_000)
        sender = threading.Thread(target=client.socket.sendall, args=(flood,))
        answers = []
        is_answered = client.is_answered if newest == 0x0303 else lambda: client.read().startswith(b"HTTP/1.1 200 ")
        reader = threading.Thread(target=lambda: answers.append(is_answered()))
        sender.start()
        reader.start()
        between = 0
        while not answers:
            assert ask() == 200
            between += 1
        sender.join()
        reader.join()
        assert answers == [True]
        assert between > 20, "the others are answered while these records are looked at"


def test_records_without_a_request_are_none(web):
    e = web("--web.idle-timeout=2s", tls={})
    with Client(e.port) as client, pytest.raises(ConnectionError):
        # It has its time from the handshake on, whatever it sends.
        while True:
            client.socket.sendall(client.key_updates(10))
            time.sleep(0.01)
    assert e.get("/-/healthy").status == 200


def test_who_watches_and_sends_records_without_end_is_closed(web):
    e = web(tls={})
    with Client(e.port) as client:
        client.socket.sendall(client.data(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        assert client.read().startswith(b"HTTP/1.1 200 ")
        client.socket.sendall(client.key_updates(100))
        assert e.metrics().value("heartbeat_exporter_http_connections") == 2, "a few mean nothing"
        with contextlib.suppress(ConnectionError):
            client.socket.sendall(client.key_updates(2000))
        eventually(lambda: e.metrics().value("heartbeat_exporter_http_connections") == 1, "it is closed")


# Users


def answer(e, user=None, path="/metrics", **more):
    header = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {"Authorization": ""}
    return e.get(path, header, **more)


def test_only_users_are_let_in(web):
    e = web(basic_auth_users={"alice": ALICE}, user="alice:secret")
    for path in ("/", "/metrics", "/-/healthy", "/api/v1/heartbeats", "/api/v1/events", "/assets/status.js", "/nothing"):
        without = answer(e, path=path)
        assert without.status == 401, path
        assert without.headers["www-authenticate"] == 'Basic realm="heartbeat-exporter", charset="UTF-8"'
    for user in ("alice:wrong", "alice:", "bob:secret", ":secret", "alice:secret\0"):
        assert answer(e, user).status == 401, user
    assert answer(e, "alice:secret").status == 200
    assert answer(e, path="/api/v1/host").text.startswith('{"error":{"status":401')


def cpu_seconds(e):
    fields = Path(f"/proc/{e.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost_of(e, work):
    before = cpu_seconds(e)
    work()
    return cpu_seconds(e) - before


@pytest.mark.alone  # compares what things cost
@pytest.mark.shipped  # a sanitizer changes what things cost
def test_a_password_is_hashed_once_and_a_wrong_one_costs_the_same_for_anybody(web, hashes):
    e = web("--no-collector.system", basic_auth_users={"alice": hashes[12], "bob": hashes[9]}, user="alice:secret")

    def ask(user, status, times):
        return cost_of(e, lambda: [answer(e, user, "/-/ready") for _ in range(times)][0].status == status)

    first = ask("bob:secret", 200, 1)
    assert ask("bob:secret", 200, 100) < first, "it is known by now"
    costs = {user: ask(user, 401, 2) for user in ("alice:wrong", "bob:wrong", "nobody:secret")}
    # The hashes alone differ by a factor of 8, and of nobody there is none.
    assert max(costs.values()) < 2 * min(costs.values()), costs


def status_from(e, address, user):
    """What a client of another address of this host gets."""
    connection = http.client.HTTPConnection("127.0.0.1", e.port, timeout=LIMIT, source_address=(address, 0))
    with contextlib.closing(connection):
        connection.request("GET", "/-/ready", headers={"Authorization": "Basic " + base64.b64encode(user.encode()).decode()})
        return connection.getresponse().status


def test_wrong_passwords_are_limited(web):
    e = web(basic_auth_users={"alice": ALICE}, user="alice:secret")
    assert status_from(e, "127.0.0.2", "alice:secret") == 200, "it is known by now"
    # However slow the machine is: one more is forgiven each 6 seconds.
    statuses = []
    while statuses.count(429) < 20:
        assert len(statuses) < 500, statuses
        statuses.append(status_from(e, "127.0.0.2", f"alice:{len(statuses)}"))
    assert statuses[:10] == [401] * 10 and set(statuses) == {401, 429}
    late = answer(e, "alice:again")
    assert late.status == 401, "another address is not held up"
    # Others behind the same address, and at any other one, are not to suffer.
    for address in ("127.0.0.2", "127.0.0.3"):
        assert [status_from(e, address, "alice:secret") for _ in range(3)] == [200] * 3
    assert status_from(e, "127.0.0.2", "alice:guess") in (401, 429)
    eventually(lambda: status_from(e, "127.0.0.2", "alice:guess") == 401, "one more is forgiven")
    assert e.stderr.count("too many wrong passwords") == 1


def test_who_must_wait_is_told_how_long(web):
    e = web(basic_auth_users={"alice": ALICE}, user="alice:secret")
    late = eventually(lambda: (a := answer(e, "alice:guess")).status == 429 and a, "the limit is met")
    assert 1 <= int(late.headers["retry-after"]) <= 7


def test_users_change_while_it_runs(web):
    e = web(basic_auth_users={"alice": ALICE, "bob": ALICE}, user="alice:secret")
    assert answer(e, "bob:secret").status == 200
    web.path.write_text(json.dumps({"basic_auth_users": {"alice": ALICE}}))
    eventually(lambda: answer(e, "bob:secret").status == 401, "bob is shut out, though his password was known")
    web.path.write_text("basic_auth_users: [")
    os.kill(e.process.pid, 1)
    eventually(lambda: e.metrics().value("heartbeat_exporter_web_config_last_reload_successful") == 0, "the broken file is noticed")
    assert answer(e, "bob:secret").status == 401 and answer(e, "alice:secret").status == 200


def test_no_password_and_no_key_is_told(web, beats):
    write_beats(beats, {"bidder": entry()})
    e = web("--log.level=debug", tls={}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    for user in ("alice:secret", "alice:guess-1", "bob:guess-2", None):
        for path in ("/metrics", "/", "/api/v1/heartbeats"):
            assert answer(e, user, path).status in (200, 401)
    shown = e.stderr + "".join(e.get(p).text for p in ("/metrics", "/", "/api/v1/heartbeats", "/api/v1/host"))
    shown += Path(f"/proc/{e.process.pid}/cmdline").read_text() + Path(f"/proc/{e.process.pid}/environ").read_text()
    for secret in ("secret", "guess-1", "guess-2", ALICE, ALICE[7:29], base64.b64encode(b"alice:secret").decode(), "PRIVATE KEY"):
        assert secret not in shown


# Limits and headers


def test_rate_limit(web):
    e = web(rate_limit={"interval": "1h", "burst": 5})
    statuses = [e.get("/-/healthy").status for _ in range(10)]
    assert set(statuses) == {200, 429} and 429 not in statuses[:2] and statuses[-3:] == [429] * 3
    assert int(e.get("/metrics").headers["retry-after"]) > 60
    web.path.write_text("{}")
    eventually(lambda: e.get("/-/healthy").status == 200, "the limit is gone with its section")


def test_the_rate_limit_of_strangers_costs_who_is_known_nothing(web):
    e = web(rate_limit={"interval": "1h", "burst": 20}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    assert answer(e, "alice:secret").status == 200
    assert 429 in [answer(e, None).status for _ in range(25)]
    assert answer(e, "alice:guess").status == 429
    assert [answer(e, "alice:secret").status for _ in range(5)] == [200] * 5


def test_headers(web, exporter):
    plain = exporter()
    for path in ("/", "/metrics", "/nothing", "/api/v1/heartbeats", "/-/healthy", "/assets/status.js"):
        headers = plain.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["content-security-policy"], path
    with socket.create_connection(("127.0.0.1", plain.port)) as s:
        s.sendall(b"nonsense\r\n\r\n")
        assert b"X-Content-Type-Options: nosniff\r\n" in s.recv(4096)
    e = web(http_server_config={"headers": {"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=1", "X-XSS-Protection": ""}})
    headers = e.get("/").headers
    assert headers["x-frame-options"] == "sameorigin" and headers["strict-transport-security"] == "max-age=1"
    assert "x-xss-protection" not in headers and "script-src 'self'" in headers["content-security-policy"]


# Push


def push(e, user):
    return answer(e, user, "/api/v1/heartbeats/backup", method="POST", body=b"").status


def test_push_needs_a_user_or_a_certificate(web, authority, tmp_path, beats):
    e = web("--web.enable-push", tls={}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    assert push(e, None) == 401 and push(e, "alice:wrong") == 401 and not beats.exists()
    assert push(e, "alice:secret") == 204 and "backup" in beats.read_text()
    assert e.metrics().value("heartbeat_push_errors_total", reason="unauthorized") == 2
    # Whoever takes the users away does not open the door by that.
    sections = json.loads(web.path.read_text())
    del sections["basic_auth_users"]
    web.path.write_text(json.dumps(sections))
    eventually(lambda: "would let everybody" in e.stderr, "the edit is refused")
    assert push(e, None) == 401

    client = client_context(authority, authority.issue("client"))
    settings = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}
    assert push(web("--web.enable-push", tls=settings, client=client), None) == 204


def test_the_clients_push_and_read_encrypted_with_a_password(web, authority, beats):
    e = web("--web.enable-push", tls={}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    trust = {"SSL_CERT_FILE": str(authority.certificate), "NODE_EXTRA_CA_CERTS": str(authority.certificate), "PYTHONPATH": str(ROOT / "clients" / "python")}
    code = "import sys; from heartbeat_manager import *; m = HeartbeatManager(sys.argv[1], raises=True); m.send_heartbeat('py', {'n': 1}); print(m.is_process_alive('py'))"
    node = f"const {{ HeartbeatManager }} = require('{ROOT}/clients/node/heartbeat.js'); const m = new HeartbeatManager(process.argv[1], {{ throws: true }});"
    node += "(async () => { await m.sendHeartbeat('node', { n: 2 }); console.log(await m.isProcessAlive('node')); })();"
    for command, right, wrong in (([sys.executable, "-c", code], "True\n", "401"), (["node", "-e", node, "--"], "true\n", "401")):
        result = run(*command, f"https://alice:secret@localhost:{e.port}", env=trust)
        assert (result.stdout, result.returncode) == (right, 0), result.stderr
        result = run(*command, f"https://alice:guess@localhost:{e.port}", env=trust)
        assert result.returncode == 1 and wrong in result.stderr and "guess" not in result.stderr.replace("guess@localhost", "", 1)
        result = run(*command, f"https://alice:secret@localhost:{e.port}", env=trust | {"SSL_CERT_FILE": "/dev/null", "NODE_EXTRA_CA_CERTS": "/dev/null"})
        assert result.returncode == 1 and "certificate" in result.stderr, "nobody is trusted who is not known"
    assert set(json.loads(beats.read_text())["processes"]) == {"py", "node"}


@pytest.mark.parametrize("text", ["{}", "rate_limit: {interval: 1s, burst: 1}"])
def test_push_without_authentication_does_not_start(tmp_path, text):
    path = tmp_path / "web.yml"
    path.write_text(text)
    for flags, status in ((["--check-config"], 1), (["--web.listen-address=127.0.0.1:0"], 1)):
        result = run(EXPORTER, "--web.enable-push", f"--web.config.file={path}", *flags)
        assert result.returncode == status and "would let everybody" in result.stderr


# Certificates as strict readers want them


@pytest.mark.parametrize("kind, purpose", [("ec", "sslserver"), ("rsa", "sslserver"), ("ec", "sslclient")])
def test_our_own_certificates_are_good_for_strict_readers(authority, kind, purpose):
    certificate, _ = authority.issue("strict", kind=kind)
    assert openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", authority.certificate, certificate).endswith("OK\n")


def test_the_certificates_of_the_documentation_work_with_strict_readers(exporter, tmp_path):
    text = (ROOT / "docs" / "web-config.md").read_text()
    (commands,) = re.findall(r"```sh\n(cat >tls.cnf.*?)```", text, re.S)
    made = run("sh", "-ec", commands, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: exporter.pem, key_file: exporter.key}")
    context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.check_hostname = False  # the request goes to an address
    e = exporter(f"--web.config.file={tmp_path / 'web.yml'}", tls=context)
    assert e.get("/-/healthy").status == 200
    with socket.create_connection(("127.0.0.1", e.port)) as raw:
        context.check_hostname = True
        with context.wrap_socket(raw, server_hostname="host.example.org") as encrypted:
            assert encrypted.version() == "TLSv1.3"


# Real clients, and the same file elsewhere


def test_prometheus_scrapes_with_certificate_and_password(web, authority, beats, tmp_path):
    write_beats(beats, {"bidder": entry(offset=140)})
    certificate, key = authority.issue("prometheus")
    settings = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}
    e = web(tls=settings, client=client_context(authority, (certificate, key)), basic_auth_users={"alice": ALICE}, user="alice:secret")
    config = f"""
global: {{scrape_interval: 3s}}
scrape_configs:
  - job_name: heartbeat
    scheme: https
    basic_auth: {{username: alice, password: secret}}
    tls_config: {{ca_file: {authority.certificate}, cert_file: {certificate}, key_file: {key}, server_name: localhost}}
    static_configs: [{{targets: ["127.0.0.1:{e.port}"]}}]
"""
    (tmp_path / "prometheus").mkdir()
    prometheus = Prometheus(tmp_path / "prometheus", config=config)
    try:
        eventually(lambda: prometheus.value('heartbeat_data_offset{process="bidder"}') == 140, "Prometheus has the sample")
    finally:
        prometheus.stop()
    curl = ["curl", "-sS", "--fail", "--cacert", authority.certificate, "--cert", certificate, "--key", key, "-u", "alice:secret"]
    assert "heartbeat_data_offset" in run(*curl, f"https://localhost:{e.port}/metrics").stdout


# The keys that a promtool may be too old to know.
NEWER = {
    "full.good.yml": "client_allowed_sans", "sans-empty.bad.yml": "client_allowed_sans", "sans-optional.bad.yml": "client_allowed_sans",
    "sans-without-policy.bad.yml": "client_allowed_sans", "both-certs.bad.yml": "cert", "rate-limit.good.yml": "rate_limit",
    "rate-limit-off.good.yml": "rate_limit", "interval-go.good.yml": "rate_limit",
}  # fmt: skip
# Where a promtool that knows all keys says otherwise, and why we do not follow.
OTHERWISE = {
    "both-certs.bad.yml": "which of the two is meant?",
    "sans-empty.bad.yml": "lets nobody in, or everybody?",
    "sans-optional.bad.yml": "has no effect",
    "sans-without-policy.bad.yml": "has no effect",
    "empty-tls.bad.yml": "would serve without encryption",
    "hash-cost.bad.yml": "would take a minute for each password",
    "hash-short.bad.yml": "a user that nobody can be",
    "user-colon.bad.yml": "a user that nobody can be",
    "user-empty.bad.yml": "a user without a name",
    "header-line-feed.bad.yml": "no header can have that",
    "versions-crossed.bad.yml": "nobody could connect",
}


@pytest.mark.peers
@pytest.mark.parametrize("name", sorted(p.name for p in FIXTURES.glob("*.yml")))
def test_prometheus_has_the_same_opinion_of_a_file(tmp_path, authority, server, name):
    shutil.copy(FIXTURES / name, tmp_path / name)
    for file, source in (("cert.pem", server[0]), ("key.pem", server[1]), ("ca.pem", authority.certificate)):
        shutil.copy(source, tmp_path / file)
    ours = run(EXPORTER, "--check-config", f"--web.config.file={tmp_path / name}")
    theirs = run("promtool", "check", "web-config", tmp_path / name)
    assert (ours.returncode == 0) == name.endswith(".good.yml"), ours.stderr
    if name in NEWER and f"field {NEWER[name]} not found" in theirs.stderr:
        return
    assert ((ours.returncode == 0) != (theirs.returncode == 0)) == (name in OTHERWISE), theirs.stderr


def test_status_and_monitor_ask_with_encryption_and_a_password(web, authority, beats, tmp_path):
    write_beats(beats, {"bidder": entry()})
    e = web(tls={}, basic_auth_users={"alice": ALICE}, user="alice:secret")
    (tmp_path / "right").write_text("secret\n")
    (tmp_path / "wrong").write_text("guess\n")
    url, trust = f"https://alice@127.0.0.1:{e.port}", ["--url-ca", authority.certificate]
    right = ["--url-password-file", tmp_path / "right", *trust]
    seen = run(TOOL, "status", "bidder", "--url", url, *right)
    assert seen.returncode == 0 and "alive" in seen.stdout, seen.stderr
    page = run(TOOL, "monitor", "--once", "--url", url, *right)
    assert page.returncode == 0 and "bidder" in page.stdout, page.stderr
    for flags, said in (
        (["--url", url, "--url-password-file", tmp_path / "wrong", *trust], "it does not take this user and password"),
        (["--url", f"https://127.0.0.1:{e.port}", *trust], "it wants a user and a password: https://USER@HOST and --url-password-file"),
        (["--url", url, "--url-password-file", tmp_path / "right"], "certificate"),
        (["--url", f"https://alice:secret@127.0.0.1:{e.port}", *trust], "everybody on this host can read a password on a command line"),
        (["--url", f"https://127.0.0.1:{e.port}", *right], "--url-password-file needs a user in --url: https://USER@HOST"),
        (["--url", f"https://127.0.0.1:{e.port}", "--url", "http://localhost"], "expected one exporter"),
    ):
        refused = run(TOOL, "status", *flags)
        assert refused.returncode == 2 and said in refused.stderr and "secret" not in refused.stderr.replace("alice:secret", ""), refused.stderr


def test_a_body_is_asked_for_only_of_who_is_let_in(web, tmp_path):
    """`Expect: 100-continue`: a password that nobody has checked yet is checked before, a wrong one is told at once."""
    e = web("--web.enable-push", basic_auth_users={"alice": ALICE}, user="alice:secret")

    def first_line(password):
        credentials = base64.b64encode(f"alice:{password}".encode()).decode()
        head = f"PUT /api/v1/heartbeats/a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT) as s:
            s.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
            answers = [s.recv(4096).split(b"\r\n")[0]]
            if b" 100 " in answers[0]:
                s.sendall(b"{}")
                answers.append(s.recv(4096).split(b"\r\n")[0])
        return answers

    assert first_line("wrong") == [b"HTTP/1.1 401 Unauthorized"]
    assert first_line("secret") == [b"HTTP/1.1 100 Continue", b"HTTP/1.1 204 No Content"]
