"""Whose a file is: Tests/Fixtures/writers has what a writer meets, by what it must take it for. The Swift library has the same table in its own
tests; here are the Python client (one file and folder) and the Node client (folder; its one file is the tool's)."""

import json
import os
import shutil

import pytest

from support import ROOT, TOOL, run
from support.clients import NODE, PYTHON

TABLE = ROOT / "Tests" / "Fixtures" / "writers"
PYTHON_BEATS = """
import json, sys
from heartbeat_manager import *
for target in json.load(sys.stdin):
    said = []
    try: HeartbeatManager(target, raises=True, retention=0, warn=said.append).send_heartbeat("press", {"n": 1})
    except HeartbeatError as error: print(json.dumps([error.cause, str(error)]))
    else: print(json.dumps(["written", " ".join(said)]))
"""
NODE_BEATS = f"""
const {{ HeartbeatManager }} = require({str(NODE)!r});
const said = [];
console.error = (text) => said.push(text);
(async () => {{
  for (const target of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {{
    said.length = 0;
    await new HeartbeatManager(target, {{ throws: true, retention: 0 }}).sendHeartbeat('press', {{ n: 1 }}).then(
      () => console.log(JSON.stringify(['written', said.join(' ')])), (error) => console.log(JSON.stringify([error.code, error.message])));
  }}
}})();
"""
WRITERS = {
    "python, one file": ("one-file", ["/usr/bin/python3", "-S", "-c", PYTHON_BEATS]), "python, folder": ("own-file", ["/usr/bin/python3", "-S", "-c", PYTHON_BEATS]),
    "node, folder": ("own-file", ["node", "-e", NODE_BEATS]),
}  # fmt: skip


def entry_of(file, kind):
    content = json.loads(file.read_text(encoding="utf-8-sig"), parse_int=lambda digits: int(digits) if len(digits) < 20 else digits)
    return content if kind == "own-file" else content["processes"]["press"]


def silences_of(file):
    """Who is silenced: a beat does not end a maintenance."""
    return json.loads(file.read_text(encoding="utf-8-sig") or "{}", parse_int=str).get("silences")


@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_not_surely_ours_is_left_as_it_is(writer, tmp_path):
    kind, program = WRITERS[writer]
    met = sorted(path for path in (TABLE / kind).rglob("*") if path.is_file())
    assert {path.parent.name for path in met} == {"ours", "foreign", "torn"} and len(met) > 50
    files = []
    for path in met:
        folder = tmp_path / f"{path.parent.name}-{path.name}"
        folder.mkdir()
        files.append(folder / "press.json")
        shutil.copyfile(path, files[-1])
        os.utime(files[-1], (1e9, 1e9))  # nobody is writing it any more
    targets = json.dumps([str(file if kind == "one-file" else file.parent) for file in files])
    result = run(*program, input=targets, env={"PYTHONPATH": str(PYTHON), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"})
    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(met)
    wrong = []
    for path, file, (cause, said) in zip(met, files, answers):
        names = sorted(p.name for p in file.parent.iterdir() if p.name != "press.json.lock")
        aside = [p for p in file.parent.iterdir() if ".corrupt-" in p.name]
        if path.parent.name == "foreign":
            right = (cause == "foreign" and "left as it is" in said and file.read_bytes() == path.read_bytes()
                     and [p.name for p in file.parent.iterdir()] == ["press.json"])
        elif path.parent.name == "ours":
            right = (cause == "written" and said == "" and entry_of(file, kind)["additional_data"] == {"n": 1} and names == ["press.json"]
                     and silences_of(file) == silences_of(path))
        else:
            right = (cause == "written" and "moved it to" in said and entry_of(file, kind)["additional_data"] == {"n": 1}
                     and [p.read_bytes() for p in aside] == [path.read_bytes()] and len(names) == 2)
        if not right:
            wrong.append((path.parent.name, path.name, cause, said, names))
    assert wrong == []


@pytest.mark.parametrize("name", ["package-with-empty-processes", "products-with-last-updated", "procfile", "pm2-dump", "geojson", "shell-group"])
def test_the_tool_says_what_to_do_and_leaves_the_file(name, tmp_path):
    file = tmp_path / "x.json"
    shutil.copyfile(TABLE / "one-file" / "foreign" / name, file)
    before = file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino
    for arguments in (["send", "press", "--file", file], ["prune", "--older-than", "1s", "--file", file], ["prune", "web", "--file", file]):
        result = run(TOOL, *arguments)
        assert result.returncode != 0 and "left as it is; name another file (HEARTBEAT_FILE)" in result.stderr, (arguments, result)
    assert (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) == before and os.listdir(tmp_path) == ["x.json"]
