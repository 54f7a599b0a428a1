"""The examples of docs/other-languages.md in bash, Perl, Ruby and PHP, run as they stand there but for their addresses."""

import json
import re
import shutil
import time

import pytest

from support import ROOT, run

TEXT = (ROOT / "docs" / "other-languages.md").read_text()
RUNNERS = {"bash": ["bash", "-eu", "-c"], "perl": ["perl", "-wE"], "ruby": ["ruby", "-W", "-e"], "php": ["php", "-r"]}


def blocks(language):
    found = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert len(found) == 2, "one into a folder, one by push"
    return [block.removeprefix("<?php\n") for block in found]


@pytest.mark.parametrize("language", RUNNERS)
def test_into_a_folder(language, tmp_path):
    assert shutil.which(RUNNERS[language][0])
    folder = tmp_path / "beats.d"
    folder.mkdir()
    for _ in range(2):  # a new file, and one in the place of the old
        result = run(*RUNNERS[language], blocks(language)[0].replace("/run/heartbeat.d", str(folder)))
        assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
        (file,) = folder.iterdir()
        assert file.name == ("backup.json" if language == "bash" else "worker.json")
        entry = json.loads(file.read_text())
        assert abs(time.time() - entry["last_heartbeat"]) < 60 and entry["pid"] > 1
        assert entry["status"] == ("copying" if language == "bash" else "alive")
        assert language == "bash" or entry["additional_data"] == {"offset": 140}
        assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("language", RUNNERS)
def test_by_push(language, exporter, beats, tmp_path):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated", f"--push.socket={tmp_path / 'push.sock'}")
    program = blocks(language)[1].replace("/run/heartbeat/push.sock", str(tmp_path / "push.sock")).replace("localhost:9464", f"127.0.0.1:{e.port}")
    result = run(*RUNNERS[language], program)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
    entry = json.loads(beats.read_text())["processes"]["backup" if language == "bash" else "worker"]
    assert entry["pid"] > 1 and (language == "bash" or entry["additional_data"] == {"offset": 140})
