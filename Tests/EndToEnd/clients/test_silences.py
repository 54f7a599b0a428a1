"""A maintenance: `heartbeat silence` is seen in every view, is kept by every writer of ours, and silences only whom it may."""

import json
import os
import time

import pytest

from support import TOOL, eventually, run
from support.clients import as_user, node, python

SILENCED = "heartbeat_silenced_until_timestamp_seconds"


def silence(*arguments, **options):
    return run(TOOL, "silence", *map(str, arguments), **options)


def silenced(place):
    """Who is silenced, as the tool lists it."""
    listed = silence("--file", place)
    assert listed.returncode == 0, listed.stderr
    return [line.split()[0] for line in listed.stdout.splitlines()[1:]]


@pytest.fixture(params=["file", "folder"])
def place(request, tmp_path):
    """Where programs beat: the one file, or a folder; `bidder` has beaten once."""
    path = tmp_path / ("heartbeat_status.json" if request.param == "file" else "beats.d")
    if request.param == "folder":
        path.mkdir()
    assert run(TOOL, "send", "bidder", "--file", path, "--pid", str(os.getpid())).returncode == 0
    return path


def test_every_view_shows_it_until_it_ends(exporter, place):
    e = exporter(f"--heartbeat.file={place}", default_file=True) if place.is_dir() else exporter()
    assert SILENCED not in e.get("/metrics").text
    said = silence("bidder", "later", "--for", "2h", "--comment", "a new disk \x1b[31m<b>", "--file", place)
    assert said.returncode == 0 and said.stdout.startswith('silenced "bidder" until ') and 'there is no "later"' in said.stderr
    eventually(lambda: set(e.metrics().of(SILENCED)) == {"bidder", "later"}, "the exporter reads it")
    until = e.metrics().of(SILENCED)["bidder"]
    assert 7000 < until - time.time() <= 7200
    answer = json.loads(e.get("/api/v1/heartbeats").text)
    shown = {h["name"]: h for h in answer["heartbeats"]}
    assert shown["bidder"]["silenced"]["until"] == until and shown["bidder"]["silenced"]["comment"] == "a new disk \x1b[31m<b>"
    assert [(s["process"], s["until"]) for s in answer["silences"]] == [("bidder", until), ("later", until)]
    assert shown["bidder"]["state"] == "alive"
    url = f"http://127.0.0.1:{e.port}"
    for where in (["--file", place], ["--url", url]):
        for command in (["status"], ["status", "bidder"], ["monitor", "--once"]):
            asked = run(TOOL, *command, *where)
            assert "silenced until" in asked.stdout and "\x1b[31m<b>" not in asked.stdout, command
        told = json.loads(run(TOOL, "status", "bidder", "--json", *where).stdout)
        assert told["silenced"]["until"] == until
    assert silenced(place) == ["bidder", "later"]

    # A shorter one takes its place, and ends by itself.
    assert silence("bidder", "--for", "1s", "--file", place).returncode == 0
    eventually(lambda: set(e.metrics().of(SILENCED)) == {"later"}, "it ends by itself")
    assert silence("later", "--end", "--file", place).stdout == '"later" is not silenced any more\n'
    again = silence("later", "bidder", "--end", "--file", place)
    assert again.returncode == 1 and "was not silenced" in again.stderr
    eventually(lambda: SILENCED not in e.get("/metrics").text, "nobody is silenced")
    assert silence("--file", place).stdout == f"nobody is silenced in {place}\n"


