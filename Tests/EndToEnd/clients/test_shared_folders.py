"""Writers where others may write too: links, owners, locks, files of somebody else. One table for the Swift library (by the tool), the Python
client (one file and folder) and the Node client (folder; its one file is the tool's). The users have no names: any numbers will do."""

import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import threading
import time

import pytest

from support import ENVIRONMENT, TOOL
from support.clients import NODE, PYTHON, as_user, run

GROUP, FIRST, SECOND, STRANGER = 64200, 64201, 64202, 64203
PYTHON_BEAT = "import sys; from heartbeat_manager import *; HeartbeatManager(sys.argv[1], raises=True, lock_timeout=0.5).send_heartbeat(sys.argv[2], {'n': 1})"
NODE_BEAT = """const h = require(process.env.CLIENT); new h.HeartbeatManager(process.argv[1], { throws: true }).sendHeartbeat(process.argv[2], { n: 1 })
.catch((e) => { console.error(e.message); process.exit(1); });"""


class Writer:
    """What beats once as some user: into the one file, or into a folder."""

    def __init__(self, kind, common):
        self.kind, self.client = kind, common / "client"
        self.has_folder = not kind.endswith("one file")
        if kind.startswith("tool"):
            self.client.mkdir()
            shutil.copy(TOOL, self.client)
            return
        source = NODE if kind.startswith("node") else PYTHON
        shutil.copytree(source, self.client, ignore=shutil.ignore_patterns("__pycache__"))

    def target(self, place):
        """What it is given for a folder, and the file that it then writes."""
        return (place, place / "mill.json") if self.has_folder else (place / "beats.json", place / "beats.json")

    def run(self, target, user=0, groups=(), umask="022", name="mill", within=()):
        programs = {
            "node": ["node", "-e", NODE_BEAT, "--", target, name], "python": ["/usr/bin/python3", "-S", "-c", PYTHON_BEAT, target, name],
            "tool": [self.client / TOOL.name, "send", name, "--file", target, "--data", "n=1"],
        }  # fmt: skip
        program = programs[self.kind.partition(",")[0]]
        environment = {"PYTHONPATH": str(self.client), "CLIENT": str(self.client), "PYTHONDONTWRITEBYTECODE": "1"}
        return run(*as_user(user, user, groups), "sh", "-c", f'umask {umask}; exec "$@"', "sh", *within, *program, env=environment, cwd="/")

    def beat(self, target, user=0, groups=(), umask="022", name="mill", within=()):
        """What went wrong, or nothing."""
        result = self.run(target, user, groups, umask, name, within)
        assert (result.returncode == 0) == (result.stderr == ""), result
        return result.stderr.strip()[-600:]

    def warning(self, target):
        """What is said beside a beat that goes out."""
        result = self.run(target)
        assert result.returncode == 0, result
        return result.stderr

    def has(self, file):
        content = json.loads(file.read_text())
        return (content if self.has_folder else content["processes"]["mill"])["additional_data"] == {"n": 1}


@pytest.fixture(params=["python, one file", "python, folder", "node, folder"])
def client_writer(request, common):
    return Writer(request.param, common)


@pytest.fixture(params=["tool, one file", "tool, folder", "python, one file", "python, folder", "node, folder"])
def writer(request, common):
    return Writer(request.param, common)


@pytest.fixture(params=["tool, one file", "python, one file"])
def one_file_writer(request, common):
    return Writer(request.param, common)


@pytest.fixture(params=["tool, one file", "tool, folder"])
def tool_writer(request, common):
    return Writer(request.param, common)


def folder(common, name="shared", owner=0, group=GROUP, mode=0o2775):
    path = common / name
    path.mkdir()
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def link(place, name, target, owner):
    (place / name).symlink_to(target)
    os.lchown(place / name, owner, owner)


def everything(path):
    """Every file below a folder: its content, owner, group and mode."""
    found = {}
    for file in sorted(path.rglob("*")):
        stat = file.lstat()
        content = os.readlink(file) if file.is_symlink() else file.read_bytes() if file.is_file() else None
        found[str(file.relative_to(path))] = (content, stat.st_uid, stat.st_gid, stat.st_mode)
    return found


