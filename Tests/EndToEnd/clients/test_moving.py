"""From the one file to a folder of own files, as docs/file-format.md describes it: one program after the other, and nothing is lost on the way."""

import json
import os

import pytest

from support import TOOL, eventually, run


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "heartbeat.d"
    path.mkdir()
    return path


def beat(place, name, n):
    result = run(TOOL, "send", name, "--file", place, "--data", f"n={n}", "--pid", os.getpid())
    assert result.returncode == 0, result.stderr


def test_program_after_program_moves_and_keeps_its_series(exporter, beats, folder):
    for name in ("first", "second"):
        beat(beats, name, 1)
    e = exporter(f"--heartbeat.file={folder}", f"--heartbeat.file={beats}", default_file=True)

    def numbers():
        return e.metrics().of("heartbeat_data_n")

    assert numbers() == {"first": 1, "second": 1}
    beat(folder, "first", 2)
    eventually(lambda: numbers() == {"first": 2, "second": 1}, "the folder comes first")
    # What stays behind is said, until it is pruned: that forgets the entry, not the process.
    assert e.metrics().of("heartbeat_entries_skipped_total")["name_taken"] >= 1
    assert e.stderr.count("a source before has their names") == 1
    assert run(TOOL, "prune", "first", "--file", beats).stdout == 'removed "first"\n'
    eventually(lambda: not any(f.get("names_taken") for f in json.loads(e.get("/api/v1/heartbeats").body)["files"]), "nothing is left behind")
    assert numbers() == {"first": 2, "second": 1}
    beat(folder, "second", 3)
    # The file's last entry, and with it the file.
    assert run(TOOL, "prune", "second", "--file", beats).returncode == 0
    eventually(lambda: numbers() == {"first": 2, "second": 3}, "both have moved")
    assert {labels[0] for labels in e.metrics().of("heartbeat_state")} == {"first", "second"}
    assert set(e.metrics().of("heartbeat_file_up").values()) == {1}


def test_a_package_reads_the_folder_and_one_file_that_may_come_later(exporter, tmp_path, folder):
    """As the systemd unit names them: with a comma, in the environment; the pattern of the one file matches nothing at first."""
    pattern = tmp_path / "shared" / "*.json"
    pattern.parent.mkdir()
    e = exporter(default_file=True, env={"HEARTBEAT_FILE": f"{folder},{pattern}"})
    beat(folder, "own", 1)
    eventually(lambda: e.metrics().of("heartbeat_data_n") == {"own": 1}, "the folder is read")
    assert e.metrics().of("heartbeat_file_up") == {str(folder): 1}
    assert e.metrics().of("heartbeat_pattern_files") == {str(pattern): 0}
    beat(pattern.parent / "heartbeat_status.json", "shared", 2)
    eventually(lambda: e.metrics().of("heartbeat_data_n") == {"own": 1, "shared": 2}, "the file is read")
