"""docs/troubleshooting.md: its commands are run as they stand there, and say what it says that they say."""

import getpass
import re
import subprocess

from support import BIN, ENVIRONMENT, LIMIT, ROOT

TEXT = (ROOT / "docs" / "troubleshooting.md").read_text()


def commands():
    """[(command, what it prints)] of the boxes."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.S):
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            found.append((command, output))
    return found


def same(text):
    """Ages, pids and the width of columns differ from run to run."""
    text = re.sub(r"\b\d+(\.\d+)?s\b", "AGE", text.replace(getpass.getuser(), "root"))
    return [re.sub(r"\b\d+\b", "N", " ".join(line.split())) for line in text.splitlines()]


def test_the_commands_say_what_the_document_says(tmp_path):
    environment = ENVIRONMENT | {"PATH": f"{BIN}:{ENVIRONMENT['PATH']}"}
    found = commands()
    assert len(found) >= 6
    for command, expected in found:
        result = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT)
        assert same(result.stdout + result.stderr) == same(expected), command
