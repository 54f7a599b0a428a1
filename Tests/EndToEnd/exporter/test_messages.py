"""What the programs say to a mistake: each flag, file, permission, port and request that is wrong, in one golden file.

`GOLDEN=write scripts/test e2e -k messages` writes messages.golden anew: read it as somebody who made the mistake would.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import AS_ROOT, ENVIRONMENT, EXPORTER, LIMIT, TOOL, Exporter, entry, eventually, run, write_beats
from support.certificates import Authority, openssl

GOLDEN = Path(__file__).with_name("messages.golden")
NOBODY = [*AS_ROOT, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NAMES = {str(EXPORTER): "heartbeat-exporter", str(TOOL): "heartbeat"}

# A value that is none of its type, by what the help calls the type.
BAD_VALUES = {
    "ADDRESS": "localhost", "PATH": "metrics", "N": "many", "DURATION": "90", "SIZE": "1G", "MODE": "rw-rw----", "FILE": "",
    "DIR": "", "GROUP": "", "NAME": "", "KEY": "", "TEXT": "", "URL": "ftp://host", "KEY=VALUE": "offset", "PID": "self", "SECONDS": "yesterday", "OBJECT": "{'a': 1}",
    "SIGNAL": "SIGFOO", "PROBE": "ftp://host", "CODES": "256", "N[/DURATION]": "10/5", "REGEX": "(a", "USER[:GROUP]": "no-such-user",
}  # fmt: skip
SUBCOMMANDS = ("send", "status", "monitor", "run", "simulate", "prune", "silence", "check", "completions")

EXPORTER_FLAGS = [
    ["--web.listen-adress=:9464"], ["--hartbeat.file=x"], ["--listen-address=:1"], ["-web.listen-address=:1"], ["--frobnicate"],
    ["--heartbeat.file"], ["--config.file", "--log.level=info"], ["--log.level=info", "--log.level=warn"], ["surplus"],
    ["--version=1"], ["--no-collector.system=1"], ["--no-web.max-requests"],
    ["--heartbeat.timeout=-5s"], ["--heartbeat.timeout=5 s"], ["--heartbeat.timeout=1.5h"], ["--heartbeat.timeout=30m1h"],
    ["--heartbeat.timeout=0"], ["--heartbeat.read-timeout=5m"], ["--web.max-connections=0"], ["--heartbeat.max-file-size=3GiB"],
    ["--log.level=warning"], ["--web.telemetry-path=/"], ["--web.telemetry-path=/api/v1/heartbeats"], ["--web.telemetry-path=/m?x"],
    ["--web.listen-address=http://localhost:9464"], ["--web.listen-address=::1:9464"], ["--web.listen-address=[::1]"],
    ["--web.listen-address=[localhost:1"], ["--web.listen-address=a b:1"], ["--web.listen-address=127.0.0.1:99999"],
    ["--web.listen-address=127.0.0.1:http"], ["--web.listen-address=:1", "--web.listen-address=:1"],
]  # fmt: skip
COMBINATIONS = [
    ["--check-config"], ["--check-config", "--health-check", "--config.file=x"], ["--push.socket-group=adm"],
    ["--heartbeat.retention=10s"], ["--push.socket=p", "--push.retention=10s"],
    ["--heartbeat.max-series=10", "--heartbeat.max-series-per-process=20"],
    ["--no-collector.heartbeat", "--no-collector.process", "--no-collector.system"],
    ["--web.enable-push"], ["--web.systemd-socket"],
]  # fmt: skip
# What lets the exporter start, but is said.
WARNED = [
    ["--push.allow-unauthenticated"], ["--push.fsync", "--push.max-body=2MiB", "--push.timeout=1s", "--push.socket-mode=600"],
    ["--no-collector.heartbeat", "--heartbeat.string-keys=port"],
    ["--no-collector.heartbeat", "--no-collector.process", "--config.file=good.yml"],
    ["--path.procfs=empty", "--path.rootfs=absent"], ["--config.file=good.yml", "--heartbeat.retention=1h"],
    ["--web.config.file=users.yml"], ["--web.config.file=open-key.yml"],
]  # fmt: skip
ENVIRONMENTS = [
    {"HEARTBEAT_EXPORTER_HEARTBEAT_TIMEOUT": "soon"}, {"HEARTBEAT_EXPORTER_WEB_LISTEN_ADDRESS": ":1,:x"},
    {"HEARTBEAT_EXPORTER_WEB_ENABLE_PUSH": "yes"}, {"HEARTBEAT_EXPORTER_LOG_LEVL": "debug"},
]  # fmt: skip
TOOL_LINES = [
    ["sned", "bidder"], ["bidder"], ["--frobnicate"], ["send"], ["send", "a", "b"], ["send", ""], ["send", "x" * 1025],
    ["send", "a", "--stauts", "ok"], ["send", "a", "--data", "=1"], ["send", "a", "--pid=-1"], ["send", "a", "--json", "[1]"],
    ["send", "a", "--json", '{"a": 1,}'], ["send", "a", "--json", '{"a": '], ["send", "a", "--file", "f", "--url", "http://h:1"],
    ["send", "a", "--file", "absent/f"], ["send", "a", "--file", "empty"], ["send", "a", "--url", "https:/h"],
    ["send", "a", "--url", "http://127.0.0.1:1"], ["send", "a", "--url", "unix:absent.sock"], ["status", "nobody", "--file", "beats.json"],
    ["status", "--file", "absent"], ["status", "--file", "broken.json"], ["status", "a", "--file", "broken.json"],
    ["run"], ["run", "--name", "a"], ["run", "--name", "a", "--", "absent-program"], ["run", "--", "./beats.json"],
    ["run", "--interval=0", "--", "true"], ["run", "--restart=sometimes", "--", "true"], ["run", "--probe=nonsense", "--", "true"],
    ["run", "--", ""], ["run", "--stop-signal=CONT", "--", "true"], ["run", "--reload-signal=9", "--", "true"],
    ["prune", "--file", "broken.json"], ["simulate", "--scenario", "chaos"], ["simulate", "--processes", "0"], ["completions"],
    ["completions", "fish"], ["monitor", "extra"], ["job"], ["job", "begin", "a"], ["job", "sucess", "a"], ["job", "start", "a", "--exit-code", "1"],
    ["silence", "a"], ["silence", "a", "--for", "8d"], ["silence", "a", "--for", "1h", "--end"], ["silence", "--for", "1h"],
    ["silence", "a", "--for", "1h", "--comment", "x" * 201], ["silence", "a", "--for", "1h", "--file", "absent"],
    ["silence", "a", "--for", "1h", "--file", "absent.d"], ["silence", "a", "--for", "1h", "--file", "broken.json"],
    ["silence", "a", "--end", "--file", "beats.json"], ["silence", "--file", "absent"],
    ["job", "fail", "a", "--pid", "1"], ["job", "next", "0 25 * * *"], ["run", "--job", "--restart=always", "--", "true"],
]  # fmt: skip

# Beside the folder Fixtures/config of the unit tests, which has each mistake within a file: what can be wrong with a file as such.
CONFIG_FILES = ["absent.yml", "empty", "fifo", "large.yml", "typo.yml", "latin1.yml"]
WEB_FILES = [
    "absent.yml", "empty", "typo.yml", "no-cert.yml", "cert-is-folder.yml", "cert-is-text.yml", "cert-is-broken.yml",
    "key-of-another.yml", "key-encrypted.yml", "key-is-cert.yml", "authority-is-text.yml", "password.yml", "swapped.yml",
]  # fmt: skip

HEARTBEAT_FILES = {
    "no file": None,
    "an empty file": "",
    "half a file": '{"processes": {"bidder": {"last_heartbeat": 17031',
    "a comma too many": '{"processes": {"bidder": {"last_heartbeat": 1703123456,}}}',
    "a comma too few": '{"processes": {"bidder": {"last_heartbeat": 1703123456 "pid": 1}}}',
    "single quotes": "{'processes': {}}",
    "no quotes": "{processes: {}}",
    "a comment": '{"processes": {}} // all',
    "NaN": '{"processes": {"bidder": {"last_heartbeat": NaN}}}',
    "a list": '[{"name": "bidder"}]',
    "processes is a list": '{"processes": ["bidder"]}',
    "a byte that is no UTF-8": b'{"processes": {"caf\xe9": {"last_heartbeat": 1}}}',
    "something else": "bidder is alive\n",
}

PUSHES = [
    ("POST", "/bidder", '{"pid": 1,\n "x'), ("POST", "/bidder", "{'pid': 1}"), ("POST", "/bidder", "[]"), ("POST", "/bidder", '{"pid": "1"}'),
    ("POST", "/bidder", '{"pid": -1}'), ("POST", "/bidder", '{"pdi": 1}'), ("POST", "/bidder", '{"status": ""}'), ("POST", "/bidder", '{"status": 1}'),
    ("POST", "/bidder", '{"timestamp": "now"}'), ("POST", "/bidder", '{"timestamp": 1703123456789}'), ("POST", "/bidder", '{"timestamp": 1}'),
    ("POST", "/bidder", '{"additional_data": 5}'), ("POST", "/bidder", '{"host": ""}'), ("POST", "", "{}"), ("POST", "", '{"heartbeats": {}}'),
    ("POST", "", '{"heartbeats": [{"pid": 1}]}'), ("POST", "", '{"heartbeats": [{"name": ""}]}'), ("POST", "", '{"heartbeats": [{"name": "a"}, {"name": "b", "pid": 0}]}'),
    ("POST", "/a/b", "{}"), ("POST", "/%FF", "{}"), ("POST", "/", "{}"), ("PATCH", "/a", None), ("PUT", "", "{}"), ("DELETE", "/nobody", None),
    ("POST", "/big", '{"x": "' + "x" * 5000 + '"}'),
]  # fmt: skip
REQUESTS = [
    ("GET", "/metrix"), ("GET", "/metrics/"), ("POST", "/metrics"), ("GET", "/metrics?collect[]=hearbeat"), ("GET", "/metrics?collect[]="),
    ("GET", "/metrics?exclude[]=all"), ("GET", "/metrics?collect[]=system&exclude[]=system"), ("GET", "/api/v1/heartbeat"), ("GET", "/api/v1/heartbeats/nobody"),
    ("DELETE", "/api/v1/host"),
]  # fmt: skip


class Transcript:
    """What was done and what was said, without what differs from run to run."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = []
        # One that the kernel chose.
        self.port = None

    def section(self, title):
        self.lines += ["", f"# {title}", ""]

    def add(self, done, said, status=None):
        for path, name in NAMES.items():
            done, said = done.replace(path, name), said.replace(path, name)
        done, said = (text.replace(str(self.folder), "FOLDER") for text in (done, said))
        if self.port:
            done, said = (text.replace(f":{self.port}", ":PORT") for text in (done, said))
        said = re.sub(r"time=\S+ ", "", said)
        # Bounds that depend on the time of the day.
        said = re.sub(r"from \d{10} \((.*?)\) to \d{10} ", r"from SECONDS (\1) to SECONDS ", said)
        self.lines.append("$ " + re.sub(r"(.)\1{60,}", r"\1...", done))
        self.lines += ["  " + re.sub(r"(.)\1{60,}", r"\1...", line) for line in said.splitlines()]
        if status is not None:
            self.lines.append(f"  [{status}]")

    def command(self, *words, env=None, under=()):
        """A program that must end by itself."""
        said = run(*under, *words, env=env, cwd=self.folder)
        shown = " ".join([f"{k}={v}" for k, v in (env or {}).items()] + [str(w) if w else "''" for w in words])
        self.add(shown, said.stderr, said.returncode)

    def warned(self, *words, env=None, under=()):
        """The exporter, stopped once it listens."""
        log = self.folder / "log"
        with open(log, "wb") as stderr:
            command = [*under, EXPORTER, "--web.listen-address=127.0.0.1:0", *words]
            process = subprocess.Popen(command, stderr=stderr, env=ENVIRONMENT | (env or {}), cwd=self.folder)
        try:
            eventually(lambda: "listening" in log.read_text() or process.poll() is not None, "it listens")
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=LIMIT)
        said = "".join(line for line in log.read_text().splitlines(True) if "level=info" not in line)
        self.add(" ".join([f"{k}={v}" for k, v in (env or {}).items()] + [str(EXPORTER), *words]), said, status)


