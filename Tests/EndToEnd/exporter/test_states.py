"""The table of situations, with real processes: every view says of each what the table says.

The unit tests try the same table (Tests/Fixtures/situations) against the model. What needs a mount of its own or a wait for an hour is only there.
"""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml

from support import FIXTURES, ROOT, TOOL, eventually, run
from support.chromium import Chromium

ONLY_IN_THE_MODEL = {"hidden"}
TABLE = [
    s for s in json.loads((FIXTURES / "situations" / "situations.json").read_text())
    if s["process"] not in ONLY_IN_THE_MODEL and not s.get("seen") and not s.get("watched")
]  # fmt: skip
ENDED_MAIN_THREAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(3600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""
# Processes are made before the beats, by so much; a beat that is to be silent is younger than that, and its timeout shorter.
OLDER, SILENT, TIMEOUT = 6, 3, 2


@pytest.fixture
def started():
    """Starts processes, and ends them when the test does."""
    processes = []

    def start(*command, **options):
        processes.append(subprocess.Popen(command, **options))
        return processes[-1]

    yield start
    for p in processes:
        p.send_signal(signal.SIGCONT)
        p.kill()
        p.wait()


def state_letter(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def kernel_thread():
    """The number of a thread of the kernel's own: PF_KTHREAD of proc_pid_stat(5); None in a container, which sees none."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as f:
                if int(f.read().rsplit(")", 1)[1].split()[6]) & 0x00200000:
                    return int(name)
        except OSError:
            continue
    # PROC_PID_INIT_INO of the kernel: the namespace in which all processes are seen.
    assert os.readlink("/proc/self/ns/pid") != "pid:[4026531836]", "no kernel thread is seen in /proc"
    return None


def pid_of(situation, start, mark):
    """Makes the process of a situation, and gives the pid that its beat names."""
    kind = situation["process"]
    if kind in ("match", "gone, match"):
        start("sh", "-c", f"sleep 3600; : {mark}")
    if kind == "main thread ended":
        p = start(sys.executable, "-c", ENDED_MAIN_THREAD)
        eventually(lambda: state_letter(p.pid) == "Z", "the main thread ends")
        return p.pid
    if kind == "zombie":
        # Nobody waits for it before the test is over.
        p = start("true")
        eventually(lambda: state_letter(p.pid) == "Z", "a zombie")
        return p.pid
    if kind in ("gone", "gone, match"):
        p = subprocess.Popen(["true"])
        p.wait()
        return p.pid
    if kind in ("running", "suspended"):
        p = start("sleep", "3600")
        if kind == "suspended":
            p.send_signal(signal.SIGSTOP)
            eventually(lambda: state_letter(p.pid) == "T", "it is stopped")
        return p.pid
    return {"remote": 1, "kernel thread": None, "impossible pid": 2_000_000_000}.get(kind)


def filled(text, places):
    for place, words in places.items():
        text = text.replace(place, words)
    return text


def alerts_of(state, reason):
    """The alerts that each state has, unless the table says others: one, and none for who is in order."""
    jobs = {"job_failed": "JobFailed", "job_late": "JobLate", "job_overdue": "JobOverdue"}
    states = {"dead": ["ProcessDead"], "hung": ["ProcessHung"], "stopped": ["ProcessStopped"], "never": ["ProcessNeverSeen"], "alive": []}
    return [jobs[reason]] if reason in jobs else states[state]


def firing(samples, now, folder):
    """What promtool says of the alerts that fire for each process when the exporter goes on saying this for an hour."""
    states = {dict(labels)["process"]: dict(labels)["state"] for name, labels in samples if name == "heartbeat_state"}
    series = {}
    for (name, labels), value in samples.items():
        if not name.startswith("heartbeat_") or value != value:
            continue
        # The tests of promtool begin at 0, and who does not beat grows older.
        value -= now - 3600 if name.endswith("_timestamp_seconds") else 0
        step = 60 if name == "heartbeat_age_seconds" and states.get(dict(labels)["process"]) != "alive" else 0
        text = ",".join(f"{k}={json.dumps(v)}" for k, v in [*labels, ("job", "heartbeat"), ("instance", "host:9464")])
        series[f"{name}{{{text}}}"] = f"{value:f}+{step}x60"
    alerts = "Process(Dead|Hung|Stopped|NeverSeen|GivenUp)|Job.*"
    test = {
        "interval": "1m", "input_series": [{"series": k, "values": v} for k, v in series.items()],
        # One that is not there: promtool says what is.
        "promql_expr_test": [{
            "expr": f'count by (process, alertname) (ALERTS{{alertstate="firing",alertname=~"{alerts}"}})', "eval_time": "1h", "exp_samples": []}],
    }  # fmt: skip
    file = folder / "alerts.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ROOT / "prometheus" / "rules" / "*.yml")], "evaluation_interval": "1m", "tests": [test]}))
    result = run("promtool", "test", "rules", file)
    found = re.search(r"got:(.*)$", result.stdout + result.stderr, re.M)
    assert found, result.stdout + result.stderr
    fires = {}
    for text in re.findall(r"\{([^}]*)\}", found[1]):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', text))
        fires.setdefault(labels["process"], []).append(labels["alertname"])
    return fires


def shown_on_page(url, folder):
    """The state of each process as the status page writes it."""
    chromium = Chromium(folder)
    try:
        chromium.open(url)
        script = "[...document.querySelectorAll('tr.process')].map(r => [r.querySelector('td.name button').textContent, r.querySelector('td.state').textContent])"
        return dict(eventually(lambda: chromium.evaluate(script), "the page has rows"))
    finally:
        chromium.stop()


def test_every_view_says_the_same(exporter, beats, tmp_path, started):
    entries, config, rows = {}, {}, {}
    for number, s in enumerate(TABLE):
        name, mark = f"s{number:02}", f"looks-like-{number:02}-{os.getpid()}"
        if s["process"] == "kernel thread" and not kernel_thread():
            continue
        rows[name] = s
        pid = None if s["process"] == "reused" else pid_of(s, started, mark)
        if s["process"] == "kernel thread":
            pid = kernel_thread()
        entry = {} if s["status"] is None else {"status": s["status"]}
        entry |= {"pid": pid} if pid else {}
        entry |= {"host": "elsewhere.example"} if s["process"] == "remote" else {}
        is_job = s["reason"].startswith("job_") or "job" in s or any(key in (s.get("configured") or {}) for key in ("every", "max_duration"))
        is_silent = not is_job and s["age"] is not None and s["age"] >= s["timeout"]
        if not is_job and not s.get("says_never"):
            config[name] = {"timeout": f"{TIMEOUT}s" if is_silent else "1h"}
        for key, words in (s.get("configured") or {}).items():
            places = {"%absent%": "no-program-looks-so", "%program%": mark}
            config.setdefault(name, {})[key] = words if isinstance(words, str) else [filled(w, places) for w in words]
        if is_job and s["age"] is not None:
            times = {key: s["job"][key] for key in ("started", "ended", "last_success") if key in s.get("job", {})}
            entries[name] = (s["age"], entry | ({"job": (s["job"], times)} if "job" in s else {}))
        elif s.get("says_never"):
            entries[name] = (None, entry)
        elif s["age"] is not None:
            entries[name] = (SILENT if is_silent else min(s["age"], 0.5), entry)
    time.sleep(OLDER)  # no wait for a condition: processes must be older than their beats
    for name, s in rows.items():
        if s["process"] == "reused":
            entries[name] = (30, entries[name][1] | {"pid": started("sleep", "3600").pid})
    now = time.time()
    processes = {name: {"last_heartbeat": None if age is None else now - age, **entry} for name, (age, entry) in entries.items()}
    for entry in processes.values():
        if "job" in entry:
            job, ages = entry["job"]
            entry["job"] = job | {key: now - age for key, age in ages.items()}
    configuration = tmp_path / "heartbeat.yml"
    configuration.write_text(json.dumps({"processes": config}))

    # A silence changes no state, and wakes nobody: every second one has one, whatever it does; which half it is changes from day to day.
    silences = {name: {"until": int(now) + 3600, "comment": "a new disk"} for name in list(rows)[(datetime.date.today().day+1) % 2 :: 2]}

    def write(hidden=()):
        temporary = tmp_path / "new.json"
        temporary.write_text(json.dumps({"processes": {n: e for n, e in processes.items() if n not in hidden}, "silences": silences}))
        temporary.rename(beats)

    write()
    e = exporter(f"--config.file={configuration}", "--no-collector.system")
    e.metrics()
    write(hidden={name for name, s in rows.items() if s.get("vanished")})
    url = f"http://127.0.0.1:{e.port}"
    samples = e.metrics()
    metrics = {dict(labels)["process"]: (dict(labels)["state"], dict(labels)["reason"]) for n, labels in samples if n == "heartbeat_state"}
    up = samples.of("process_up")
    assert samples.of("heartbeat_silenced_until_timestamp_seconds") == {name: s["until"] for name, s in silences.items()}
    api = {h["name"]: h for h in json.loads(e.get("/api/v1/heartbeats").text)["heartbeats"]}
    remote = table(run(TOOL, "monitor", "--once", "--url", url).stdout)
    local = table(run(TOOL, "monitor", "--once", "--file", beats, "--config.file", configuration).stdout)
    page = shown_on_page(url, tmp_path)
    alerts = firing(samples, time.time(), tmp_path)
    for name, s in rows.items():
        expected, what = (s["state"], s["reason"]), f"{name}, which {s['situation']}"
        assert metrics[name] == expected, f"the metrics, of {what}"
        assert (api[name]["state"], api[name]["reason"]) == expected, f"the API, of {what}"
        assert up.get(name) == {True: 1, False: 0, None: None}[s["up"]], f"process_up, of {what}"
        assert api[name]["up"] == s["up"], f"up in the API, of {what}"
        assert bool(api[name]["silenced"]) == (name in silences), f"silenced in the API, of {what}"
        assert remote[name] == s["state"], f"monitor --url, of {what}"
        assert page[name] == s["state"], f"the page, of {what}"
        wanted = [] if name in silences else s.get("alerts", alerts_of(s["state"], s["reason"]))
        assert alerts.get(name, []) == wanted, f"the alerts, of {what}"
        asked = run(TOOL, "status", name, "--url", url)
        assert (table(asked.stdout)[name], asked.returncode) == (s["state"], 0 if s["state"] == "alive" else 1), f"status --url, of {what}"
        assert ("silenced until" in asked.stdout and "(a new disk)" in asked.stdout) == (name in silences), f"status --url, of {what}"
        if not s.get("vanished"):  # what has vanished only those know who were there
            asked = run(TOOL, "status", name, "--file", beats, "--config.file", configuration)
            assert local[name] == s["state"], f"monitor, of {what}"
            assert (table(asked.stdout)[name], asked.returncode) == (s["state"], 0 if s["state"] == "alive" else 1), f"status, of {what}"


def table(text):
    """The second column of a table by its first, of the tool's `status` and `monitor`."""
    cells = [line.split() for line in text.splitlines()]
    return {c[1]: c[2] for c in cells if len(c) > 2 and len(c[0]) == 1}


def test_a_goodbye_is_the_end_of_who_is_not_configured(exporter, beats, tmp_path):
    configuration = tmp_path / "heartbeat.yml"
    both = "processes:\n  other: {}\n  bidder: {stopped_status: [ended]}\n"
    configuration.write_text(both)
    beats.write_text(json.dumps({"processes": {"bidder": {"last_heartbeat": time.time(), "status": "ended"}}}))
    e = exporter(f"--config.file={configuration}", "--no-collector.system")

    def state():
        states = [dict(labels) for name, labels in e.metrics() if name == "heartbeat_state"]
        return [(s["state"], s["reason"]) for s in states if s["process"] == "bidder"]

    stopped = [("stopped", "said_stopped")]
    assert state() == stopped
    beats.write_text(json.dumps({"processes": {}}))
    eventually(lambda: state() == stopped, "a configured one stays stopped")
    for text, expected in [("processes: {other: {}}", []), (both, stopped), ("processes: {other: {}}", []), (both, stopped)]:
        configuration.write_text(text)
        e.signal(signal.SIGHUP)
        eventually(lambda: state() == expected, f"after a reload with {text}")


@pytest.mark.parametrize("how", ["prune", "DELETE"])
def test_what_is_removed_on_purpose_is_forgotten(exporter, beats, how):
    beats.write_text(json.dumps({"processes": {"old": {"last_heartbeat": 1}, "other": {"last_heartbeat": time.time()}}}))
    e = exporter("--web.enable-push", "--push.allow-unauthenticated", "--push.retention=0")
    assert set(e.metrics().of("heartbeat_age_seconds")) == {"old", "other"}
    if how == "prune":
        assert run(TOOL, "prune", "--file", beats).stdout == 'removed "old"\n'
    else:
        assert e.get("/api/v1/heartbeats/old", method="DELETE").status == 204
    eventually(lambda: set(e.metrics().of("heartbeat_age_seconds")) == {"other"}, "it is forgotten")
