"""A /proc that hides the processes of others (hidepid in proc(5)): what is not seen in it may be there."""

import json
import subprocess
import sys

import pytest

from support import AS_ROOT, TOOL, entry, eventually, run, write_beats

# Whoever runs in it has a /proc of his own, in the place of the host's, and is no root.
HIDING = """
mount -t proc -o "$0" proc /proc || exit 3
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
"""


def under(option):
    return [*AS_ROOT, "unshare", "--mount", "--propagation", "private", "sh", "-c", HIDING, option]


@pytest.fixture
def of_root():
    """The pid of a living program of root."""
    program = [*AS_ROOT, sys.executable, "-c", "import os, sys, time; print(os.getpid(), flush=True); sys.stdin.read()"]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.communicate()


def told(exporter):
    """(process_up, the state and reason by the metrics, by the API) of the program."""
    samples = exporter.metrics()
    state = next(dict(labels) for name, labels in samples if name == "heartbeat_state" and ("process", "mill") in labels)
    api = next(h for h in json.loads(exporter.get("/api/v1/heartbeats").text)["heartbeats"] if h["name"] == "mill")
    return samples.value("process_up", process="mill"), (state["state"], state["reason"]), (api["up"], api["state"], api["reason"])


def status(option, file, *flags):
    out = run(*under(option), TOOL, "status", "--file", file, "--json", *flags, cwd="/")
    assert out.returncode in (0, 1, 2), out
    return out


@pytest.mark.peers
@pytest.mark.parametrize("option", ["hidepid=0", "hidepid=1", "hidepid=2", "hidepid=invisible", "hidepid=ptraceable"])
def test_what_proc_hides_is_unknown_and_never_gone(exporter, common, of_root, option):
    (common / "config.yml").write_text("processes:\n  by-name: {match: [there is none like this]}\n")
    file = common / "heartbeat_status.json"
    write_beats(file, {"mill": entry(pid=of_root)})
    file.chmod(0o644)
    e = exporter(
        "--no-collector.system", f"--heartbeat.file={file}", f"--config.file={common}/config.yml", default_file=True, under=under(option)
    )
    # With hidepid=1 it is seen that some process has that number, but not whether it is this one.
    is_hidden = option != "hidepid=0"
    up, by_metrics, by_api = told(e)
    if is_hidden:
        assert up is None and by_metrics == ("alive", "beating") and by_api == (None, "alive", "beating")
    else:
        assert up == 1 and by_metrics == ("alive", "beating") and by_api == (True, "alive", "beating")
    samples = e.metrics()
    assert samples.value("process_up", process="heartbeat-exporter") == 1, "it sees itself"
    assert samples.value("process_up", process="by-name") == (None if is_hidden else 0)
    assert "mill" in status(option, file).stdout

    impatient = exporter(
        "--no-collector.system", "--heartbeat.timeout=1s", f"--heartbeat.file={file}", default_file=True, under=under(option)
    )
    silent = ("dead", "silent") if is_hidden else ("hung", "silent")
    eventually(lambda: told(impatient)[1] == silent, "its silence is told")
    assert told(impatient)[2][1:] == silent
    out = status(option, file, "--timeout=1s")
    assert silent[0] in out.stdout and out.returncode != 0, out


@pytest.mark.peers
def test_a_program_of_the_same_user_is_seen_and_its_end_too(exporter, common):
    file = common / "heartbeat_status.json"
    own = [*AS_ROOT, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c"]
    code = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
    process = subprocess.Popen([*own, code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(process.stdout.readline())
    try:
        write_beats(file, {"mill": entry(pid=pid)})
        file.chmod(0o644)
        e = exporter("--no-collector.system", f"--heartbeat.file={file}", default_file=True, under=under("hidepid=2"))
        assert told(e)[0] == 1
    finally:
        process.communicate()
    # Where other processes are hidden, nobody can say that it ended: only its silence tells.
    eventually(lambda: told(e)[0] is None, "it is not seen any more")
    assert told(e)[1] == ("alive", "beating")
