"""The scripts of the repository, as somebody meets them on a machine where nothing is installed or built yet."""

import os
import shutil
import signal
import subprocess

import pytest

from support import LIMIT, ROOT, eventually, run

SCRIPTS = [p for folder in ("scripts", "Benchmarks", "Benchmarks/*") for p in sorted(ROOT.glob(f"{folder}/*")) if p.is_file() and os.access(p, os.X_OK)]


@pytest.fixture
def bare(tmp_path):
    """A PATH without swift, apt-get or sudo: whoever would build or install fails there."""
    for name in ("bash", "env", "cat", "sed", "dirname", "readlink", "uname", "id", "mkdir", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name))
    (tmp_path / "python3").symlink_to("/usr/bin/python3")
    return {"PATH": str(tmp_path)}


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_each_script_says_what_it_does_before_it_builds_or_installs_anything(bare, flag):
    assert {"scripts/run", "scripts/test", "scripts/mutate", "Benchmarks/writers/run"} <= {str(p.relative_to(ROOT)) for p in SCRIPTS}
    for script in SCRIPTS:
        result = run(script, flag, env=bare)
        assert (result.returncode, result.stderr) == (0, ""), script
        assert str(script.relative_to(ROOT)) in result.stdout, script


@pytest.mark.parametrize("arguments", [("test", "lint", "unitt"), ("test", "--fast"), ("build-deb", "--fast"), ("fuzz", "nothing"), ("check-traps", "nothing")])
def test_a_wrong_argument_is_told_before_anything_is_built(bare, arguments):
    result = run(ROOT / "scripts" / arguments[0], *arguments[1:], env=bare)
    assert result.returncode == 1 and arguments[-1] in result.stderr, result


LONG = """
set -euo pipefail
ROOT=$1
source "$2/scripts/lib.bash"
source "$2/scripts/jobs.bash"
notes() { echo $BASHPID >>"$ROOT/pids"; }
waits() { notes; bash -c 'echo $$ >>"$0/pids"; sleep 1000; true' "$ROOT"; true; }
beside "a job" waits
part "a part" waits
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_leaves_nothing_behind_neither_of_its_jobs_nor_of_what_it_waits_for(tmp_path, sent):
    (tmp_path / ".build").mkdir()
    pids = tmp_path / "pids"
    # Ignored signals are inherited, and bash does not take them back.
    process = subprocess.Popen(["bash", "-c", LONG, "test", tmp_path, ROOT], preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL), stderr=subprocess.DEVNULL)
    eventually(lambda: pids.exists() and len(pids.read_text().split()) == 4, "the job and the part run")
    process.send_signal(sent)
    assert process.wait(timeout=LIMIT) in (-sent, 128 + sent)
    # They were told to end, and do so a moment later.
    eventually(lambda: not [pid for pid in pids.read_text().split() if os.path.exists(f"/proc/{pid}")], "all have ended", 10)
