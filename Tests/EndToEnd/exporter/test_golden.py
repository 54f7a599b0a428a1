"""The whole answer for the heartbeat files of a running system, and for all that the exporter can show, beside a /proc that is a fixture.

`GOLDEN=write scripts/test e2e -k golden` writes the expected files anew: read the difference before committing it.
"""

import json
import os
import time

import pytest

from support import FIXTURES, eventually, normalised
from support.families import documented, family

FILES = sorted((FIXTURES / "heartbeats").glob("*.json"))
EVERYTHING = FIXTURES / "everything"

# Depends on the machine, however /proc is faked.
MACHINE = [
    r"heartbeat_file_modified_timestamp_seconds",
    r"system_filesystem_\w+",
    r"system_info",
    r"system_clock_\w+",
    r"heartbeat_exporter_http_\w+",
    r"heartbeat_exporter_build_info",
    r'\w+\{process="heartbeat-exporter"[^}]*\}',
]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_golden(exporter, beats, file):
    beats.write_bytes(file.read_bytes())
    e = exporter(f"--path.procfs={FIXTURES / 'proc'}")
    actual = normalised(e.get().text, dropped=MACHINE)
    compare(actual, file.with_suffix(".golden"))


def compare(actual, golden):
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(actual)
    assert actual.splitlines() == golden.read_text().splitlines()


def test_golden_of_everything(exporter, beats, tmp_path):
    """Jobs, silences, files of a pattern, pushes, and what flags add."""
    content = json.loads((EVERYTHING / "heartbeat_status.json").read_text())
    # No silence that ends in more than a week counts.
    content["silences"] = {"bidder": {"until": int(time.time()) + 3600}}
    beats.write_text(json.dumps(content))
    pattern = tmp_path / "bots"
    pattern.mkdir()
    (pattern / "importer.json").write_text('{"ts": 1751518300, "rows": 4711}')
    (tmp_path / "web.yml").write_text("")
    e = exporter(f"--path.procfs={FIXTURES / 'proc'}", f"--heartbeat.file={pattern}/*.json", f"--config.file={EVERYTHING / 'heartbeat.yml'}",
                 f"--web.config.file={tmp_path / 'web.yml'}", "--collector.process.smaps", "--heartbeat.string-keys=rate_limit_status",
                 "--web.enable-push", "--push.allow-unauthenticated")  # fmt: skip
    e.get()
    # There is an interval once two beats were seen.
    content["processes"]["websocket-reader"]["last_heartbeat"] += 30.5
    beats.with_suffix(".tmp").write_text(json.dumps(content))
    beats.with_suffix(".tmp").rename(beats)
    eventually(lambda: "heartbeat_interval_seconds" in e.get().text, "the second beat is seen")
    compare(normalised(e.get().text, dropped=MACHINE), EVERYTHING / "metrics.golden")


# Families that no golden file has, and why.
MACHINES = "it depends on the machine"
NOT_IN_GOLDEN = {
    "heartbeat_exporter_tls_handshake_errors_total": "only of encrypted connections: test_web_config.py",
    **dict.fromkeys((
        "heartbeat_exporter_build_info", "heartbeat_exporter_http_connections", "heartbeat_exporter_http_requests_total",
        "heartbeat_file_modified_timestamp_seconds", "system_clock_offset_seconds", "system_clock_synchronized", "system_info",
    ), MACHINES),
    **{f"system_filesystem_{name}": MACHINES for name in ("size_bytes", "free_bytes", "avail_bytes", "files", "files_free", "readonly", "device_error")},
}  # fmt: skip


def test_every_documented_family_is_in_a_golden_file():
    """So that a name, a help or an order that changes is seen."""
    found = set()
    for golden in (*(f.with_suffix(".golden") for f in FILES), EVERYTHING / "metrics.golden"):
        found |= {family(line.split()[2]) for line in golden.read_text().splitlines() if line.startswith("# TYPE ")}
    assert documented() - found == set(NOT_IN_GOLDEN), "families in no golden file, or a reason that is no longer needed"
    assert found <= documented(), "families that docs/metrics.md does not have"
