"""A folder in the place of the file, written by the tool (the Swift library), the Python and the Node client alike: the names, what is kept, what is refused."""

import itertools
import json
import os
import threading
import time

import pytest

from support import TOOL, run
from support.clients import node, python


def names(folder):
    """What is in a folder, but for the mark of the Swift library, which says when somebody last looked for old files."""
    return sorted(name for name in os.listdir(folder) if not name.startswith(".heartbeat-swept-"))


def python_beats(folder, name, data="{}", status="None", **more):
    code = f"from heartbeat_manager import *; HeartbeatManager({str(folder)!r}, raises=True).send_heartbeat({name}, {data}, {status}, interval=30)"
    result = python(code, **more)
    return "" if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


def node_beats(folder, name, data="{}", status="undefined", **more):
    data = data.replace("None", "null")
    code = f"await new h.HeartbeatManager({str(folder)!r}, {{ throws: true }}).sendHeartbeat({name}, {data}, {{ status: {status}, interval: 30 }});"
    return node(code, env={"HEARTBEAT_TOOL": "/nowhere"}, **more)


def tool_beats(folder, name, data="{}", status="None", **more):
    data, status = eval(data), eval(status)
    options = ["--json", json.dumps(data)] if data is not None else []
    options += ["--status", status] if status else []
    result = run(TOOL, "send", eval(name), "--file", folder, "--interval", "30s", *options, **more)
    return "" if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


BEATS = {"tool": tool_beats, "python": python_beats, "node": node_beats}


@pytest.fixture(params=BEATS)
def beat(request):
    """One beat by a client; the sentence of what went wrong, or nothing."""
    return BEATS[request.param]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "beats.d"
    path.mkdir()
    return path


# The table of docs/file-format.md: a process's name and its file.
NAMES = {
    "bidder": "bidder.json", "a/b": "a%2Fb.json", "100%": "100%25.json", ".": "%2E.json", "..": "%2E..json", ".hidden": "%2Ehidden.json",
    "a.b": "a.b.json", "a.json": "a.json.json", "Bidder": "Bidder.json", "tab\there": "tab%09here.json", "line\nhere": "line%0Ahere.json",
    "\u007f": "%7F.json", "\0": "%00.json", "é": "é.json", "e\u0301": "e\u0301.json", "世界 🎉": "世界 🎉.json", " ": " .json", "-": "-.json", "*": "*.json", "\\": "\\.json",
    "%41": "%2541.json", "x" * 250: "x" * 250 + ".json", "é" * 125: "é" * 125 + ".json", "/" * 83: "%2F" * 83 + ".json", "__proto__": "__proto__.json",
    "\u0085": "\u0085.json",
}  # fmt: skip


def test_every_name_has_one_file_that_all_write_and_read(folder):
    wanted = json.dumps(list(NAMES))
    python_code = f"""
import json
from heartbeat_manager import *
manager = HeartbeatManager({str(folder)!r}, raises=True)
for name in json.loads({wanted!r}): manager.send_heartbeat(name, {{"by": "python"}})
"""
    node_code = f"""
const manager = new h.HeartbeatManager({str(folder)!r}, {{ throws: true }});
for (const name of {wanted}) await manager.sendHeartbeat(name, {{ by: 'node' }});
"""

    def tool():
        for name in NAMES:
            # No argument of a program can hold a zero byte.
            data = "by=tool"
            if name == "\0":
                python(f"from heartbeat_manager import *; HeartbeatManager({str(folder)!r}, raises=True).send_heartbeat('\\0', {{'by': 'tool'}})")
            else:
                assert run(TOOL, "send", "--file", folder, "--data", data, "--", name).returncode == 0

    for write, by in ((lambda: python(python_code), "python"), (lambda: node(node_code), "node"), (tool, "tool")):
        for file in folder.iterdir():
            file.unlink()
        write()
        assert names(folder) == sorted(NAMES.values())
        read = python(f"from heartbeat_manager import *; import json; print(json.dumps({{k: v['additional_data'] for k, v in HeartbeatManager({str(folder)!r}, raises=True).all_heartbeats().items()}}))")
        assert json.loads(read.stdout) == {name: {"by": by} for name in NAMES}, read.stderr
        read = node(f"""
          const m = new h.HeartbeatManager({str(folder)!r}, {{ throws: true }});
          const all = await m.allHeartbeats();
          for (const name of {wanted}) if (!(await m.isProcessAlive(name, 3600))) console.log('not alive', name);
          console.log(JSON.stringify(Object.entries(all).map(([name, entry]) => [name, entry.additional_data.by])));
        """)  # fmt: skip
        assert dict(json.loads(read)) == {name: by for name in NAMES}


