"""`heartbeat status`: what it says of some programs when the files of others, or an exporter, say nothing."""

import json
import os

import pytest

from support import EXPORTER, TOOL, entry, eventually, run, write_beats


@pytest.fixture
def files(tmp_path):
    """A file with two programs, of which one is silent, and one that is torn."""
    write_beats(tmp_path / "good.json", {"fine": entry(), "late": entry(age=500)})
    (tmp_path / "torn.json").write_text('{"processes": {"other": {')
    return ["--file", tmp_path / "good.json", "--file", tmp_path / "torn.json"]


def asked(exporter, files, by_url):
    """The flags by which the tool looks at these files by itself, or asks an exporter that does."""
    if not by_url:
        return files
    paths = [f"--heartbeat.file={path}" for path in files[1::2]]
    return ["--url", f"http://127.0.0.1:{exporter(*paths, default_file=True).port}"]


@pytest.mark.parametrize("by_url", [False, True])
def test_a_file_that_cannot_be_read_costs_the_programs_of_no_other(exporter, files, by_url):
    where = asked(exporter, files, by_url)
    fine, late, other, everything = (run(TOOL, "status", *name, *where) for name in (["fine"], ["late"], ["other"], []))
    assert (fine.returncode, fine.stderr) == (0, "") and "alive" in fine.stdout
    assert (late.returncode, late.stderr) == (1, "") and "dead" in late.stdout
    assert (other.returncode, other.stdout) == (2, "") and "torn.json" in other.stderr
    assert everything.returncode == 1 and "torn.json" in everything.stderr
    assert "fine" in everything.stdout and "late" in everything.stdout
    listed = run(TOOL, "status", "--json", *where)
    assert [p["name"] for p in json.loads(listed.stdout)] == ["fine", "late"] and listed.returncode == 1


def test_all_are_alive_but_nobody_knows_those_of_a_torn_file(exporter, files, tmp_path):
    write_beats(tmp_path / "good.json", {"fine": entry()})
    assert run(TOOL, "status", *files).returncode == 2


@pytest.mark.parametrize("by_url", [False, True])
def test_of_two_files_with_one_name_the_first_counts_and_the_other_is_told(exporter, tmp_path, by_url):
    for file in ("one", "other"):
        write_beats(tmp_path / f"{file}.json", {"x": entry()})
    where = asked(exporter, ["--file", tmp_path / "one.json", "--file", tmp_path / "other.json"], by_url)
    # The name is the first one's; of the other one nobody sees how it does, and no view says that all is well.
    for name, status in (["x"], 0), ([], 2):
        result = run(TOOL, "status", *name, *where)
        assert result.returncode == status and "alive" in result.stdout and "is left out" in result.stderr, result
    shown = run(TOOL, "monitor", "--once", *where)
    assert shown.returncode == 1 and "1 of 1 alive" in shown.stdout and "is left out" in shown.stderr, shown


@pytest.mark.parametrize("by_url", [False, True])
def test_a_part_that_is_left_out_hides_nobody(exporter, tmp_path, by_url):
    write_beats(tmp_path / "x.json", {"x": {**entry(), "pid": 0}})
    where = asked(exporter, ["--file", tmp_path / "x.json"], by_url)
    for command in (["status"], ["monitor", "--once"]):
        result = run(TOOL, *command, *where)
        assert result.returncode == 0 and "pid is not a process ID" in result.stdout + result.stderr, result


@pytest.mark.parametrize("by_url", [False, True])
def test_files_beyond_the_limit_are_told_by_every_view(exporter, tmp_path, by_url):
    """Who knows nothing of the last file does not say that all is well."""
    folder = tmp_path / "bots"
    folder.mkdir()
    count = 3 if by_url else 1_001
    for number in range(count):
        write_beats(folder / f"{number:04}.json", {f"p{number:04}": entry(age=900 if number == count - 1 else 0)})
    pattern = folder / "*.json"
    where = ["--file", pattern]
    if by_url:
        e = exporter(f"--heartbeat.file={pattern}", "--heartbeat.max-files=2", "--heartbeat.timeout=10m", default_file=True)
        where = ["--url", f"http://127.0.0.1:{e.port}"]
        document = json.loads(e.get("/api/v1/heartbeats").body)
        assert [(p["reason"], p["file"], p["files"]) for p in document["problems"]] == [("too_many_files", str(pattern), 1)]
        assert document["problem_count"] == 1
        eventually(lambda: e.stderr.count("too many files match") == 1, "the log says so once")
        assert "more heartbeats, or parts of them, are left out" not in e.stderr
    else:
        where += ["--timeout", "10m"]
    sentence = f'1 file that matches "{pattern}" is not read'
    for command, status in (["status"], 2), (["status", "--json"], 2), (["monitor", "--once"], 1):
        result = run(TOOL, *command, *where)
        assert result.returncode == status and sentence in result.stderr, (command, result.returncode, result.stderr)
    # One that is read is known; one that is not there may be in the file that is not read.
    known, unknown = (run(TOOL, "status", name, *where) for name in ("p0000", f"p{count - 1:04}"))
    assert (known.returncode, known.stderr) == (0, "") and unknown.returncode == 2 and sentence in unknown.stderr, unknown
    if not by_url:
        checked = run(TOOL, "check", pattern)
        assert checked.returncode == 1 and sentence in checked.stderr, checked.stderr
        (folder / f"{count - 1:04}.json").unlink()
        assert run(TOOL, "check", pattern).returncode == run(TOOL, "status", *where).returncode == 0


