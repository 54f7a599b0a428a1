"""heartbeat-exporter as a program: flags, environment, configuration, signals, and how it fails."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from support import AS_ROOT, EXPORTER, LIMIT, TOOL, entry, eventually, free_port, run, write_beats


def test_help_lists_the_flags_with_defaults():
    result = run(EXPORTER, "--help")
    assert result.returncode == 0 and result.stderr == ""
    for flag in (
        "--web.listen-address", "--web.telemetry-path", "--web.max-requests", "--heartbeat.file", "--heartbeat.timeout",
        "--heartbeat.retention", "--heartbeat.string-keys", "--heartbeat.max-series", "--config.file", "--path.procfs",
        "--path.rootfs", "collector.heartbeat", "collector.process", "collector.system", "--log.level", "--log.format",
        "--version", "--help",
    ):  # fmt: skip
        assert flag in result.stdout, flag
    assert ":9464" in result.stdout and "heartbeat_status.json" in result.stdout


def test_version():
    result = run(EXPORTER, "--version")
    assert result.returncode == 0
    assert re.search(r"heartbeat.exporter.*\d+\.\d+\.\d+", result.stdout)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--web.listen-adress=:1"], ["--web.listen-adress", "--web.listen-address"]),
        (["--hartbeat.file", "x"], ["--hartbeat.file", "--heartbeat.file"]),
        (["--heartbeat.timeout=soon"], ["--heartbeat.timeout", "soon"]),
        (["--heartbeat.timeout=-5s"], ["--heartbeat.timeout"]),
        (["--log.level=loud"], ["--log.level", "loud", "debug"]),
        (["--log.format=xml"], ["--log.format", "logfmt", "json"]),
        (["--web.max-requests=many"], ["--web.max-requests", "many"]),
        (["--heartbeat.file"], ["--heartbeat.file"]),
        (["surplus"], ["surplus"]),
    ],
)
def test_a_wrong_flag_is_named_and_the_exit_status_is_2(arguments, said):
    result = run(EXPORTER, *arguments)
    assert result.returncode == 2
    for word in said:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "127.0.0.1:port"])
def test_a_bad_address(address):
    result = run(EXPORTER, f"--web.listen-address={address}")
    assert result.returncode in (1, 2)
    assert address.split(":")[-1] in result.stderr, result.stderr


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(EXPORTER, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", cwd=tmp_path)
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert str(port) in lines[0] and "EADDRINUSE" in lines[0]


def test_flags_from_the_environment_and_flags_win(exporter, beats):
    write_beats(beats, {"p": entry()})
    env = {"HEARTBEAT_EXPORTER_HEARTBEAT_TIMEOUT": "1h30m", "HEARTBEAT_EXPORTER_WEB_TELEMETRY_PATH": "/elsewhere"}
    e = exporter("--web.telemetry-path=/metrics", env=env)
    assert e.metrics().of("heartbeat_timeout_seconds") == {"p": 5400}


def test_a_bad_value_from_the_environment_names_the_variable():
    result = run(EXPORTER, env={"HEARTBEAT_EXPORTER_HEARTBEAT_TIMEOUT": "soon"})
    assert result.returncode == 2
    assert "HEARTBEAT_EXPORTER_HEARTBEAT_TIMEOUT" in result.stderr and "soon" in result.stderr


@pytest.mark.parametrize("form", [["--heartbeat.timeout=2m"], ["--heartbeat.timeout", "2m"]])
def test_both_spellings_of_a_flag(exporter, beats, form):
    write_beats(beats, {"p": entry(age=100)})
    samples = exporter(*form).metrics()
    assert samples.of("heartbeat_timeout_seconds") == {"p": 120}
    assert samples.of("heartbeat_alive") == {"p": 1}


def test_collectors_can_be_switched_off(exporter, beats):
    write_beats(beats, {"p": entry()})
    names = exporter("--no-collector.system", "--no-collector.process").metrics().names()
    assert "heartbeat_age_seconds" in names
    assert not [n for n in names if n.startswith(("system_", "process_"))]


def test_retention_hides_old_entries(exporter, beats):
    write_beats(beats, {"new": entry(age=5), "old": entry(age=7200)})
    assert set(exporter().metrics().of("heartbeat_age_seconds")) == {"new", "old"}
    samples = exporter("--heartbeat.retention=1h").metrics()
    assert set(samples.of("heartbeat_age_seconds")) == {"new"}
    assert samples.value("heartbeat_file_entries") == 2
    assert samples.value("heartbeat_file_expired_entries") == 1


def test_string_keys(exporter, beats):
    write_beats(beats, {"web": entry(port="5002", memory="much")})
    assert exporter().metrics().of("heartbeat_data_info") == {}
    samples = exporter("--heartbeat.string-keys=port").metrics()
    assert samples.value("heartbeat_data_info", process="web", key="port", value="5002") == 1
    assert len(samples.of("heartbeat_data_info")) == 1


def test_max_series_holds_back_and_counts(exporter, beats):
    write_beats(beats, {"p": entry(**{f"key_{n}": n for n in range(50)})})
    samples = exporter("--heartbeat.max-series=10").metrics()
    assert len([n for n in samples.names() if n.startswith("heartbeat_data_key_")]) <= 10
    assert sum(samples.of("heartbeat_series_dropped_total").values()) >= 40


# The configuration file: what is wrong with it, and line:column where.
BAD_CONFIGURATIONS = {
    "not YAML": ("processes: [\n", None),
    "unknown key": ("processes:\n  bidder:\n    timout: 120s\n", "3:5"),
    "bad duration": ("processes:\n  bidder:\n    timeout: soon\n", "3:14"),
    "wrong shape": ("processes: 5\n", "1:12"),
    "unknown top level key": ("proceses: {}\n", "1:1"),
}


@pytest.mark.parametrize("case", BAD_CONFIGURATIONS)
def test_a_bad_configuration_at_start_is_fatal_with_its_place(tmp_path, case):
    text, place = BAD_CONFIGURATIONS[case]
    config = tmp_path / "heartbeat.yml"
    config.write_text(text)
    result = run(EXPORTER, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{free_port()}", cwd=tmp_path)
    assert result.returncode in (1, 2)
    assert re.search(rf"{re.escape(str(config))}:{place or r'[0-9]+:[0-9]+'}", result.stderr), result.stderr


def test_a_missing_configuration_file(tmp_path):
    result = run(EXPORTER, f"--config.file={tmp_path}/absent.yml", f"--web.listen-address=127.0.0.1:{free_port()}")
    assert result.returncode in (1, 2)
    assert "absent.yml" in result.stderr


@pytest.mark.hard
def test_sighup_reads_the_configuration_again(exporter, beats, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  p:\n    timeout: 120s\n")
    write_beats(beats, {"p": entry()})
    e = exporter(f"--config.file={config}")
    timeout = lambda: e.metrics().value("heartbeat_timeout_seconds", process="p")
    successful = lambda: e.metrics().value("heartbeat_exporter_config_last_reload_successful")
    assert timeout() == 120 and successful() == 1

    config.write_text("processes:\n  p:\n    timeout: 5m\n")
    e.signal(signal.SIGHUP)
    eventually(lambda: timeout() == 300, "the new timeout is in force")

    config.write_text("processes:\n  p:\n    timeout: soon\n")
    e.signal(signal.SIGHUP)
    eventually(lambda: successful() == 0, "the bad configuration is reported")
    assert timeout() == 300
    assert f"{config}:3:14" in e.stderr

    config.write_text("processes:\n  p:\n    timeout: 10m\n")
    e.signal(signal.SIGHUP)
    eventually(lambda: successful() == 1 and timeout() == 600, "the mended configuration is in force")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.hard
def test_signals_end_it_with_status_0(exporter, number):
    e = exporter()
    e.signal(number)
    assert e.process.wait(timeout=LIMIT) == 0


@pytest.mark.hard
@pytest.mark.long
def test_sigterm_finishes_the_answer_that_is_under_way(exporter, beats):
    # More than what the kernel buffers between the two, so that the exporter must wait for the reader.
    write_beats(beats, {f"worker-{n}": entry(**{f"key_{k}": n for k in range(10)}) for n in range(20_000)})
    e = exporter()
    with socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        received = s.recv(1024)
        e.signal(signal.SIGTERM)
        parts = [received]
        while chunk := s.recv(1 << 20):
            parts.append(chunk)
        received = b"".join(parts)
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    assert len(body) == length > 10_000_000
    assert e.process.wait(timeout=LIMIT) == 0


def test_logs_are_json_when_asked(exporter):
    e = exporter("--log.format=json", "--log.level=debug")
    e.get("/metrics")
    e.stop()
    lines = e.stderr.splitlines()
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line


def test_several_listen_addresses(exporter):
    other = free_port()
    exporter(f"--web.listen-address=127.0.0.1:{other}")
    with socket.create_connection(("127.0.0.1", other), timeout=LIMIT) as s:
        s.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        assert b" 200 " in s.recv(1000)


@pytest.mark.shipped
@pytest.mark.parametrize("program", [EXPORTER, TOOL])
def test_the_programs_need_no_swift(program):
    libraries = run("ldd", program).stdout
    assert "libc.so" in libraries
    assert "swift" not in libraries and "Foundation" not in libraries, libraries
    result = subprocess.run([program, "--version"], env={}, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and result.stdout, result.stderr


@pytest.mark.shipped
def test_it_runs_in_a_root_that_holds_only_its_libraries(tmp_path):
    """A machine without Swift: the binary, the C libraries that ldd names, nothing else."""
    root = tmp_path / "root"
    needed = re.findall(r"(/\S+\.so\S*)", run("ldd", EXPORTER).stdout)
    for path in [*needed, str(EXPORTER.resolve())]:
        target = root / path.lstrip("/") if path in needed else root / "heartbeat-exporter"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    # By environment: Swift reads the arguments from /proc, which is not there either.
    port = free_port()
    address = f"HEARTBEAT_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:{port}"
    process = subprocess.Popen([*AS_ROOT, "env", "-i", address, "/usr/sbin/chroot", root, "/heartbeat-exporter"])
    try:
        metrics = f"http://127.0.0.1:{port}/metrics"
        answer = eventually(lambda: run("curl", "-sS", "--fail", metrics).stdout, "it answers without Swift and /proc")
        assert "heartbeat_exporter_build_info" in answer
    finally:
        process.terminate()
        assert process.wait(timeout=LIMIT) == 0


def test_without_standard_streams_no_file_of_its_own_gets_their_numbers(exporter):
    """Else the log would go into a connection, or where the kernel is asked for events."""
    e = exporter(under=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    streams = [os.readlink(f"/proc/{e.process.pid}/fd/{number}") for number in range(3)]
    assert streams == ["/dev/null"] * 3 and e.get("/metrics").status == 200
