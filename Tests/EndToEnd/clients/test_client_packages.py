"""What is handed out: wheel, sdist, npm's package; types that the checkers agree with; the oldest Python."""

import ast
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from support import ROOT, run
from support.clients import NODE, PYTHON

LICENSE = (ROOT / "LICENSE").read_bytes()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist, made of a copy: building leaves folders beside the source."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run(["cp", "-r", PYTHON, folder / "source"], check=True)
    result = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "source", timeout=300)
    assert result.returncode == 0, result.stderr + result.stdout
    (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


def test_wheel_and_sdist_have_the_licence_and_the_mark_of_types(built):
    wheel, sdist = built
    modules = {f"heartbeat_manager/{p.name}" for p in (PYTHON / "heartbeat_manager").iterdir() if p.suffix in (".py", ".typed")}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert modules <= set(names) and "heartbeat_manager/py.typed" in modules
        (licence,) = [n for n in names if n.endswith("LICENSE")]
        assert archive.read(licence) == LICENSE
        assert {n.split("/")[0] for n in names} == {"heartbeat_manager", "heartbeat_manager-0.1.0.dist-info"}
    with tarfile.open(sdist) as archive:
        files = {m.name.partition("/")[2]: m for m in archive.getmembers()}
        assert modules | {"LICENSE", "README.md", "pyproject.toml"} <= set(files)
        assert archive.extractfile(files["LICENSE"]).read() == LICENSE


def test_what_is_installed_beats(built, tmp_path):
    wheel, _ = built
    result = run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel, timeout=120)
    assert result.returncode == 0, result.stderr
    code = "import heartbeat_manager as h; h.send_heartbeat('installed'); print(h.is_process_alive('installed'), h.__file__)"
    result = run(sys.executable, "-c", code, env={"PYTHONPATH": str(tmp_path / "site")}, cwd=tmp_path)
    assert result.stdout.startswith(f"True {tmp_path}/site/"), result.stderr


PROGRAM = """
from pathlib import Path
from typing import Any, Dict, List, Optional
from heartbeat_manager import (AsyncHeartbeat, Heartbeat, HeartbeatError, HeartbeatManager, HeartbeatSender, get_heartbeat_status,
                               heartbeat_manager, is_process_alive, send_heartbeat)

beat = Heartbeat("a", every=1, interval=60, on_error=print)
beat({"n": 1}, "busy")
beat(lambda: {"n": 1})
beat.stop()
manager = HeartbeatManager(Path("x"), raises=True)
manager.heartbeat_file = "y"
manager.heartbeat_file = Path("y")
status: Optional[Dict[str, Any]] = manager.get_process_status("a")
since: Optional[float] = manager.get_time_since_last_heartbeat("a")
names: List[str] = manager.prune(60.0, dry_run=True)
alive: bool = is_process_alive("a", 60) and heartbeat_manager.is_process_alive("a")
send_heartbeat("a", {"n": 1})
entry: Optional[Dict[str, Any]] = get_heartbeat_status("a")
with HeartbeatSender("a", interval=30, data=lambda: {"n": 1}, max_silence=120) as sender:
    sender.tick()

async def work() -> None:
    async with AsyncHeartbeat("a") as asynchronous:
        await asynchronous({"n": 1})

def cause(error: HeartbeatError) -> str:
    return error.cause
"""
WRONG = "\nsend_heartbeat(3)\nis_process_alive('a', 'b')\nbeat(7)\n"


@pytest.mark.parametrize("checker", ["mypy --strict", "pyright, strict"])
def test_the_annotations_are_whole(checker, tmp_path, built):
    """The client itself, and a program that uses what was installed; a program with mistakes is told of each."""
    site = tmp_path / "site"
    with zipfile.ZipFile(built[0]) as archive:
        archive.extractall(site)
    program = tmp_path / "program.py"

    def check(*paths):
        if checker.startswith("mypy"):
            return run(sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", *paths, env={"MYPYPATH": str(site)}, timeout=300)
        settings = {"typeCheckingMode": "strict", "pythonVersion": "3.8", "include": [str(p) for p in paths], "extraPaths": [str(site)]}
        (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
        # basedpyright is pyright with its JavaScript in the package: pyright's own fetches that from npm.
        return run(sys.executable, "-m", "basedpyright", "-p", tmp_path / "pyrightconfig.json", timeout=300)

    program.write_text(PROGRAM)
    for paths in ([PYTHON / "heartbeat_manager"], [program]):
        result = check(*paths)
        assert result.returncode == 0, result.stdout + result.stderr
    program.write_text(PROGRAM + WRONG)
    result = check(program)
    lines = [n for n, line in enumerate((PROGRAM + WRONG).splitlines(), 1) if line.strip() in WRONG.split("\n")[1:-1]]
    assert result.returncode != 0 and all(f":{n}:" in result.stdout for n in lines), result.stdout + result.stderr


def test_python_3_8_can_run_it():
    for file in (PYTHON / "heartbeat_manager").glob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 8))
    result = run(Path(sys.executable).parent / "vermin", "-t=3.8-", "--no-tips", PYTHON / "heartbeat_manager")
    assert result.returncode == 0, result.stdout


