"""Files of other programs, written by the one-liners of docs/sources.md, and read as they are."""

import json
import os
import signal
import time

import pytest

from support import TOOL, entry, eventually, run, write_beats

PYTHON_JSON = 'import json, os, time; json.dump({"last_heartbeat": time.time(), "pid": os.getppid(), "jobs": 3}, open("python/status.json", "w"))'
PYTHON_TEXT = 'from datetime import datetime; from pathlib import Path; Path("naive/beat.txt").write_text(datetime.now().isoformat())'
NODE = 'require("fs").writeFileSync("node/status.json", JSON.stringify({ ts: new Date(), jobs: 4 }))'

# What a program does, and the file.
WRITERS = {
    "python": (["python3", "-c", PYTHON_JSON], "python/status.json"),
    "naive": (["python3", "-c", PYTHON_TEXT], "naive/beat.txt"),
    "bash": (["bash", "-c", "date +%s > bash/beat"], "bash/beat"),
    "touch": (["touch", "touch/alive"], "touch/alive"),
    "node": (["node", "-e", NODE], "node/status.json"),
    "cron": (["bash", "-c", 'echo "$(LC_ALL=C date) done" >> cron/job.log'], "cron/heartbeat.log"),
}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_one_liners(exporter, tmp_path, zone):
    for name, (command, _) in WRITERS.items():
        (tmp_path / name).mkdir()
        done = run(*command, cwd=tmp_path, env={"TZ": zone})
        assert done.returncode == 0, done.stderr
    (tmp_path / "cron/job.log").rename(tmp_path / "cron/heartbeat.log")
    e = exporter(*[f"--heartbeat.file={tmp_path / file}" for _, file in WRITERS.values()], default_file=True, env={"TZ": zone})
    beats = {b["name"]: b for b in json.loads(e.get("/api/v1/heartbeats").body)["heartbeats"]}
    assert set(beats) == set(WRITERS)
    for beat in beats.values():
        assert -1 <= beat["age_seconds"] < 60, beat
    assert beats["python"]["pid"] == os.getpid()
    assert beats["node"]["data"] == {"jobs": 4}
    assert beats["touch"]["file"] == str(tmp_path / "touch/alive")
    up = e.metrics().of("heartbeat_file_up")
    assert up == {str(tmp_path / file): 1 for _, file in WRITERS.values()}


def test_a_pattern_ours_and_names_that_meet(exporter, beats, tmp_path):
    write_beats(beats, {"bidder": entry(n=1), "a": entry(n=1)})
    for name in ("a", "b"):
        (tmp_path / f"bots-{name}").mkdir()
        (tmp_path / f"bots-{name}/status.json").write_text(json.dumps({"ts": time.time(), "n": 2}))
    e = exporter(f"--heartbeat.file={tmp_path}/bots-*/status.json")
    samples = e.metrics()
    assert samples.of("heartbeat_data_n") == {"bidder": 1, "a": 1, "b": 2}
    assert samples.of("heartbeat_pattern_files") == {f"{tmp_path}/bots-*/status.json": 2}
    assert samples.of("heartbeat_entries_skipped_total")["name_taken"] == 1
    files = json.loads(e.get("/api/v1/heartbeats").body)["files"]
    assert [f.get("names_taken") for f in files] == [None, ["a"], None]
    assert e.stderr.count("a source before has their names") == 1


def test_a_file_without_a_beat_is_said_once(exporter, tmp_path):
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    e = exporter(f"--heartbeat.file={tmp_path}/package.json", default_file=True)
    for _ in range(3):
        samples = e.metrics()
    assert samples.value("heartbeat_file_up") == 0
    assert not samples.of("heartbeat_age_seconds")
    assert samples.of("heartbeat_file_read_errors_total")["no_beat"] > 0
    assert e.stderr.count("there is no heartbeat in the file") == 1