def test_a_pattern_that_matches_nothing_beside_a_file_is_said(tmp_path):
    write_beats(tmp_path / "good.json", {"fine": entry()})
    pattern = tmp_path / "bots" / "*.json"
    where = ["--file", tmp_path / "good.json", "--file", pattern]
    everything, fine, other = (run(TOOL, "status", *name, *where) for name in ([], ["fine"], ["other"]))
    # It may match later: that is no fault of who is there.
    assert everything.returncode == 0 and f"no file matches {pattern}" in everything.stderr, everything
    assert (fine.returncode, fine.stderr) == (0, "")
    assert other.returncode == 2 and f"no file matches {pattern}" in other.stderr, other


@pytest.mark.parametrize("by_url", [False, True])
def test_of_a_configured_program_whose_entry_is_malformed_nobody_says_that_it_was_never_seen(exporter, tmp_path, by_url):
    write_beats(tmp_path / "x.json", {"fine": entry(), "bad": {"last_heartbeat": "yesterday-ish"}})
    configuration = tmp_path / "names.yml"
    configuration.write_text("processes: {bad: {}, absent: {}}")
    where = ["--file", tmp_path / "x.json", "--config.file", configuration]
    if by_url:
        where = ["--url", f"http://127.0.0.1:{exporter(f'--heartbeat.file={where[1]}', f'--config.file={configuration}', default_file=True).port}"]
    bad, absent, fine = (run(TOOL, "status", name, *where) for name in ("bad", "absent", "fine"))
    assert (bad.returncode, bad.stdout) == (2, "") and '"bad" is left out' in bad.stderr, bad
    assert absent.returncode == 1 and "never" in absent.stdout and fine.returncode == 0
    everything = run(TOOL, "status", *where)
    assert everything.returncode == 1 and "bad" not in everything.stdout and '"bad" is left out' in everything.stderr


def test_that_nothing_matches_a_pattern_is_said_by_everybody(exporter, tmp_path):
    pattern = tmp_path / "bots" / "*.json"
    pattern.parent.mkdir()
    e = exporter(f"--heartbeat.file={pattern}", default_file=True)
    url = f"http://127.0.0.1:{e.port}"
    answer = json.loads(e.get("/api/v1/heartbeats").body)
    assert answer["file"]["problem"]["reason"] == "missing" and str(pattern) in answer["file"]["problem"]["message"] and answer["files"] == []
    for where in (["--url", url], ["--file", pattern]):
        for command, status in ((["status"], 2), (["monitor", "--once"], 1)):
            result = run(TOOL, *command, *where)
            assert result.returncode == status and f"{pattern}: no file matches" in result.stderr, (command, where, result)
    write_beats(pattern.with_name("a.json"), {"a": entry()})
    assert "problem" not in json.loads(e.get("/api/v1/heartbeats").body)["file"]
    assert run(TOOL, "status", "--url", url).returncode == run(TOOL, "monitor", "--once", "--file", pattern).returncode == 0


def test_what_was_known_before_a_file_was_deleted_is_no_answer(exporter, tmp_path):
    paths = [tmp_path / "kept.json", tmp_path / "deleted.json"]
    for path in paths:
        write_beats(path, {path.stem: entry(age=-3000)})
    e = exporter(*(f"--heartbeat.file={path}" for path in paths), default_file=True)
    where = ["--url", f"http://127.0.0.1:{e.port}"]
    assert run(TOOL, "status", "deleted", *where).returncode == 0
    paths[1].unlink()
    gone = run(TOOL, "status", "deleted", *where)
    assert (gone.returncode, gone.stdout) == (2, "") and "there is no such file" in gone.stderr
    assert run(TOOL, "status", "kept", *where).returncode == 0
    assert run(TOOL, "monitor", "--once", *where).returncode == 1


def test_the_exporters_own_name_is_nobodys(exporter, beats, tmp_path):
    write_beats(beats, {"heartbeat-exporter": entry(pid=os.getpid()), "a": entry()})
    second = tmp_path / "second.json"
    write_beats(second, {"b": entry(), "heartbeat-exporter": entry(pid=os.getpid())})
    e = exporter(f"--heartbeat.file={second}")
    for where in (["--file", beats], ["--url", f"http://127.0.0.1:{e.port}"]):
        result = run(TOOL, "status", "heartbeat-exporter", *where)
        assert (result.returncode, result.stdout) == (2, "") and "its name is the exporter's own" in result.stderr
    problems = json.loads(e.get("/api/v1/heartbeats").body)["problems"]
    own = [("heartbeat-exporter", "reserved_name", str(path)) for path in (beats, second)]
    assert [(p["process"], p["reason"], p["file"]) for p in problems] == own
    samples = e.metrics()
    assert samples.of("heartbeat_file_skipped_entries") == {str(beats): 1, str(second): 1}
    skipped = samples.of("heartbeat_entries_skipped_total")
    assert (skipped["reserved_name"], skipped["name_taken"]) == (2, 0)
    configuration = tmp_path / "own-name.yml"
    configuration.write_text("processes:\n  heartbeat-exporter: {timeout: 5m}\n")
    for command in ([TOOL, "status", "--file", beats, "--config.file", configuration], [EXPORTER, "--check-config", f"--config.file={configuration}"]):
        refused = run(*command)
        assert refused.returncode != 0 and 'own-name.yml:2:3: the name "heartbeat-exporter" is the exporter\'s own' in refused.stderr
