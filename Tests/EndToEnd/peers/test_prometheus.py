"""The real peers: Prometheus scrapes the exporter, promtool reads what it says."""

import math
import subprocess

import pytest

from support import FIXTURES, entry, eventually, write_beats
from support.prometheus import Prometheus


@pytest.fixture
def prometheus(tmp_path):
    started = []

    def start(*exporters):
        started.append(Prometheus(tmp_path, [e.port for e in exporters]))
        return started[-1]

    yield start
    for p in started:
        p.stop()


def test_prometheus_scrapes_and_its_api_returns_the_values(exporter, prometheus, beats):
    write_beats(
        beats,
        {
            "bidder": entry(age=30, pid=1, offset=140, ratio=0.1, debug_mode=True, memory_usage={"heapTotal": 2**40}),
            'odd "name"\n\\ 🫀': entry(offset=math.pi),
        },
    )
    first, second = exporter(), exporter("--no-collector.system")
    p = prometheus(first, second)
    eventually(lambda: [v for _, v in p.query("up")] == [1, 1], "both targets are up")

    targets = eventually(lambda: p.api("targets"), "the targets are listed")["activeTargets"]
    assert [t["lastError"] for t in targets] == ["", ""]

    one = f'instance="127.0.0.1:{first.port}"'
    eventually(lambda: p.value(f'heartbeat_data_offset{{process="bidder",{one}}}') == 140, "the value arrives")
    assert p.value(f'heartbeat_data_ratio{{process="bidder",{one}}}') == 0.1
    assert p.value(f'heartbeat_data_debug_mode{{process="bidder",{one}}}') == 1
    assert p.value(f'heartbeat_data_memory_usage_heap_total{{process="bidder",{one}}}') == 2**40
    assert p.value(f'process_up{{process="heartbeat-exporter",{one}}}') == 1
    assert 30 <= p.value(f'heartbeat_age_seconds{{process="bidder",{one}}}') < 120
    odd = [l["process"] for l, v in p.query(f"heartbeat_data_offset{{{one}}} < 4")]
    assert odd == ['odd "name"\n\\ 🫀']
    # The age grows as Prometheus sees it, and agrees with the timestamp beside it.
    assert abs(p.value(f'time() - heartbeat_last_timestamp_seconds{{process="bidder",{one}}}') - 30) < 60
    # Types and help texts reach Prometheus too.
    metadata = eventually(lambda: p.api("metadata", metric="heartbeat_age_seconds"), "the metadata arrive")
    assert metadata["heartbeat_age_seconds"][0]["type"] == "gauge"

    first.stop()
    eventually(lambda: p.value(f"up{{{one}}}") == 0, "the stopped exporter is seen as down")


@pytest.mark.parametrize("file", sorted(p.name for p in (FIXTURES / "heartbeats").glob("*.json")))
def test_promtool_finds_nothing_wrong(exporter, beats, file):
    beats.write_bytes((FIXTURES / "heartbeats" / file).read_bytes())
    answer = exporter().get()
    result = subprocess.run(["promtool", "check", "metrics"], input=answer.body, capture_output=True)
    complaints = (result.stdout + result.stderr).decode().splitlines()
    # The names under heartbeat_data_ are the user's own: linting them is not ours to answer for.
    ours = [c for c in complaints if c.strip() and not c.startswith("heartbeat_data_")]
    assert ours == []
    assert result.returncode in (0, 3), result  # 3: warnings
