"""The examples of docs/other-languages.md in bash, Perl, Ruby and PHP, run as they stand there but for their addresses."""

import json
import re
import shutil
import socket
import subprocess
import time

import pytest

from support import AS_ROOT, ROOT, free_port, run

TEXT = (ROOT / "docs" / "other-languages.md").read_text()
# As strict as a program can be: each of these ends it at the first mishap that is not caught. And nobody but its user may read what it makes.
PRIVATE = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
RUNNERS = {
    "bash": [*PRIVATE, "bash", "-euCE", "-o", "pipefail", "-c"],
    "perl": [*PRIVATE, "perl", "-Mwarnings=FATAL,all", "-Mautodie", "-wE"],
    "ruby": [*PRIVATE, "ruby", "-W", "-e"],
    "php": [*PRIVATE, "php", "-d", "display_errors=stderr", "-r"],
}
BEGINS = {
    "bash": "trap 'echo ended by an error; exit 1' ERR\n",
    "perl": "local $SIG{__DIE__} = sub { print 'ended by an error'; exit 1 };\n",
    "ruby": "",
    "php": "set_error_handler(function ($n, $text) { throw new ErrorException($text); });\n",
}
GOES_ON = {"bash": "\necho on", "perl": "\nprint 'on';", "ruby": "\nputs 'on'", "php": "\necho 'on';"}


def blocks(language):
    found = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert len(found) == 2, "one into a folder, one by push"
    return [block.removeprefix("<?php\n") for block in found]


@pytest.mark.parametrize("language", RUNNERS)
def test_into_a_folder(language, tmp_path):
    assert shutil.which(language)
    folder = tmp_path / "beats.d"
    folder.mkdir()
    for _ in range(2):  # a new file, and one in the place of the old
        result = run(*RUNNERS[language], BEGINS[language] + blocks(language)[0].replace("/run/heartbeat.d", str(folder)))
        assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
        (file,) = folder.iterdir()
        assert file.name == ("backup.json" if language == "bash" else "worker.json")
        entry = json.loads(file.read_text())
        assert abs(time.time() - entry["last_heartbeat"]) < 60 and entry["pid"] > 1
        assert entry["status"] == ("copying" if language == "bash" else "alive")
        assert language == "bash" or entry["additional_data"] == {"offset": 140}
        assert file.stat().st_mode & 0o777 == 0o644


def pushing_to(port, language, socket=None):
    program = blocks(language)[1].replace("localhost:9464", f"127.0.0.1:{port}").replace('"localhost", 9464', f'"127.0.0.1", {port}')
    if socket:
        return program.replace("/run/heartbeat/push.sock", str(socket))
    return program.replace("--unix-socket /run/heartbeat/push.sock", "").replace("http://localhost/", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("language", RUNNERS)
def test_by_push(language, exporter, beats, tmp_path):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated", f"--push.socket={tmp_path / 'push.sock'}")
    result = run(*RUNNERS[language], BEGINS[language] + pushing_to(e.port, language, tmp_path / "push.sock"))
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
    entry = json.loads(beats.read_text())["processes"]["backup" if language == "bash" else "worker"]
    assert entry["pid"] > 1 and (language == "bash" or entry["additional_data"] == {"offset": 140})


@pytest.fixture
def mishap(request, tmp_path):
    """A place in which no beat can be written, and what lies there."""
    folder = tmp_path / "beats.d"
    if request.param == "no folder":
        yield folder, None
        return
    folder.mkdir()
    size = "nr_inodes=2" if request.param == "no inodes" else "size=8k"
    subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", f"{size},mode=1777", "tmpfs", folder], check=True)
    try:
        names = {"filler"} if request.param != "a name that is taken" else {"backup.json", "worker.json"}
        if request.param == "a name that is taken":  # the temporary file is written, and cannot be renamed
            for name in names:
                (folder / name).mkdir()
        else:
            with open(folder / "filler", "wb", buffering=0) as filler:
                filler.write(b"x" * 8192)
        if request.param == "read-only":
            subprocess.run([*AS_ROOT, "mount", "-o", "remount,ro", folder], check=True)
        yield folder, names
    finally:
        subprocess.run([*AS_ROOT, "umount", "--lazy", folder], check=True)


def harmless(language, program):
    result = run(*RUNNERS[language], BEGINS[language] + program + GOES_ON[language])
    assert (result.returncode, result.stdout.strip()) == (0, "on"), result
    assert 0 < len(result.stderr) < 1000, "what went wrong is said"


@pytest.mark.parametrize("mishap", ["no folder", "full disk", "no inodes", "read-only", "a name that is taken"], indirect=True)
@pytest.mark.parametrize("language", RUNNERS)
def test_a_folder_that_cannot_be_written_ends_no_program_and_no_file_stays(language, mishap):
    folder, names = mishap
    harmless(language, blocks(language)[0].replace("/run/heartbeat.d", str(folder)))
    assert names is None and not folder.exists() or {path.name for path in folder.iterdir()} == names


@pytest.mark.parametrize("language", RUNNERS)
def test_an_exporter_that_is_down_or_refuses_ends_no_program(language, exporter, tmp_path):
    for port in (free_port(), exporter().port):  # nobody is there; pushes are not allowed
        harmless(language, pushing_to(port, language))


@pytest.mark.parametrize("language", RUNNERS)
def test_an_exporter_that_never_answers_holds_no_program_for_long(language):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        harmless(language, pushing_to(silent.getsockname()[1], language))