# The link: where it lies, what it points to; the user who beats; whether it is followed.
PLANTED = {
    "the file, by a member, root beats": ("file", 0o2775, 0, FIRST, 0),
    "the file, by a member, another member beats": ("file", 0o2775, 0, FIRST, SECOND),
    "the file, root's own in a folder where a member could swap it": ("file", 0o2775, 0, 0, 0),
    "the file, root's own in a member's folder": ("file", 0o755, FIRST, 0, 0),
    "the file, in a sticky folder, by another": ("file", 0o1777, 0, FIRST, 0),
    "the folder, by a member, root beats": ("folder", 0o2775, 0, FIRST, 0),
    "the folder, by its owner, root beats": ("folder", 0o755, FIRST, FIRST, 0),
    "the folder, in a sticky folder, by another": ("folder", 0o1777, 0, FIRST, SECOND),
    "the lock, by a member, root beats": ("lock", 0o2775, 0, FIRST, 0),
    "the lock, root's own": ("lock", 0o755, 0, 0, 0),
    "the lock, in a sticky folder": ("lock", 0o1777, 0, FIRST, 0),
}


@pytest.mark.parametrize("behind", ["nothing", "a text", "a heartbeat file"])
@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_link_leads_nowhere(case, behind, writer, common):
    what, mode, owner, planter, user = PLANTED[case]
    place, private = folder(common, owner=owner, mode=mode), folder(common, "private", user, user, 0o755)
    content = {"nothing": None, "a text": "secret\n", "a heartbeat file": json.dumps({"last_updated": 1, "last_heartbeat": 1, "processes": {}})}[behind]
    target, file = writer.target(place)
    if what == "folder":
        target, file = writer.target(place / "sub")
        (private / "sub").mkdir()
        os.chown(private / "sub", user, user)
        link(place, "sub", private / "sub", planter)
        hidden = private / "sub" / file.name
    else:
        hidden = private / "nologin"
        link(place, file.name + (".lock" if what == "lock" else ""), hidden, planter)
    if content is not None:
        hidden.write_text(content)
        hidden.chmod(0o600)
    before = everything(private)
    said = writer.beat(target, user, groups=[GROUP] if user else ())
    assert everything(private) == before
    if what == "lock" and writer.has_folder:  # which has none: the link is a file like any other
        assert said == "" and writer.has(file)
        return
    assert "symbolic link" in said and "Traceback (most recent call last)" not in said[-200:], said


@pytest.mark.parametrize("user", [0, FIRST])
def test_ones_own_link_is_followed(user, writer, common):
    place, elsewhere = folder(common, owner=user, group=user, mode=0o755), folder(common, "elsewhere", user, user, 0o755)
    link(place, "sub", "../elsewhere", user)
    target, _ = writer.target(place / "sub")
    assert writer.beat(target, user) == ""
    assert writer.has(writer.target(elsewhere)[1])
    if not writer.has_folder:
        link(place, "own.json", "later.json", user)
        link(place, "later.json", elsewhere / "real.json", user)
        assert writer.beat(place / "own.json", user) == "" and writer.has(elsewhere / "real.json")
        assert (place / "own.json").is_symlink() and sorted(os.listdir(place)) == ["later.json", "own.json", "sub"]


def test_links_that_go_round_end(writer, common):
    place = folder(common, group=0, mode=0o755)
    link(place, "beats.json", "beats.json", 0)
    link(place, "sub", "sub", 0)
    target, _ = writer.target(place / "sub")
    said = writer.beat(f"{target}/" if writer.has_folder else target)
    assert "Too many levels of symbolic links" in said or "too many symbolic links" in said
    if not writer.has_folder:
        assert "too many symbolic links" in writer.beat(place / "beats.json")


def test_a_hard_link_is_not_written_through(one_file_writer, common):
    place = folder(common, mode=0o1777)
    private = folder(common, "private", FIRST, FIRST, 0o755)
    (private / "mine.json").write_text('{"last_updated": 1, "processes": {}}')
    (private / "mine.json").chmod(0o666)
    os.chown(private / "mine.json", FIRST, FIRST)
    os.link(private / "mine.json", place / "beats.json")
    before = everything(private)
    said = one_file_writer.beat(place / "beats.json", SECOND)
    assert "cannot write" in said and everything(private) == before