def test_a_log_is_followed_through_rotation(exporter, tmp_path):
    log = tmp_path / "job.log"
    step = lambda n: json.dumps({"ts": time.time(), "step": n}) + "\n"
    log.write_text(step(1))
    e = exporter(f"--heartbeat.file={log}", default_file=True)
    shown = lambda: e.metrics().of("heartbeat_data_step").get("job")
    assert shown() == 1
    with log.open("a") as f:
        f.write(step(2) + '{"ts": 17')
    assert shown() == 2
    log.rename(tmp_path / "job.log.1")
    assert shown() == 2
    log.write_text(step(3))
    assert shown() == 3
    # As logrotate's copytruncate: the same file, begun anew.
    log.write_text("")
    assert shown() == 3
    log.write_text(step(4))
    assert shown() == 4


def test_sources_are_configured_and_read_again(exporter, tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"started_at": time.time() - 5, "proc": {"id": os.getpid()}, "n": 7}))
    config = tmp_path / "heartbeat.yml"
    config.write_text(f"sources: [{{ path: {tmp_path}/state.json, name: one, time: .started_at, pid: .proc.id, timeout: 7m }}]\n")
    e = exporter(f"--config.file={config}", default_file=True)
    samples = e.metrics()
    assert samples.of("heartbeat_timeout_seconds") == {"one": 420}
    assert samples.of("heartbeat_pid") == {"one": os.getpid()}
    config.write_text(f"sources: [{{ path: {tmp_path}/state.json, name: two, time: mtime }}]\n")
    e.signal(signal.SIGHUP)
    eventually(lambda: set(e.metrics().of("heartbeat_data_n")) == {"two"}, "the sources are read again")
    assert e.metrics().of("heartbeat_state") .keys() == {("two", "beating", "alive")}


def test_a_folder_of_own_files(exporter, tmp_path):
    folder = tmp_path / "beats.d"
    folder.mkdir()
    e = exporter(f"--heartbeat.file={folder}", default_file=True)
    assert not e.metrics().of("heartbeat_age_seconds")
    (folder / "eu%2Fbidder.json").write_text(json.dumps(entry(n=1)))
    (folder / "%41.json").write_text(json.dumps(entry(n=2)))
    assert e.metrics().of("heartbeat_data_n") == {"eu/bidder": 1}
    assert e.metrics().of("heartbeat_file_up") == {str(folder): 1}


def test_check_says_what_files_are_taken_for(tmp_path):
    (tmp_path / "good").mkdir()
    (tmp_path / "good/status.json").write_text(json.dumps({"last_run": time.time() - 5, "started_at": 1, "n": 3}))
    (tmp_path / "bad.json").write_text(json.dumps({"started_at": time.time()}))
    good = run(TOOL, "check", "--json", tmp_path / "good/status.json")
    assert good.returncode == 0, good
    [report] = json.loads(good.stdout)
    assert report["layout"] == "single" and report["ok"] is True
    [process] = report["processes"]
    assert (process["name"], process["where"], process["numbers"]) == ("good", ".last_run", {"n": 3, "started_at": 1})
    both = run(TOOL, "check", tmp_path / "good/status.json", tmp_path / "bad.json")
    assert both.returncode == 1
    assert "`time: .started_at` makes it one" in both.stdout
    before = (tmp_path / "bad.json").stat().st_mtime_ns
    assert (tmp_path / "bad.json").stat().st_mtime_ns == before
    assert run(TOOL, "check", tmp_path / "none.json").returncode == 1


def test_status_looks_at_the_same_files(tmp_path):
    (tmp_path / "beat").write_text(str(int(time.time())))
    done = run(TOOL, "status", tmp_path.name, "--file", tmp_path / "beat", "--file", tmp_path / "nothing-*")
    assert done.returncode == 0, done


