"""Who only looks changes nothing: no byte, no time, no file beside it, also where this user may write nothing."""

import json
import os
import shutil
import time

import pytest

from support import TOOL, run
from support.clients import as_user

STRANGER = 64203


def one_file(place):
    now = time.time()
    (place / "beats.json").write_text(json.dumps({"processes": {"mill": {"last_heartbeat": now}, "old": {"last_heartbeat": now - 90_000}}}))
    (place / "beats.json.tmp-0123456789abcdef").touch()
    (place / "beats.json.corrupt-20200101T000000Z").touch()
    return place / "beats.json"


def own_files(place):
    for name, age in (("mill", 0), ("old", 90_000)):
        (place / f"{name}.json").write_text(json.dumps({"last_heartbeat": time.time() - age}))
        os.utime(place / f"{name}.json", (time.time() - age,) * 2)
    (place / "torn.json").write_text('{"last_heartbeat": 17')
    (place / "package.json").write_text('{"name": "mill"}')
    for name in ("torn.json", ".heartbeat-tmp-Xy7"):
        (place / name).touch()
        os.utime(place / name, (1e9, 1e9))
    return place


def torn_file(place):
    (place / "beats.json").write_text('{"processes": {"mill": {"last_heartbeat": 17')
    os.utime(place / "beats.json", (1e9, 1e9))
    return place / "beats.json"


def somebody_elses(place):
    (place / "package.json").write_text('{"name": "mill", "processes": {}}')
    return place / "package.json"


def nothing(place):
    return place / "later.json"


# And whether all that there is gives processes.
PLACES = {"one file": (one_file, True), "a folder": (own_files, False), "a torn file": (torn_file, False), "somebody else's file": (somebody_elses, False), "no file": (nothing, False)}
LOOKS = {
    "check": ["check"], "check as JSON": ["check", "--json"], "status": ["status", "--file"], "status as JSON": ["status", "--json", "--file"], "one process": ["status", "mill", "--file"],
    "monitor": ["monitor", "--once", "--file"], "what would be removed": ["prune", "--dry-run", "--file"], "nothing to remove": ["prune", "--older-than=10d", "--file"],
    "a name that is not there": ["prune", "nobody", "--dry-run", "--file"],
}  # fmt: skip


def picture(path):
    found = {}
    for file in (path, *sorted(path.iterdir())):
        stat = file.lstat()
        found[file.name] = (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_mode, stat.st_uid, file.read_bytes() if file.is_file() else None)
    return found


@pytest.mark.parametrize("user", [0, STRANGER])
@pytest.mark.parametrize("kind", PLACES)
def test_nothing_is_changed(kind, user, common):
    shutil.copy(TOOL, common)
    place = common / "place"
    place.mkdir()
    make, is_whole = PLACES[kind]
    target = make(place)
    if user:
        place.chmod(0o555)
    before = picture(place)
    for what, arguments in LOOKS.items():
        result = run(*as_user(user), common / TOOL.name, *arguments, target, cwd="/")
        assert picture(place) == before, (what, result)
        if is_whole and not what.startswith("one"):
            assert result.returncode in (0, 1) and "cannot" not in result.stderr and "ermission" not in result.stderr, (what, result)
        if is_whole and what in ("check", "status"):
            assert "mill" in result.stdout and "old" in result.stdout, (what, result)


def test_a_removal_is_seen_by_such_a_picture(common):
    """The other way round: this test sees what it looks for."""
    place = common / "place"
    place.mkdir()
    file = one_file(place)
    before = picture(place)
    assert run(TOOL, "prune", "--file", file).returncode == 0
    after = picture(place)
    assert after != before and "beats.json.lock" in after and "old" not in json.loads(file.read_text())["processes"]