# The old file's owner, group and mode; the folder's owner, group and mode; who beats and with which groups; what comes: it is replaced, rewritten in
# place, or refused.
OWNERS = {
    "root keeps a user's file theirs": ((FIRST, FIRST, 0o644), (FIRST, FIRST, 0o755), 0, (), "replaced"),
    "one's own file": ((FIRST, FIRST, 0o640), (FIRST, FIRST, 0o755), FIRST, (), "replaced"),
    "a group's file in a folder of the group": ((FIRST, GROUP, 0o664), (0, GROUP, 0o2775), SECOND, (GROUP,), "replaced"),
    "everybody's file": ((FIRST, FIRST, 0o666), (0, 0, 0o777), SECOND, (), "replaced"),
    "another's file that only they may write": ((FIRST, FIRST, 0o644), (0, 0, 0o777), SECOND, (), "refused"),
    "another's file in a folder of the group": ((FIRST, FIRST, 0o644), (0, GROUP, 0o2775), SECOND, (GROUP,), "refused"),
    "a file of a group that the writer is not in": ((SECOND, GROUP, 0o664), (0, 0, 0o777), SECOND, (), "in place"),
    "a group's file whose owner is not in the group": ((1, GROUP, 0o664), (0, GROUP, 0o2775), SECOND, (GROUP,), "in place"),
    "everybody's file in a sticky folder": ((FIRST, FIRST, 0o666), (0, 0, 0o1777), SECOND, (), "in place"),
    "a group's file in a sticky folder": ((FIRST, GROUP, 0o664), (0, GROUP, 0o3775), SECOND, (GROUP,), "in place"),
    "another's file in a sticky folder": ((FIRST, FIRST, 0o644), (0, 0, 0o1777), SECOND, (), "refused"),
}


@pytest.mark.parametrize("case", OWNERS)
def test_who_could_write_the_file_before_can_write_it_after(case, writer, common):
    (uid, gid, mode), (owner, group, folder_mode), user, groups, expected = OWNERS[case]
    place = folder(common, owner=owner, group=group, mode=folder_mode)
    target, file = writer.target(place)
    old = {"last_heartbeat": time.time(), "status": "alive", "port": 7, "note": "x" * 5000}
    file.write_text(json.dumps(old if writer.has_folder else {"processes": {"mill": old, "other": old}}))
    os.chown(file, uid, gid)
    file.chmod(mode)
    if not writer.has_folder:  # made by whoever came first
        (place / "beats.json.lock").touch()
        (place / "beats.json.lock").chmod(0o666)
    before, inode = file.read_bytes(), file.stat().st_ino
    said = writer.beat(target, user, groups)
    stat = file.stat()
    assert [p for p in os.listdir(place) if "tmp" in p] == []
    if expected == "refused":
        assert file.read_bytes() == before and (stat.st_uid, stat.st_gid, stat.st_mode & 0o777) == (uid, gid, mode)
        assert str(file) in said and ("another name" in said or "by group" in said or "give this user" in said or "belongs to" in said), said
        if writer.kind == "tool, folder":  # which it has already
            assert "/run/heartbeat.d" not in said and "take another name" in said, said
        return
    assert said == "" and writer.has(file)
    assert (stat.st_ino == inode) == (expected == "in place")
    assert stat.st_mode & 0o777 == mode
    assert stat.st_uid == uid or mode & 0o022
    assert stat.st_gid == gid or mode & 0o002
    # The first user's program still writes it in place, as such programs do.
    again = run(*as_user(uid, gid, groups), "sh", "-c", 'echo "{}" > "$1"', "sh", file)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("case", [case for case in OWNERS if case not in ("another's file in a folder of the group", "another's file in a sticky folder")])
