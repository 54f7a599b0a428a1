"""The Swift library as somebody's package uses it: built from a clean checkout, with every warning an error."""

import json
import re
import shutil
import subprocess

import pytest

from support import ROOT, run

PROGRAM = ROOT / "Tests/EndToEnd/clients/programs/swift"
# Kept, so that only what changed is built again.
BUILD = ROOT / ".build" / "consumer"


def clean_checkout(folder):
    """What a clone would have, without what builds and tests leave behind."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "Package.swift", "Sources", "Tests"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    for gone in [p for p in folder.rglob("*") if p.is_file() and str(p.relative_to(folder)) not in names]:
        gone.unlink()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists() or (folder / name).read_bytes() != (ROOT / name).read_bytes():
            shutil.copy2(ROOT / name, folder / name)


# What the examples of docs/swift.md leave to the reader.
READERS = """import Glibc
func scan() -> Int? { nil }
let work = [1]
func process(_ item: Int) {}
let secret = "secret"
"""


def examples(folder):
    """The Swift of docs/swift.md, each example a function, to be compiled beside the consumer."""
    folder.mkdir(exist_ok=True)
    blocks = re.findall(r"```swift\n(.*?)```", (ROOT / "docs" / "swift.md").read_text(), re.DOTALL)
    assert "Package.swift" in blocks[0] and len(blocks) > 4
    files = {"main.swift": ""} | {"readers.swift": READERS}
    for number, block in enumerate(blocks[1:]):
        lines = block.splitlines()
        imports = {"import Glibc", "import Heartbeat", *(line.split(" //")[0].strip() for line in lines if line.startswith("import "))}
        body = "\n".join(line for line in lines if not line.startswith("import "))
        files[f"example{number}.swift"] = "\n".join([*sorted(imports), f"func example{number}() throws {{", body, "}"])
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)


@pytest.fixture(scope="module")
def consumer():
    BUILD.mkdir(parents=True, exist_ok=True)
    clean_checkout(BUILD / "checkout")
    shutil.copytree(PROGRAM, BUILD / "consumer", dirs_exist_ok=True)
    examples(BUILD / "consumer/Sources/examples")
    command = ["swift", "build", "--package-path", str(BUILD / "consumer"), "--disable-sandbox", "--disable-index-store"]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, (built.stdout + built.stderr)[-4000:]
    return BUILD / "consumer/.build/debug/consumer"


def test_a_package_that_depends_on_it_beats_into_a_file_a_folder_and_an_exporter(consumer, exporter, tmp_path):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated")
    (tmp_path / "own").mkdir()
    for place in (tmp_path / "file.json", tmp_path / "own"):
        result = run(consumer, place, f"http://127.0.0.1:{e.port}")
        assert result.returncode == 0, result
        said, *entries = result.stdout.splitlines()
        assert said.startswith(f"http://127.0.0.1:{e.port} answered 4")
        assert sorted(entries) == [
            'async busy {"on":true}', 'loop stopped {"rounds":1000}', 'qualified alive {"count":1,"deep":{"ratio":0.5}}', "sender alive {}",
        ]  # fmt: skip
        assert result.stderr == ""
    pushed = [p for p in json.loads(e.get("/api/v1/heartbeats").text)["heartbeats"] if p["name"] == "pushed"]
    assert [(p["status"], p["data"]) for p in pushed] == [("busy", {"n": 7})]
    assert sorted(p.name for p in (tmp_path / "own").glob("[!.]*")) == [f"{n}.json" for n in ("async", "loop", "qualified", "sender")]