def test_a_pattern_stands_for_the_programs_that_there_are(place):
    for name in ("worker-1", "worker-2", ".worker", "eu/worker", "work*"):
        assert run(TOOL, "send", name, "--file", place).returncode == 0
    assert silence("work*", "--for", "1h", "--file", place).returncode == 0
    assert silenced(place) == ["work*"], "a program that has just this name is meant alone"
    assert silence("worker-?", "work*", "--for", "1h", "--comment", "rollout", "--file", place).returncode == 0
    assert silenced(place) == ["work*", "worker-1", "worker-2"]
    nobody = silence("bidder", "mill-*", "--for", "1h", "--file", place)
    assert nobody.returncode == 1 and nobody.stderr == f'heartbeat: no program in {place} fits "mill-*"\n'
    assert silenced(place) == ["work*", "worker-1", "worker-2"], "nobody is silenced by half a command"
    assert silence("worker*", "--end", "--file", place).returncode == 0
    assert silenced(place) == ["work*"]
    assert silence("*", "--for", "1h", "--file", place).returncode == 0
    assert silenced(place) == [".worker", "bidder", "eu/worker", "work*", "worker-1", "worker-2"]
    # A name that nobody has yet may have brackets.
    assert silence("new[1]", "--for", "1h", "--file", place).returncode == 0
    assert silence("*", "--end", "--file", place).returncode == 0 and silenced(place) == []


def test_every_writer_keeps_it(place):
    assert silence("bidder", "--for", "2h", "--file", place).returncode == 0
    code = f"from heartbeat_manager import *; HeartbeatManager({str(place)!r}, raises=True).send_heartbeat('bidder', {{'n': 1}})"
    assert python(code).returncode == 0
    assert silenced(place) == ["bidder"]
    for tool in (str(TOOL), "/nowhere"):
        node(f"await new h.HeartbeatManager({str(place)!r}, {{ throws: true }}).sendHeartbeat('bidder', {{ n: 2 }});", env={"HEARTBEAT_TOOL": tool})
    assert silenced(place) == ["bidder"]
    assert run(TOOL, "prune", "bidder", "--file", place).returncode == 0
    assert silenced(place) == ["bidder"], "a program that is taken out may come back before the maintenance is over"


def test_whoever_writes_the_whole_file_anew_loses_it(place):
    """So docs/file-format.md says, and what helps: a folder of root's beside the file."""
    if place.is_dir():
        return
    assert silence("bidder", "--for", "2h", "--file", place).returncode == 0
    content = json.loads(place.read_text())
    place.write_text(json.dumps({key: content[key] for key in ("last_updated", "processes")}))
    assert silence("--file", place).stdout == f"nobody is silenced in {place}\n"


def test_in_a_folder_that_all_share_nobody_silences_another_ones_program(exporter, common):
    place = common / "beats.d"
    place.mkdir()
    place.chmod(0o1777)
    hers, his = as_user(64_201), as_user(64_202)
    for user, name in ((hers, "hers"), (his, "his")):
        assert run(*user, TOOL, "send", name, "--file", place).returncode == 0
    e = exporter(f"--heartbeat.file={place}", default_file=True)
    refused = run(*hers, TOOL, "silence", "his", "--for", "1h", "--file", place)
    assert refused.returncode == 1 and '"his" is not silenced' in refused.stderr and refused.stdout == ""
    assert run(*hers, TOOL, "silence", "hers", "--for", "1h", "--file", place).returncode == 0
    eventually(lambda: set(e.metrics().of(SILENCED)) == {"hers"}, "her own")
    # Root may, and what root says nobody else can end.
    assert silence("his", "--for", "1h", "--file", place).returncode == 0
    eventually(lambda: set(e.metrics().of(SILENCED)) == {"hers", "his"}, "root silences all")
    refused = run(*his, TOOL, "silence", "his", "--end", "--file", place)
    assert refused.returncode == 1 and "user 0 made it" in refused.stderr
    # Somebody occupies the name of her note.
    note = next(n for n in os.listdir(place) if n.startswith(".heartbeat-silence-64201-") and json.loads((place / n).read_text())["silences"].get("hers"))
    (place / note).unlink()
    assert run(*his, "sh", "-c", f"echo no > '{place / note}'").returncode == 0
    assert run(*hers, TOOL, "silence", "hers", "--for", "1h", "--file", place).returncode == 0