@pytest.mark.parametrize("name", ['"x" * 251', '"é" * 126', '"/" * 84', '"\\ud800"', '""'])
def test_a_name_that_no_file_can_have_is_refused(beat, name, folder):
    if beat is tool_beats and "ud800" in name:
        name = '"%" * 84'  # an argument of a program is bytes
    if beat is node_beats:
        name = name.replace('" * ', '".repeat(') + (")" if "*" in name else "")
    said = beat(folder, name)
    assert "cannot beat" in said and ("250" in said or "Unicode" in said or "empty" in said)
    assert list(folder.iterdir()) == []


def test_file_names_that_no_writer_makes_are_not_read(folder):
    entry = json.dumps({"last_heartbeat": time.time()})
    for name in ("%41.json", "%2fb.json", ".hidden.json", "a%2.json", "plain", "a.json.tmp", "a.json.corrupt-20240229T120000Z", ".json", "right.json"):
        (folder / name).write_text(entry)
    (folder / "list.json").write_text("[1]")
    (folder / "package.json").write_text('{"name": "x"}')
    (folder / "torn.json").write_text('{"last_heartbeat": 1')
    (folder / "deep.json").write_text('{"last_heartbeat": ' + "[" * 100_000)
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "link.json").symlink_to("right.json")
    (folder / "nan.json").write_text('{"last_heartbeat": %r, "ratio": NaN, "city": "NaN"}' % time.time())
    with open(folder / "large.json", "wb") as large:
        large.truncate(5 << 20)
    read = python(f"from heartbeat_manager import *; print(sorted(HeartbeatManager({str(folder)!r}, raises=True).all_heartbeats()))")
    assert read.stdout == "['nan', 'right']\n", read
    code = f"console.log(JSON.stringify(await new h.HeartbeatManager({str(folder)!r}, {{ throws: true }}).allHeartbeats()));"
    found = json.loads(node(code))
    assert sorted(found) == ["nan", "right"] and (found["nan"]["ratio"], found["nan"]["city"]) == (None, "NaN")


def test_the_entry_is_the_root_object(beat, folder):
    assert beat(folder, '"a"', '{"n": 1.5, "pid": 7, "deep": {"x": [1, None]}}', '"busy"') == ""
    entry = json.loads((folder / "a.json").read_text())
    assert list(entry) == ["last_heartbeat", "last_heartbeat_formatted", "pid", "status", "interval", "additional_data"]
    assert (entry["pid"], entry["status"], entry["interval"]) == (7, "busy", 30)
    assert entry["additional_data"] == {"n": 1.5, "deep": {"x": [1, None]}} and abs(time.time() - entry["last_heartbeat"]) < 600
    assert time.strptime(entry["last_heartbeat_formatted"], "%Y-%m-%d %H:%M:%S")
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o644 and names(folder) == ["a.json"]


def test_what_others_put_into_the_file_stays_byte_for_byte(beat, folder):
    digits, text = "7" * 5000, '{"last_heartbeat": 5, "modulus": %s, "é": [1.10, 1e999, "}\\"{"], "x":{ "NaN":1 }, "offset": 3, "additional_data": {"kept": 1.0}}'
    (folder / "a.json").write_text(text % digits)
    (folder / "a.json").chmod(0o640)
    assert beat(folder, '"a"', "None") == ""
    written = (folder / "a.json").read_text()
    for part in (f'"modulus": {digits},', '"é": [1.10, 1e999, "}\\"{"],', '"x": { "NaN":1 }', '"offset": 3', '"additional_data": {"kept": 1.0}'):
        assert part in written, part
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o640
    assert beat(folder, '"a"', '{"é": 2, "offset": 4}') == ""
    entry = json.loads((folder / "a.json").read_text(), parse_int=str)
    assert "offset" not in entry and "é" not in entry and entry["additional_data"] == {"é": "2", "offset": "4"} and entry["x"] == {"NaN": "1"}