def flags_of(*program):
    """[(flag, placeholder or None)] as the help has them."""
    text = run(*program, "--help").stdout
    return re.findall(r"^  (?:-\w, )?--((?:\[no-\])?[\w.-]+)(?:=(\S+))?", text, re.MULTILINE)


def bad_value(placeholder):
    return "loudly" if "|" in placeholder else BAD_VALUES[placeholder]


@pytest.fixture(scope="module")
def folder():
    """A folder that others may enter, unlike pytest's, with every kind of wrong file."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def prepare(folder):
    authority, other = Authority(folder), Authority(folder, "other")
    certificate, key = authority.issue("server")
    other.issue("another")
    openssl("ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", folder / "encrypted.key")
    (folder / "open.key").write_bytes(key.read_bytes())
    (folder / "open.key").chmod(0o644)
    (folder / "empty").mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "large.yml").write_bytes(b"#" * (1 << 20) + b"\n")
    (folder / "latin1.yml").write_bytes(b"processes:\n  caf\xe9: {}\n")
    (folder / "typo.yml").write_text("procesess:\n  bidder:\n    timeout: 120\n")
    (folder / "good.yml").write_text("processes:\n  bidder: {timeout: 2h}\n  other: {timeout: 3h}\n")
    (folder / "text.pem").write_text("no PEM\n")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    hash = "$2y$04$tr8fj6KDQgGug7AJq7bHMu5uNgMSamcCSUkL7fzkGP5I9D0RXNqSi"
    tls = lambda certificate="server.pem", key="server.key", more="": f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n{more}"
    for name, text in {
        "no-cert.yml": tls("absent.pem"),
        "cert-is-folder.yml": tls("empty"),
        "cert-is-text.yml": tls("text.pem"),
        "cert-is-broken.yml": tls("broken.pem"),
        "key-of-another.yml": tls(key="another.key"),
        "key-encrypted.yml": tls(key="encrypted.key"),
        "key-is-cert.yml": tls(key="server.pem"),
        "authority-is-text.yml": tls(more="  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: text.pem\n"),
        "open-key.yml": tls(key="open.key"),
        "users.yml": f"basic_auth_users:\n  alice: {hash}\n",
        "password.yml": "basic_auth_users:\n  alice: secret\n",
        "swapped.yml": f"basic_auth_users:\n  {hash}: alice\n",
    }.items():
        (folder / name).write_text(text)
    write_beats(folder / "beats.json", {"bidder": entry()})
    (folder / "broken.json").write_text('{"processes": {"bidder": {"last_heartbeat": 1703123456,}}}')


def flags(said):
    said.section("Flags of the exporter")
    for words in EXPORTER_FLAGS:
        said.command(EXPORTER, *words)
    said.section("Each flag of the exporter, with a value that is none")
    for flag, placeholder in flags_of(EXPORTER):
        if placeholder:
            said.command(EXPORTER, f"--{flag}={bad_value(placeholder)}")
        elif flag.startswith("[no-]"):
            said.command(EXPORTER, f"--{flag.removeprefix('[no-]')}=maybe")
    said.section("Flags that are wrong together")
    for words in COMBINATIONS:
        said.command(EXPORTER, *words)
    said.section("Flags that have no effect, or hardly the one that is meant")
    for words in WARNED:
        said.warned(*words)
    said.section("Environment variables")
    for variables in ENVIRONMENTS:
        if "LEVL" in str(variables):
            said.warned(env=variables)
        else:
            said.command(EXPORTER, env=variables)
    said.section("The tool")
    for words in TOOL_LINES:
        said.command(TOOL, *words)
    said.section("Each flag of the tool, with a value that is none")
    for subcommand in SUBCOMMANDS:
        for flag, placeholder in flags_of(TOOL, subcommand):
            if placeholder:
                name = ["a"] if subcommand == "send" else []
                said.command(TOOL, subcommand, *name, f"--{flag}={bad_value(placeholder)}")


def files(said):
    said.section("The configuration file; what is wrong within it is in Tests/ExporterTests/Fixtures/config")
    for name in CONFIG_FILES:
        said.command(EXPORTER, "--check-config", f"--config.file={name}")
    said.section("The web configuration file; what is wrong within it is in Tests/ExporterTests/Fixtures/web-config")
    for name in WEB_FILES:
        said.command(EXPORTER, "--check-config", f"--web.config.file={name}")


def reloads(said, folder):
    said.section("Files that are changed while it runs")
    for flag, good in (("--config.file", "{}"), ("--web.config.file", "rate_limit: {interval: 0}")):
        file = folder / "live.yml"
        file.write_text(good)
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        e = Exporter(home, flags=[f"{flag}={file}"])
        try:
            file.write_text("procesess: {}\n")
            # The other one is looked at all the time, and the signal would have its mistake told once more.
            if flag == "--config.file":
                e.signal(signal.SIGHUP)
            eventually(lambda: "level=error" in e.stderr, "it is told")
            if flag == "--web.config.file":
                file.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
                eventually(lambda: e.stderr.count("level=error") == 2, "it is told")
        finally:
            e.stop()
        said.add(f"{EXPORTER} {flag}={file}", "\n".join(line for line in e.stderr.splitlines() if "level=error" in line))


def permissions(said, folder):
    said.section("Permissions")
    for name in ("good.yml", "users.yml", "beats.json"):
        (folder / name).chmod(0o600)
    said.command(EXPORTER, "--config.file=good.yml", under=NOBODY)
    said.command(EXPORTER, "--web.config.file=users.yml", under=NOBODY)
    said.command(EXPORTER, "--check-config", "--web.config.file=key-of-another.yml", under=NOBODY)
    said.command(EXPORTER, f"--push.socket={folder}/push.sock", "--web.listen-address=127.0.0.1:0", under=NOBODY)
    said.command(EXPORTER, "--push.socket=absent/push.sock", "--web.listen-address=127.0.0.1:0")
    said.command(EXPORTER, "--push.socket=beats.json", "--web.listen-address=127.0.0.1:0")
    said.command(EXPORTER, "--push.socket=push.sock", "--push.socket-group=nosuchgroup", "--web.listen-address=127.0.0.1:0")
    said.command(TOOL, "send", "a", "--file", "beats.json", under=NOBODY)
    said.command(TOOL, "status", "--file", "beats.json", under=NOBODY)
    said.section("Ports")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said.port = taken.getsockname()[1]
        said.command(EXPORTER, f"--web.listen-address=127.0.0.1:{said.port}")
        said.port = None
    said.command(EXPORTER, "--web.listen-address=192.0.2.1:9464")
    said.command(EXPORTER, "--health-check", "--web.listen-address=127.0.0.1:1")
    # As in a container or a service without capabilities.
    said.command("unshare", "--net", *NOBODY[len(AS_ROOT):], EXPORTER, "--web.listen-address=:80", under=AS_ROOT)


def heartbeat_files(said, folder):
    said.section("The heartbeat file, as the exporter's log and the tool tell of it")
    for what, content in HEARTBEAT_FILES.items():
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        file = home / "heartbeat_status.json"
        if content is not None:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        e = Exporter(home)
        try:
            e.metrics(), e.metrics()
        finally:
            e.stop()
        told = [line for line in e.stderr.splitlines() if "level=info" not in line]
        if file.is_file():  # as if nobody had touched it for long, or the tool would wait for who may be writing it
            os.utime(file, (1e9, 1e9))
        told += run(TOOL, "status", "--file", file).stderr.splitlines() + run(TOOL, "send", "a", "--file", file).stderr.splitlines()
        told = [re.sub(r"corrupt-[\w.-]+", "corrupt-TIME", line) for line in told]
        said.add(what, "\n".join(told))


def requests(said, folder):
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    write_beats(home / "heartbeat_status.json", {"bidder": entry()})
    e = Exporter(home, flags=["--web.enable-push", "--push.allow-unauthenticated", "--push.max-body=4KiB"])
    try:
        said.section("Pushes")
        for method, path, body in PUSHES:
            answer = e.get("/api/v1/heartbeats" + path, {"Content-Type": "application/json"}, method, body and body.encode())
            said.add(f"{method} /api/v1/heartbeats{path} {body or ''}".replace("\n", "\\n"), answer.text, answer.status)
        said.section("Requests")
        for method, path in REQUESTS:
            answer = e.get(path, method=method)
            said.add(f"{method} {path}", answer.text, answer.status)
    finally:
        e.stop()


def test_every_message(folder):
    prepare(folder)
    said = Transcript(folder)
    flags(said)
    files(said)
    reloads(said, folder)
    permissions(said, folder)
    heartbeat_files(said, folder)
    requests(said, folder)
    actual = "\n".join(said.lines).strip() + "\n"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(actual)
    assert actual.splitlines() == GOLDEN.read_text().splitlines()