@pytest.mark.parametrize("before", [0, 5_000], ids=["a small log", "one of which only the end is read"])
@pytest.mark.parametrize("way", ["create", "copytruncate"])
def test_a_log_that_logrotate_turns_over(exporter, tmp_path, way, before):
    log = tmp_path / "mill.jsonl"
    settings = tmp_path / "logrotate.conf"
    settings.write_text(f"{log} {{\n  rotate 2\n  nocompress\n  {way}\n}}\n")
    settings.chmod(0o644)
    # Who is told to reopen its log does so, and who is not goes on in the file that it has.
    writer = open(log, "a")

    def say(number):
        writer.write(json.dumps({"ts": time.time(), "step": number, "note": "x" * 60}) + "\n")
        writer.flush()

    for number in range(before):
        say(-number)
    say(1)
    assert before == 0 or log.stat().st_size > 256 << 10
    e = exporter(f"--heartbeat.file={log}", default_file=True)

    def seen():
        samples = e.metrics()
        assert samples.of("heartbeat_state") == {("mill", "beating", "alive"): 1}
        return samples.value("heartbeat_data_step", process="mill")

    last = seen()
    assert last == 1
    for turn in (1, 2, 3):
        done = run("logrotate", "--force", "--state", tmp_path / "state", settings)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "mill.jsonl.1").stat().st_size > 0 and log.stat().st_size == 0
        assert seen() == last, "an empty log keeps what it said last"
        if way == "create":
            writer.close()
            writer = open(log, "a")
        for number in (10 * turn, 10 * turn + 1):
            say(number)
            assert seen() == number
        last = 10 * turn + 1
        writer.write('{"ts": 17')
        writer.flush()
        assert seen() == last, "a line without its end waits"
        writer.write("\n")
        writer.flush()
    writer.close()


def test_large_files_hold_no_small_one_up_and_come_as_they_are_read(exporter, beats, tmp_path):
    """Three files of other programs, of nearly as many bytes as are read of any: together they take longer than a scrape may wait."""
    (tmp_path / "large").mkdir()
    large = [tmp_path / f"large/{name}.json" for name in "abc"]
    workers = 200
    padding = "{" + ",".join(f'"k{n}":{{"a":1}}' for n in range(400_000)) + "}"

    def write(file, age):
        beats = json.dumps({f"{file.stem}{n}": {"last_seen": time.time() - age} for n in range(workers)})
        text = f'{{"workers": {beats}, "padding": {padding}}}'
        assert 6 << 20 < len(text) < 8 << 20
        # Nobody sees half of it.
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(file)

    for file in large:
        write(file, age=50_000)
    write_beats(beats, {"small": entry(n=0)})
    e = exporter(f"--heartbeat.file={tmp_path}/large/*.json", "--heartbeat.read-timeout=100ms")

    def look(n, ages):
        """A scrape after the small one's n-th beat: which large ones it shows as they are. `ages`: how old their beats may be said to be."""
        write_beats(beats, {"small": entry(n=n)})
        samples = e.metrics()
        assert samples.of("heartbeat_data_n")["small"] == n and samples.of("heartbeat_age_seconds")["small"] < 60
        up, counts, shown = (samples.of(f"heartbeat_{name}") for name in ("file_up", "file_entries", "age_seconds"))
        assert up[str(beats)] == 1
        for file in large:
            assert counts[str(file)] == workers or up[str(file)] == counts[str(file)] == 0
            seen = [age for name, age in shown.items() if name.startswith(file.stem)]
            assert len(seen) == counts[str(file)]
            if up[str(file)]:
                assert all(ages[-1] <= age < ages[-1] + 9_000 for age in seen), "what is up is what is in it now"
            assert all(any(age <= said < age + 9_000 for age in ages) for said in seen)
        return {file for file in large if up[str(file)]}

    assert len(look(1, [50_000])) < 3, "the first scrape does not wait for all of them"
    assert "bytes were not read within 0.1 s" in e.stderr
    assert e.get("/-/healthy").status == 200
    numbers = iter(range(2, 1_000_000))
    eventually(lambda: look(next(numbers), [50_000]) == set(large), "all are read")
    for file in large:
        write(file, age=0)
    assert len(look(next(numbers), [50_000, 0])) < 3
    eventually(lambda: look(next(numbers), [50_000, 0]) == set(large), "all are read again")
    errors = [e.metrics().value("heartbeat_file_read_errors_total", file=str(file), reason="timeout") for file in large]
    assert any(errors), "each look that came too early is counted"