def test_who_could_write_a_torn_file_can_write_the_new_one(case, tool_writer, common):
    (uid, gid, mode), (owner, group, folder_mode), user, groups, expected = OWNERS[case]
    place = folder(common, owner=owner, group=group, mode=folder_mode)
    target, file = tool_writer.target(place)
    torn = '{"last_heartbeat": 17' if tool_writer.has_folder else '{"processes": {"a": {"last_heartbeat": 17'
    file.write_text(torn)
    os.chown(file, uid, gid)
    file.chmod(mode)
    os.utime(file, (1e9, 1e9))
    result = tool_writer.run(target, user, groups)
    aside = [p.read_text() for p in place.iterdir() if ".corrupt-" in p.name]
    if expected == "refused":
        assert result.returncode == 1 and file.read_text() == torn and aside == []
        return
    assert result.returncode == 0 and "moved it to" in result.stderr and tool_writer.has(file) and aside == [torn]
    assert file.stat().st_mode & 0o777 == mode and (file.stat().st_uid == uid or mode & 0o022)
    again = run(*as_user(uid, gid, groups), "sh", "-c", 'echo "{}" > "$1"', "sh", file)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o2770])
def test_what_root_makes_in_a_users_folder_keeps_that_user_from_nothing(mode, tool_writer, common):
    """A beat by root, or a prune, into a folder whose owner beats there too."""
    place = folder(common, owner=FIRST, group=FIRST, mode=mode)
    target, file = tool_writer.target(place)
    for _ in range(2):
        assert tool_writer.beat(target, umask="077") == ""
        assert tool_writer.beat(target, FIRST) == ""
    assert {p.stat().st_uid for p in place.iterdir() if not p.name.startswith(".")} == {FIRST}
    if not tool_writer.has_folder:
        (place / "beats.json.lock").unlink()
        assert run(TOOL, "prune", "mill", "--file", file).returncode == 0
        assert tool_writer.beat(target, FIRST) == "" and tool_writer.has(file)


# The folder's group and mode, the umask; the new file's mode.
@pytest.mark.parametrize("umask", ["022", "077"])
@pytest.mark.parametrize("group, mode, expected", [(GROUP, 0o2775, 0o664), (GROUP, 0o775, 0o664), (0, 0o777, 0o666)])
def test_who_may_write_the_folder_beats_into_a_new_file_too(group, mode, expected, umask, one_file_writer, common):
    file = folder(common, group=group, mode=mode) / "beats.json"
    for user in (FIRST, SECOND, FIRST, 0, SECOND):
        assert one_file_writer.beat(file, user, [GROUP] if user else (), umask, name=f"by-{user}") == ""
        # Others may read it as the umask says.
        assert file.stat().st_mode & 0o777 == (expected & ~0o004 if umask == "077" and group else expected) and (file.stat().st_gid == group or mode == 0o777)
    assert sorted(json.loads(file.read_text())["processes"]) == ["by-0", f"by-{FIRST}", f"by-{SECOND}"]


@pytest.mark.parametrize("mode, umask, expected", [(0o755, "022", 0o644), (0o755, "077", 0o600), (0o1777, "022", 0o644), (0o1777, "077", 0o600)])
def test_where_only_the_owner_may_replace_a_new_file_only_the_owner_may_write_it(mode, umask, expected, writer, common):
    place = folder(common, owner=FIRST, group=FIRST, mode=mode)
    target, file = writer.target(place)
    assert writer.beat(target, FIRST, umask=umask) == ""
    assert file.stat().st_mode & 0o777 == expected


