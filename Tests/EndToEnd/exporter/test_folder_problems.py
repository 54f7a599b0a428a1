"""A folder of own files hides nothing: what cannot be read there is named, with its file and the reason, by every view."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from support import EXPORTER, TOOL, eventually
from support.clients import as_user, run

WATCHER = 64211


@pytest.fixture
def common():
    """A place that others may search, with copies of the programs that they may run."""
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    place.chmod(0o755)
    for program in (TOOL, EXPORTER):
        shutil.copy(program, place)
    yield place
    shutil.rmtree(place)


def beat(file, **more):
    """A beat as careful writers write it."""
    new = file.with_name(".new")
    new.write_text(json.dumps({"last_heartbeat": time.time(), "pid": os.getpid()} | more))
    new.chmod(0o644)
    new.rename(file)


def aged(file, seconds=600):
    os.utime(file, (time.time() - seconds,) * 2)


def spoil(folder):
    """{process: reason} of all that is bad in the folder now."""
    (folder / "secret.json").write_text(json.dumps({"last_heartbeat": time.time()}))
    (folder / "secret.json").chmod(0o600)
    (folder / "torn.json").write_text('{"last_heartbeat": 17')
    aged(folder / "torn.json")
    (folder / "empty.json").touch()
    aged(folder / "empty.json")
    (folder / "huge.json").write_text(json.dumps({"last_heartbeat": time.time(), "x": "x" * (4 << 20)}))
    (folder / "link.json").symlink_to(folder / "good.json")
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(folder / "socket.json"))
    (folder / "package.json").write_text(json.dumps({"name": "somebody's", "version": "1.0.0"}))
    (folder / "list.json").write_text("[]")
    (folder / "%41.json").write_text(json.dumps({"last_heartbeat": time.time()}))
    return {
        "secret": "permission_denied", "torn": "not_json", "empty": "not_json", "huge": "too_large", "link": "not_a_regular_file",
        "pipe": "not_a_regular_file", "folder": "not_a_regular_file", "socket": "not_a_regular_file",
        "package": "missing_last_heartbeat", "list": "not_an_object", "%41.json": "bad_file_name",
    }  # fmt: skip


def lines_about(server, name):
    return [line for line in server.stderr.splitlines() if f"/{name}" in line and "is left out" in line]


def test_a_folder_names_what_it_cannot_read(exporter, common):
    folder = common / "heartbeat.d"
    folder.mkdir(mode=0o755)
    beat(folder / "good.json")
    bad = spoil(folder)
    # A young one may be being written, what is hidden or called otherwise is nobody's beat.
    (folder / "young.json").touch()
    for name in (".hidden.json", "README", "good.json.lock", ".heartbeat-tmp-1"):
        (folder / name).touch()
    watcher = as_user(WATCHER)
    server = exporter(f"--heartbeat.file={folder}", default_file=True, under=watcher)

    files = {name: str(folder / (name if name.endswith(".json") else f"{name}.json")) for name in bad}
    document = json.loads(server.get("/api/v1/heartbeats").body)
    assert [b["name"] for b in document["heartbeats"]] == ["good"]
    assert {p["process"]: p["reason"] for p in document["problems"]} == bad
    assert {p["process"]: p["file"] for p in document["problems"]} == files
    assert document["problem_count"] == len(bad)
    assert all(files[p["process"]] in p["message"] for p in document["problems"])

    samples = server.metrics()
    assert samples.of("heartbeat_file_up") == {str(folder): 1}
    assert samples.of("heartbeat_file_skipped_entries") == {str(folder): len(bad)}
    counts = samples.of("heartbeat_entries_skipped_total")
    assert {reason: counts[reason] for reason in bad.values()} == {r: list(bad.values()).count(r) for r in bad.values()}
    for path in files.values():
        eventually(lambda path=path: len(lines_about(server, Path(path).name)) == 1, f"the log names {path} once")
    assert not any("young" in line or "README" in line for line in server.stderr.splitlines())

    url = f"http://127.0.0.1:{server.port}"
    for arguments in (["--file", folder], ["--url", url]):
        told = run(*watcher, common / "heartbeat", "status", *arguments)
        assert told.returncode == 2 and "good" in told.stdout, told
        assert all(f'"{path}"' in told.stderr for path in files.values()), told.stderr
        one = run(*watcher, common / "heartbeat", "status", "secret", *arguments)
        assert one.returncode == 2 and "this user may not read its file" in one.stderr and "torn" not in one.stderr
    for arguments in (["--file", folder], ["--url", url]):
        page = run(*watcher, common / "heartbeat", "monitor", "--once", *arguments).stdout
        assert page.count("is left out") == 5 and f"and {len(bad) - 5} more are left out" in page, page
    checked = run(*watcher, common / "heartbeat", "check", folder)
    assert checked.returncode == 1 and all(f"left out: {Path(path).name}: " in checked.stdout for path in files.values())


def test_what_could_be_read_before_is_remembered_and_told_again_when_it_changes(exporter, common):
    folder = common / "heartbeat.d"
    folder.mkdir(mode=0o755)
    for name in ("mill", "well"):
        beat(folder / f"{name}.json")
    server = exporter(f"--heartbeat.file={folder}", default_file=True, under=as_user(WATCHER))

    def states():
        return {b["name"]: b["reason"] for b in json.loads(server.get("/api/v1/heartbeats").body)["heartbeats"]}

    def reasons():
        return [p["reason"] for p in json.loads(server.get("/api/v1/heartbeats").body)["problems"]]

    assert states() == {"mill": "beating", "well": "beating"} and reasons() == []
    for round in (1, 2):
        (folder / "mill.json").chmod(0o600)
        for _ in range(3):
            assert states() == {"mill": "entry_vanished", "well": "beating"} and reasons() == ["permission_denied"]
        eventually(lambda round=round: len(lines_about(server, "mill.json")) == round, "the log names it once for each change")
        beat(folder / "mill.json")
        assert states() == {"mill": "beating", "well": "beating"} and reasons() == []
    # Torn just now it is being written, and torn long ago it is not.
    (folder / "mill.json").write_text("{")
    assert states() == {"mill": "beating", "well": "beating"} and reasons() == []
    aged(folder / "mill.json")
    assert states() == {"mill": "entry_vanished", "well": "beating"} and reasons() == ["not_json"]


def test_a_folder_that_may_be_listed_but_not_searched_is_no_empty_one(exporter, common):
    folder = common / "heartbeat.d"
    folder.mkdir()
    beat(folder / "mill.json")
    folder.chmod(0o744)
    server = exporter(f"--heartbeat.file={folder}", default_file=True, under=as_user(WATCHER))
    assert server.metrics().of("heartbeat_file_up") == {str(folder): 0}
    document = json.loads(server.get("/api/v1/heartbeats").body)
    assert document["file"]["problem"]["reason"] == "permission_denied"
    assert "search permission" in document["file"]["problem"]["message"]


def test_what_is_pruned_from_a_folder_is_not_remembered(exporter, tmp_path):
    folder = tmp_path / "heartbeat.d"
    folder.mkdir()
    for name in ("mill", "well", "lost"):
        beat(folder / f"{name}.json")
    server = exporter(f"--heartbeat.file={folder}", default_file=True)

    def states():
        return {b["name"]: b["reason"] for b in json.loads(server.get("/api/v1/heartbeats").body)["heartbeats"]}

    assert set(states()) == {"mill", "well", "lost"}
    assert run(TOOL, "prune", "mill", "--file", folder).returncode == 0
    (folder / "lost.json").unlink()
    assert states() == {"well": "beating", "lost": "entry_vanished"}


def test_nobody_keeps_out_what_others_have_pruned_by_making_many_notes(exporter, tmp_path):
    folder = tmp_path / "heartbeat.d"
    folder.mkdir()
    folder.chmod(0o1777)
    for name in ("mill", "well", "lost"):
        beat(folder / f"{name}.json")
    os.chown(folder / "lost.json", WATCHER, WATCHER)
    # Those of a stranger: names that come before root's, and numbers of other users; and a note that speaks for others.
    for name in [*(f"!{n}" for n in range(150)), *range(1000, 1150), WATCHER + 1]:
        note = folder / f".heartbeat-pruned-{name}"
        note.write_text(json.dumps({"pruned": {"lost": time.time() + 60}}))
        os.chown(note, WATCHER + 1, WATCHER + 1)
    server = exporter(f"--heartbeat.file={folder}", default_file=True)

    def states():
        return {b["name"]: b["reason"] for b in json.loads(server.get("/api/v1/heartbeats").body)["heartbeats"]}

    assert set(states()) == {"mill", "well", "lost"}
    assert run(TOOL, "prune", "mill", "--file", folder).returncode == 0
    (folder / "lost.json").unlink()
    assert states() == {"well": "beating", "lost": "entry_vanished"}