def test_npm_packs_all_that_is_needed_and_the_licence(tmp_path):
    result = run("npm", "pack", "--json", "--pack-destination", tmp_path, NODE, env={"HOME": str(tmp_path)}, timeout=120)
    assert result.returncode == 0, result.stderr
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        assert archive.extractfile("package/LICENSE").read() == LICENSE
        names = set(archive.getnames())
        archive.extractall(tmp_path / "node_modules")
    expected = {f"package/{p.relative_to(NODE)}" for p in NODE.rglob("*") if p.is_file()}
    assert names == expected
    (tmp_path / "node_modules" / "package").rename(tmp_path / "node_modules" / "heartbeat")
    (tmp_path / "beats.d").mkdir()
    code = "const { heartbeat } = require('heartbeat'); heartbeat('a').stop().then(() => import('heartbeat')).then((m) => console.log(typeof m.heartbeat))"
    result = run("node", "-e", code, cwd=tmp_path, env={"HEARTBEAT_FILE": "beats.d"})
    assert result.stdout == "function\n" and (tmp_path / "beats.d" / "a.json").exists(), result.stderr


TYPES = """
interface MemoryUsage { rss: number; heapTotal: number }  // as @types/node has it: an interface, without an index
declare const usage: MemoryUsage;
const beat = heartbeat('a', { every: 1, interval: 60, onError: (error: Error) => error.message });
beat({ n: 1, memory_usage: usage, big: 7n, at: new Date() }, 'busy');
beat(usage);
beat(async () => ({ n: 1 }));
beat();
async function work(): Promise<void> {
  await beat.stop();
  await sendHeartbeat('a', usage, { status: 'busy' });
  await sendHeartbeat('a', usage, 'busy');
  const manager = new HeartbeatManager('x', { throws: true, timeout: 2 });
  const entry = await manager.getHeartbeatStatus('a');
  const last: number | undefined = entry?.last_heartbeat;
  const alive: boolean = await isProcessAlive('a', 60);
  const stop = startHeartbeat('a', { interval: 30, data: () => ({ memory_usage: usage }), maxSilence: 120 });
  stop.tick();
  await stop('stopped');
  void [last, alive, await getHeartbeatStatus('a')];
}
const problem = (error: unknown): string => (error instanceof HeartbeatError ? error.code : '');
void [work, problem];
"""
NAMES = "HeartbeatError, HeartbeatManager, getHeartbeatStatus, heartbeat, isProcessAlive, sendHeartbeat, startHeartbeat"
IMPORTS = {
    "program.mts": f"import {{ {NAMES} }} from 'heartbeat'; import whole from 'heartbeat'; void whole.heartbeat;",
    "program.cts": f"import h = require('heartbeat'); const {{ {NAMES} }} = h;",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_the_types_agree_with_both_ways_of_importing(name, tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "heartbeat").symlink_to(NODE)

    def check(text):
        (tmp_path / name).write_text(text)
        return run("tsc", "--strict", "--noEmit", "--target", "es2022", "--module", "node16", "--moduleResolution", "node16", name, cwd=tmp_path)

    types = TYPES if name.endswith(".mts") else TYPES.replace("instanceof HeartbeatError", "instanceof h.HeartbeatError")
    result = check(IMPORTS[name] + types)
    assert result.returncode == 0, result.stdout
    wrong = ["heartbeat(7);", "beat(7);", "sendHeartbeat('a', 'text');", "startHeartbeat('a', { intervall: 3 });", "const n: number = isProcessAlive('a');"]
    text = IMPORTS[name] + types
    result = check(text + "\n".join(wrong))
    first = text.count("\n") + 1
    assert result.returncode != 0 and all(f"{name}({first + n}," in result.stdout for n in range(len(wrong))), result.stdout