def test_a_rewrite_in_place_on_a_full_disk_changes_nothing(writer, common):
    place = folder(common)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs", place], check=True)
    try:
        target, file = writer.target(place)
        old = {"last_heartbeat": time.time(), "note": "x" * 4000}
        file.write_text(json.dumps(old if writer.has_folder else {"processes": {"other": old}})[:-1].ljust(4095) + "}")
        os.chown(file, FIRST, FIRST)
        file.chmod(0o666)
        if not writer.has_folder:
            (place / "beats.json.lock").touch()
            (place / "beats.json.lock").chmod(0o666)
        with pytest.raises(OSError), open(place / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        before = file.read_bytes()
        said = writer.beat(target, SECOND)
        assert "no space left" in said.lower() and "free some space" in said and file.read_bytes() == before
    finally:
        subprocess.run(["umount", place], check=True)


def test_where_no_further_file_fits_the_old_content_stays(writer, common):
    place = folder(common)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=12,mode=1777", "tmpfs", place], check=True)
    try:
        target, file = writer.target(place)
        assert writer.beat(target) == ""
        before = file.read_bytes()
        with pytest.raises(OSError):
            for n in range(100):
                (place / f"filler-{n}").touch()
        said = writer.beat(target)
        assert "no space left on device" in said.lower() and "df -i" in said and file.read_bytes() == before
        (place / "filler-0").unlink()
        assert writer.beat(target) == "" and file.read_bytes() != before
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("mode, group, expected", [(0o755, FIRST, 0o660), (0o2775, GROUP, 0o660), (0o775, GROUP, 0o660), (0o1777, 0, 0o666)])
def test_who_may_write_the_folder_may_lock_and_nobody_else(mode, group, expected, one_file_writer, common):
    place = folder(common, owner=FIRST, group=group, mode=mode)
    for before in (None, 0o644):  # a lock of before is mended
        if before:
            (place / "beats.json.lock").chmod(before)
        assert one_file_writer.beat(place / "beats.json", FIRST, [GROUP], umask="077") == ""
        stat = (place / "beats.json.lock").stat()
        assert (stat.st_mode & 0o777, stat.st_uid) == (expected, FIRST)
        assert stat.st_gid == group or mode == 0o1777
    code = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    locks = run(*as_user(STRANGER), "/usr/bin/python3", "-S", "-c", code, place / "beats.json.lock")
    assert (locks.returncode == 0) == (expected == 0o666)


@pytest.mark.parametrize("mode", [0o600, 0o000])
def test_who_has_taken_the_locks_name_is_named(mode, one_file_writer, common):
    place = folder(common, mode=0o1777)
    (place / "beats.json.lock").touch()
    os.chown(place / "beats.json.lock", FIRST, FIRST)
    (place / "beats.json.lock").chmod(mode)
    said = one_file_writer.beat(place / "beats.json", SECOND)
    assert f"beats.json.lock: it belongs to user {FIRST}, who lets nobody else open it" in said and "/run/heartbeat.d" in said
    (place / "beats.json.lock").unlink()
    link(place, "beats.json.lock", "/etc/passwd", FIRST)
    assert f"is a symbolic link of user {FIRST}" in one_file_writer.beat(place / "beats.json", SECOND)


def test_a_folder_in_the_place_of_the_lock_is_to_be_removed(common):
    place = folder(common)
    (place / "beats.json.lock").mkdir()
    said = Writer("tool, one file", common).beat(place / "beats.json")
    assert f"{place}/beats.json.lock: the lock file is no file of its own: remove it" in said and os.listdir(place) == ["beats.json.lock"]


def test_a_file_by_the_name_of_a_folder_is_called_one(writer, common):
    place = folder(common)
    (place / "beats.d").write_text("{}")
    before = everything(place)
    for path in (place / "beats.d", f"{place}/beats.d/"):
        said = writer.beat(path)
        assert "beats.d" in said and "is no folder, and a path that ends in" in said and "give the file another name" in said
    assert "there is no folder" in writer.beat(place / "beats.d" / "more.d")
    assert everything(place) == before


def test_a_torn_file_whose_time_lies_ahead_silences_nobody(writer, common):
    """The clock was set back, or a neighbour has set the time of the file."""
    place = folder(common)
    target, file = writer.target(place)
    torn = '{"last_heartbeat": 17' if writer.has_folder else '{"processes": {"a": {"last_heartbeat": 17'
    file.write_text(torn)
    os.utime(file, (time.time() + 7200,) * 2)
    assert "moved it to" in writer.warning(target) and writer.has(file)
    assert [p.read_text() for p in place.iterdir() if ".corrupt-" in p.name] == [torn]


def test_who_holds_the_lock_is_named(one_file_writer, common):
    place = folder(common)
    assert one_file_writer.beat(place / "beats.json") == ""
    with open(place / "beats.json.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert f"process {os.getpid()} (" in one_file_writer.beat(place / "beats.json")


@pytest.mark.parametrize("content", ["", "\0" * 50])
def test_a_file_that_holds_nothing_is_taken(content, one_file_writer, common):
    place = folder(common)
    (place / "beats.json").write_text(content)
    os.utime(place / "beats.json", (1e9, 1e9))
    assert one_file_writer.beat(place / "beats.json") == "" and one_file_writer.has(place / "beats.json")
    assert sorted(os.listdir(place)) == ["beats.json", "beats.json.lock"]


TORN = ['{"processes": {"a"', '{"processes": {}}}']


@pytest.mark.parametrize("content", TORN)
def test_a_damaged_file_of_ours_is_moved_aside_and_three_of_these_are_kept(content, one_file_writer, common):
    place = folder(common)
    for n in range(5):
        (place / f"beats.json.corrupt-2020010{n + 1}T000000Z").touch()
    (place / "beats.json").write_text(content)
    os.utime(place / "beats.json", (1e9, 1e9))
    assert "moved it to" in one_file_writer.warning(place / "beats.json")
    aside = sorted(p for p in place.iterdir() if ".corrupt-" in p.name)
    assert [p.name[-16:-12] for p in aside[:2]] == ["2020", "2020"] and aside[0].name.endswith("20200104T000000Z")
    assert len(aside) == 3 and aside[2].read_text() == content and one_file_writer.has(place / "beats.json")


@pytest.mark.parametrize("half", ["", '{"processes": {"careless": {"last_heart'])
def test_a_careless_writer_that_is_held_up_in_the_middle_loses_nothing(half, one_file_writer, beats):
    """It has truncated the file and written half of it when it is held up; then it goes on."""
    whole = json.dumps({"processes": {"careless": {"last_heartbeat": time.time()}, "other": {"last_heartbeat": time.time(), "port": 1}}})
    said = []
    with open(beats, "w") as careless:
        careless.write(half)
        careless.flush()
        ours = threading.Thread(target=lambda: said.append(one_file_writer.beat(beats)))
        ours.start()
        time.sleep(0.5)  # far more than a few quick looks take
        assert beats.read_text() == half
        careless.write(whole[len(half):])
    ours.join()
    assert said == [""]
    assert set(json.loads(beats.read_text())["processes"]) == {"careless", "other", "mill"}
    assert {"heartbeat_status.json", "heartbeat_status.json.lock"} == {p.name for p in beats.parent.iterdir() if p.is_file()}


def test_a_killed_child_of_a_writer_keeps_no_lock(one_file_writer, common):
    """The parent is killed with the lock in its hands, while a forked child that knows nothing of it lives on."""
    place = folder(common)
    code = """
import os, sys, threading, time
from heartbeat_manager import *
from heartbeat_manager import _one_file
inside = threading.Event()
def slow(*_, **__):
    inside.set(); time.sleep(600)
_one_file.replace = slow
threading.Thread(target=lambda: HeartbeatManager(sys.argv[1]).send_heartbeat("slow"), daemon=True).start()
inside.wait()
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(600)
time.sleep(600)
"""
    environment = ENVIRONMENT | {"PYTHONPATH": str(PYTHON)}
    parent = subprocess.Popen(["/usr/bin/python3", "-S", "-c", code, place / "beats.json"], env=environment, stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    try:
        assert f"process {parent.pid} (" in one_file_writer.beat(place / "beats.json")
        parent.kill()
        parent.wait()
        assert one_file_writer.beat(place / "beats.json") == ""
    finally:
        os.kill(child, signal.SIGKILL)
        parent.kill()


@pytest.mark.parametrize("case", OWNERS)
def test_a_damaged_file_is_taken_from_nobody_either(case, client_writer, common):
    (uid, gid, mode), (owner, group, folder_mode), user, groups, expected = OWNERS[case]
    place = folder(common, owner=owner, group=group, mode=folder_mode)
    target, file = client_writer.target(place)
    torn = '{"last_heartbeat": 17' if client_writer.has_folder else '{"processes": {"a": {"last_heartbeat": 17'
    file.write_text(torn)
    os.chown(file, uid, gid)
    file.chmod(mode)
    os.utime(file, (1e9, 1e9))
    if not client_writer.has_folder:
        (place / "beats.json.lock").touch()
        (place / "beats.json.lock").chmod(0o666)
    inode = file.stat().st_ino
    result = client_writer.run(target, user, groups)
    stat = file.stat()
    aside = [p.read_text() for p in place.iterdir() if ".corrupt-" in p.name]
    assert [p for p in os.listdir(place) if "tmp" in p] == []
    if expected == "refused":
        assert result.returncode != 0 and "moved it" not in result.stderr and file.read_text() == torn and aside == []
        return
    assert result.returncode == 0 and "moved it to" in result.stderr and client_writer.has(file) and aside == [torn], result
    assert (stat.st_ino == inode) == (expected == "in place") and stat.st_mode & 0o777 == mode
    assert stat.st_uid == uid or mode & 0o022
    assert stat.st_gid == gid or mode & 0o002


@pytest.mark.parametrize("mode, group", [(0o755, FIRST), (0o700, FIRST), (0o2775, GROUP), (0o777, FIRST)])
def test_root_locks_nobody_out_of_his_own_folder(mode, group, client_writer, common):
    """A beat by root comes first: its lock and its file are for the folder's owner, who beats there too."""
    place = folder(common, owner=FIRST, group=group, mode=mode)
    target, file = client_writer.target(place)
    for user in (0, FIRST, 0, FIRST):
        assert client_writer.beat(target, user, umask="077") == ""
        assert {p.stat().st_uid for p in place.iterdir()} == {FIRST}
    if not client_writer.has_folder:
        assert (place / "beats.json.lock").stat().st_mode & 0o777 == (0o666 if mode & 2 else 0o660)


def test_python_says_of_what_another_user_has_and_it_cannot_remove_whose_it_is(common):
    place = folder(common, mode=0o1777)
    old = time.time() - 10 * 86400  # a beat that makes room would remove it too
    for name, user in (("first", FIRST), ("second", SECOND), ("own", STRANGER)):
        file = place / f"{name}.json"
        file.write_text(json.dumps({"last_heartbeat": old}))
        os.utime(file, (old, old))
        os.chown(file, user, user)
    client = Writer("python, folder", common).client
    code = "import sys; from heartbeat_manager import *; m = HeartbeatManager(sys.argv[1]); print(m.prune(100), end=' '); m.send_heartbeat('own'); print('beat')"

    def prune(user):
        return run(*as_user(user), "/usr/bin/python3", "-S", "-c", code, place, env={"PYTHONPATH": str(client), "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/")

    result = prune(STRANGER)
    said = f"heartbeat: could not remove from {place}: first (its file belongs to user {FIRST}), second (its file belongs to user {SECOND})\n"
    assert (result.stdout, result.stderr) == ("['own'] beat\n", said)  # a beat that makes room says nothing of others
    assert sorted(p.name for p in place.glob("*.json")) == ["first.json", "own.json", "second.json"]


ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


def access_list(owner, users, group, others):
    """An access control list as the kernel takes it; the mask leaves all as it is."""
    nobody = 0xFFFFFFFF
    mask = group | max(users.values())
    entries = [(1, owner, nobody), *((2, rights, user) for user, rights in users.items()), (4, group, nobody), (16, mask, nobody), (32, others, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def may_open(user, file):
    code = "import sys\nfor mode in ('r', 'r+'):\n try: open(sys.argv[1], mode); print(mode)\n except OSError: pass"
    return run(*as_user(user, user, ()), "/usr/bin/python3", "-S", "-c", code, file, cwd="/").stdout.split()


@pytest.fixture(params=["tool, one file", "tool, folder", "python, one file", "python, folder"])
def listing_writer(request, common):
    return Writer(request.param, common)


def test_whom_the_list_of_the_file_names_can_use_it_after_a_beat_and_nobody_else(listing_writer, common):
    place = folder(common, group=0, mode=0o755)
    target, file = listing_writer.target(place)
    assert listing_writer.beat(target) == ""
    os.chown(file, 0, GROUP)
    os.setxattr(file, ACCESS, access_list(6, {FIRST: 6}, 4, 0))
    before = os.getxattr(file, ACCESS)
    assert listing_writer.beat(target) == ""
    assert os.getxattr(file, ACCESS) == before and file.stat().st_gid == GROUP
    assert may_open(FIRST, file) == ["r", "r+"] and may_open(GROUP, file) == ["r"] and may_open(STRANGER, file) == []

    # What the folder has for new files is nothing for one that was there.
    os.removexattr(file, ACCESS)
    os.setxattr(place, DEFAULT, access_list(6, {SECOND: 6}, 4, 0))
    assert listing_writer.beat(target) == ""
    assert ACCESS not in os.listxattr(file) and may_open(SECOND, file) == may_open(STRANGER, file)


@pytest.mark.parametrize("default", [False, True])
def test_whom_the_list_of_the_folder_lets_write_beats_and_its_readers_cannot_lock(default, one_file_writer, common):
    place = folder(common, mode=0o755)
    named = access_list(7, {FIRST: 7, SECOND: 5}, 5, 5)
    os.setxattr(place, ACCESS, named)
    if default:
        os.setxattr(place, DEFAULT, named)
    target, file = one_file_writer.target(place)
    lock = place / f"{file.name}.lock"
    for user in (0, FIRST, 0):
        assert one_file_writer.beat(target, user) == "", user
    assert one_file_writer.beat(target, SECOND) != ""
    assert may_open(FIRST, file) == ["r", "r+"] and may_open(FIRST, lock) == ["r", "r+"]
    for reader in (SECOND, GROUP, STRANGER):
        assert may_open(reader, lock) == [], reader
        assert "r+" not in may_open(reader, file), reader


def test_the_folders_owner_and_who_is_named_beat_in_turns(one_file_writer, common):
    place = folder(common, owner=FIRST, group=FIRST, mode=0o755)
    os.setxattr(place, ACCESS, access_list(7, {SECOND: 7, 0xFFFFFFFE: 7}, 5, 5))
    target, file = one_file_writer.target(place)
    for user in (SECOND, FIRST, SECOND, 0, FIRST):
        assert one_file_writer.beat(target, user, groups=[FIRST]) == "", user
    assert may_open(STRANGER, place / f"{file.name}.lock") == []


def test_whose_group_the_list_gives_nothing_keeps_the_file(one_file_writer, common):
    """Two users of one group: what the mode shows for the group is what the list gives at the most."""
    place = folder(common, owner=FIRST, group=GROUP, mode=0o775)
    target, file = one_file_writer.target(place)
    assert one_file_writer.beat(target, FIRST, groups=[GROUP]) == ""
    os.chown(file, FIRST, GROUP)
    os.setxattr(file, ACCESS, access_list(6, {SECOND: 6}, 0, 0))
    for user in (SECOND, FIRST):
        assert one_file_writer.beat(target, user, groups=[GROUP]) == "", user
    assert may_open(SECOND, file) == ["r", "r+"] and may_open(GROUP, file) == []


def test_under_a_mask_that_takes_all_the_maker_goes_on(writer, common):
    place = folder(common, owner=FIRST, group=FIRST, mode=0o700)
    target, file = writer.target(place)
    for _ in range(2):
        assert writer.beat(target, FIRST, umask="777") == ""
    assert file.stat().st_mode & 0o777 == 0o600


def test_in_a_container_whom_a_list_names_may_have_no_number(one_file_writer, common):
    """A rootless container with a mounted folder: of all users it knows its own root."""
    place = folder(common, group=0, mode=0o755)
    os.setxattr(place, ACCESS, access_list(7, {FIRST: 7}, 5, 5))
    target, file = one_file_writer.target(place)
    for _ in range(2):
        assert one_file_writer.beat(target, within=["unshare", "--user", "--map-root-user"]) == ""
    assert one_file_writer.has(file)


def test_a_list_that_nobody_can_read_is_not_taken_for_none(one_file_writer, common):
    """With so few descriptors that the old file cannot be looked at again, a beat fails or the list stays."""
    place = folder(common, group=0, mode=0o755)
    target, file = one_file_writer.target(place)
    assert one_file_writer.beat(target) == ""
    os.setxattr(file, ACCESS, access_list(6, {FIRST: 6}, 0, 0))
    before, outcomes = os.getxattr(file, ACCESS), set()
    for limit in range(4, 16):
        outcomes.add(one_file_writer.run(target, within=["prlimit", f"--nofile={limit}"]).returncode == 0)
        assert os.getxattr(file, ACCESS) == before, limit
    assert outcomes == {False, True}
