"""The whole answer for the heartbeat files of a running system, beside a /proc that is a fixture.

`GOLDEN=write scripts/test e2e -k golden` writes the expected files anew: read the difference before committing it.
"""

import os

import pytest

from support import FIXTURES, normalised

FILES = sorted((FIXTURES / "heartbeats").glob("*.json"))

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
    golden = file.with_suffix(".golden")
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(actual)
    assert actual.splitlines() == golden.read_text().splitlines()