def test_a_file_that_is_empty_is_filled_and_one_that_is_damaged_moved_aside(beat, folder):
    for name, content in (("empty", ""), ("zeros", "\0" * 100), ("torn", '{"last_heartbeat": 17')):
        (folder / f"{name}.json").write_text(content)
        os.utime(folder / f"{name}.json", (1e9, 1e9))
        assert beat(folder, f'"{name}"') == ""
        assert json.loads((folder / f"{name}.json").read_text())["status"] == "alive"
    aside = [p for p in folder.iterdir() if ".corrupt-" in p.name]
    assert [p.read_text() for p in aside] == ['{"last_heartbeat": 17']
    for n in (*range(2, 6), 10):
        (folder / f"torn.json.corrupt-20200105T000000Z-{n}").touch()
    (folder / "torn.json.corrupt-mine").touch()
    (folder / "torn.json").write_text('{"last_heartbeat": 18')
    os.utime(folder / "torn.json", (1e9, 1e9))
    assert beat(folder, '"torn"') == ""
    kept = sorted(p.name for p in folder.iterdir() if ".corrupt-2" in p.name)
    assert len(kept) == 3 and kept[0] == "torn.json.corrupt-20200105T000000Z-10" and (folder / "torn.json.corrupt-mine").exists()


@pytest.mark.parametrize("client", ["python", "node"])
@pytest.mark.parametrize("name", ["torn", "x" * 221, "x" * 222, "x" * 250])
def test_of_damaged_files_the_youngest_are_kept_also_of_one_second_and_of_a_long_name(name, client, folder):
    file = folder / f"{name}.json"
    prefix = (file.name if len(name) < 222 else ".heartbeat") + ".corrupt-"

    def kept_after(torn):
        file.write_text('{"last_heartbeat": %d' % torn)
        os.utime(file, (1e9, 1e9))
        assert BEATS[client](folder, json.dumps(name)) == ""
        return sorted(p.read_text()[19:] for p in folder.iterdir() if p.name.startswith(prefix))

    for older in ("20200105T000000Z", "20200105T000000Z-2"):
        (folder / (prefix + older)).write_text('{"last_heartbeat": 1')
    assert [kept_after(n) for n in range(11, 18)][2:] == [[str(n - 2), str(n - 1), str(n)] for n in range(13, 18)]
    for number in range(2, 5):  # of before the clock was set back
        (folder / f"{prefix}29991231T235959Z-{number}").write_text('{"last_heartbeat": 9%d' % number)
    assert kept_after(18) == ["18", "93", "94"]


def test_a_torn_file_that_is_being_written_is_not_moved_aside(beat, folder):
    file, ended = folder / "a.json", threading.Event()
    file.write_text('{"last_heartbeat": 17')

    def writes_on():
        for n in itertools.count():
            if ended.wait(0.01):
                return
            os.utime(file, (time.time() + n % 2,) * 2)  # young, however slow this machine is

    careless = threading.Thread(target=writes_on)
    careless.start()
    try:
        assert "is being written" in beat(folder, '"a"')
    finally:
        ended.set()
        careless.join()
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"a.json": '{"last_heartbeat": 17'}


def test_old_entries_and_temporary_files_of_the_dead_are_swept_and_nothing_else(beat, folder):
    day = time.time() - 90_000
    files = {
        "old.json": json.dumps({"last_heartbeat": day}), "young.json": json.dumps({"last_heartbeat": time.time()}), "no_time.json": '{"last_heartbeat": null}',
        ".heartbeat-tmp-0123456789abcdef": "", ".heartbeat-tmp-Xy7": "", ".heartbeat-tmp-ahead": "", "old_ahead.json": json.dumps({"last_heartbeat": day}), ".other-tmp-0": "", "notes.txt": "", "package.json": "{}", "young_file.json": json.dumps({"last_heartbeat": day}),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_text(content)
        if "ahead" in name:  # of before the clock was set back
            os.utime(folder / name, (time.time() + 90_000,) * 2)
        elif name != "young_file.json":
            os.utime(folder / name, (day, day))
    assert beat(folder, '"a"') == ""
    assert set(names(folder)) == {"a.json", *files} - {"old.json", "old_ahead.json", ".heartbeat-tmp-0123456789abcdef", ".heartbeat-tmp-Xy7", ".heartbeat-tmp-ahead"}


def test_a_process_that_beats_seldom_keeps_its_own_file(beat, folder):
    """The clean-up of what is old comes with the very beat that needs the old file."""
    week = time.time() - 7 * 86_400
    for name in ("weekly", "other"):
        (folder / f"{name}.json").write_text(json.dumps({"last_heartbeat": week, "note": "kept", "additional_data": {"total": 7}}))
        (folder / f"{name}.json").chmod(0o640)
        os.utime(folder / f"{name}.json", (week, week))
    assert beat(folder, '"weekly"', "None") == ""
    entry = json.loads((folder / "weekly.json").read_text())
    assert (entry["note"], entry["additional_data"]) == ("kept", {"total": 7}) and entry["last_heartbeat"] > week
    assert (folder / "weekly.json").stat().st_mode & 0o777 == 0o640 and names(folder) == ["weekly.json"]


LISTED = {
    "python": """
import os
from heartbeat_manager import *
def beat(name): HeartbeatManager({path!r}, raises=True).send_heartbeat(name)
beat("a")
def fail(*_): raise AssertionError("listed")
os.listdir = os.scandir = fail
for n in range(100): beat("b" + str(n))
""",
    "node": """
const fs = require('node:fs/promises');
const beat = (name) => new h.HeartbeatManager({path!r}, {{ throws: true }}).sendHeartbeat(name);
await beat('a');
fs.readdir = () => {{ console.log('listed'); return Promise.resolve([]); }};
for (let n = 0; n < 100; n++) await beat('b' + n);
""",
}


@pytest.mark.parametrize("language", LISTED)
def test_a_beat_does_not_list_the_folder_nor_does_a_manager_made_anew_for_each(language, folder):
    code = LISTED[language].format(path=str(folder))
    if language == "node":
        assert node(code, env={"HEARTBEAT_TOOL": "/nowhere"}) == ""
    else:
        result = python(code)
        assert result.returncode == 0, result.stderr


def test_the_tool_lists_a_folder_once_an_hour_whoever_beats(folder):
    def looks(name):
        old = folder / ".heartbeat-tmp-Xy7"
        old.touch()
        os.utime(old, (1e9, 1e9))
        assert run(TOOL, "send", name, "--file", folder).returncode == 0
        return not old.exists()

    assert [looks(name) for name in ("first", "first", "second", "third")] == [True, False, False, False]
    (mark,) = folder.glob(".heartbeat-swept-*")
    assert mark.name == f".heartbeat-swept-{os.geteuid()}" and mark.stat().st_mode & 0o777 == 0o600
    for age in (3700, -60, -3700):  # the clock was set back
        os.utime(mark, (time.time() - age,) * 2)
        assert [looks(name) for name in ("second", f"new-{age}")] == [True, False]


def test_a_folder_that_is_not_there_is_asked_for_and_not_made(beat, tmp_path):
    for path in (tmp_path / "later.d", f"{tmp_path}/later/"):
        assert "install -d -m 1777" in beat(path, '"a"')
    assert list(tmp_path.iterdir()) == []
    assert python(f"from heartbeat_manager import *; print(HeartbeatManager({str(tmp_path / 'later.d')!r}, raises=True).all_heartbeats())").stdout == "{}\n"
    assert node(f"console.log(JSON.stringify(await new h.HeartbeatManager({str(tmp_path / 'later.d')!r}, {{ throws: true }}).allHeartbeats()));") == "{}"


def test_prune_removes_by_the_time_in_the_file(folder):
    (folder / "old.json").write_text(json.dumps({"last_heartbeat": time.time() - 100}))
    (folder / "young.json").write_text(json.dumps({"last_heartbeat": time.time()}))
    code = f"""
from heartbeat_manager import *
m = HeartbeatManager({str(folder)!r}, raises=True)
print(m.prune(50, dry_run=True), sorted(m.all_heartbeats()), m.prune(50), sorted(m.all_heartbeats()))
m.cleanup_old_processes(0)
print(m.read_heartbeat_data()["processes"])
"""
    result = python(code)
    assert result.stdout == "['old'] ['old', 'young'] ['old'] ['young']\n{}\n", result.stderr


def test_a_process_that_beats_again_while_it_is_removed_is_put_back(folder):
    code = f"""
import json, os, time
from heartbeat_manager import *
from heartbeat_manager import _folder
manager = HeartbeatManager({str(folder)!r}, raises=True)
manager.send_heartbeat("first")
rename, met = _folder.Place.rename, []
def late(place, old, new):
    if old == "back.json":  # the moment before it is moved away, its process beats
        met.append(1)
        open(os.path.join({str(folder)!r}, old), "w").write(json.dumps({{"last_heartbeat": time.time(), "n": 7}}))
    rename(place, old, new)
open(os.path.join({str(folder)!r}, "back.json"), "w").write('{{"last_heartbeat": 5}}')
_folder.Place.rename = late
print(manager.prune(50), met, manager.get_process_status("back")["n"], sorted(os.listdir({str(folder)!r})))
"""
    result = python(code)
    assert result.stdout == "[] [1] 7 ['back.json', 'first.json']\n", result.stderr
