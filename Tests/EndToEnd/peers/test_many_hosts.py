"""Fifty exporters, one Prometheus that finds them by a file, shards, an agent, and a long-term store behind them."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest

from support import ENVIRONMENT, EXPORTER, LIMIT, ROOT, entry, eventually, free_port, write_beats
from support.prometheus import Prometheus

pytestmark = pytest.mark.peers
HOSTS = 50


@pytest.fixture(scope="module")
def exporters(tmp_path_factory):
    """Fifty exporters on 127.0.0.1 to 127.0.0.50; host N has N % 5 + 1 processes."""
    port, running, folder = free_port(), [], tmp_path_factory.mktemp("hosts")
    for n in range(1, HOSTS + 1):
        file = folder / f"{n}.json"
        write_beats(file, {f"worker-{k}": entry(host_number=n, k=k) for k in range(n % 5 + 1)})
        with open(folder / f"{n}.stderr", "wb") as stderr:
            running.append(
                subprocess.Popen(
                    # They beat once: they count as alive for as long as the tests may take.
                    [EXPORTER, f"--web.listen-address=127.0.0.{n}:{port}", f"--heartbeat.file={file}", "--heartbeat.timeout=1d"],
                    stdout=stderr, stderr=stderr, env=ENVIRONMENT, cwd=folder,
                )  # fmt: skip
            )
    yield [f"127.0.0.{n}:{port}" for n in range(1, HOSTS + 1)]
    for p in running:
        p.terminate()
    assert [p.wait(timeout=LIMIT) for p in running] == [0] * HOSTS


@pytest.fixture
def store(tmp_path):
    """VictoriaMetrics, and a function that asks it in PromQL."""
    port = free_port()
    program = shutil.which("victoria-metrics") or "victoria-metrics"
    with open(tmp_path / "store.log", "wb") as log:
        process = subprocess.Popen(
            [program, f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={tmp_path / 'store'}", "-retentionPeriod=1",
             "-search.latencyOffset=0s", "-memory.allowedBytes=256MB"],
            stdout=log, stderr=log,
        )  # fmt: skip

    def query(expression):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            return {
                tuple(sorted(s["metric"].items())): float(s["value"][1]) for s in json.load(answer)["data"]["result"]
            }
        assert process.poll() is None, (tmp_path / "store.log").read_text(errors="replace")
        return {}

    query.url = f"http://127.0.0.1:{port}/api/v1/write"
    yield query
    process.terminate()
    process.wait(timeout=LIMIT)


def configuration(name, folder, targets, store):
    """One of the files in prometheus/, as it is but for the interval and the store's address; the targets beside it."""
    shutil.copytree(ROOT / "prometheus", folder, dirs_exist_ok=True)
    (folder / "targets" / "hosts.yml").unlink()
    (folder / "targets" / "hosts.json").write_text(json.dumps([{"targets": targets, "labels": {"team": "demo"}}]))
    text = (ROOT / "prometheus" / name).read_text()
    assert "http://localhost:8428/api/v1/write" in text and "scrape_interval: 15s" in text
    text = text.replace("http://localhost:8428/api/v1/write", store.url)
    return text.replace("scrape_interval: 15s", "scrape_interval: 3s").replace("scrape_timeout: 10s", "scrape_timeout: 3s")


def targets(p):
    found = p.api("targets", state="active")
    return sorted(t["labels"]["instance"] for t in found["activeTargets"]) if found else []


def test_one_prometheus_finds_them_all_and_the_store_answers_across_hosts(exporters, store, tmp_path):
    p = Prometheus(tmp_path, config=configuration("many-hosts.yml", tmp_path, exporters[:40], store))
    try:
        eventually(lambda: p.value("sum(up)") == 40, "forty are up", 180)
        # A file that changes is enough: no reload, no restart.
        hosts = tmp_path / "targets" / "hosts.json"
        new = hosts.with_suffix(".tmp")
        new.write_text(json.dumps([{"targets": exporters, "labels": {"team": "demo"}}]))
        os.replace(new, hosts)
        eventually(lambda: p.value("sum(up)") == HOSTS, "all fifty are up", 180)
        assert targets(p) == sorted(exporters)
        processes = sum(n % 5 + 1 for n in range(1, HOSTS + 1))
        eventually(lambda: p.value("sum(heartbeat_alive)") == processes, "every process is seen", 180)

        def stored(expression):
            found = store(expression)
            return next(iter(found.values())) if len(found) == 1 else None

        eventually(lambda: stored("sum(heartbeat_alive)") == processes, "every process is in the store", 180)
        # What one scrape brought may arrive in several requests.
        for question, answer in {
            "count(count by (instance) (heartbeat_alive))": HOSTS,
            "sum(heartbeat_data_host_number{process='worker-0'})": sum(range(1, HOSTS + 1)),
            "count(heartbeat_alive{team='demo',prometheus='main',job='heartbeat'})": processes,
            "count(count by (host) (heartbeat_alive == 1))": HOSTS,
            "count by (host) (heartbeat_alive{host='127.0.0.4'} == 1)": 5,
        }.items():
            eventually(lambda: stored(question) == answer, f"the store answers {question} with {answer}")
    finally:
        p.stop()


def test_shards_take_every_target_once(exporters, store, tmp_path):
    shards = []
    for number in "01":
        folder = tmp_path / number
        folder.mkdir()
        text = configuration("shard.yml", folder, exporters, store)
        assert 'regex: "0"' in text and 'shard: "0"' in text
        text = text.replace('regex: "0"', f'regex: "{number}"').replace('shard: "0"', f'shard: "{number}"')
        shards.append(Prometheus(folder, config=text))
    try:
        eventually(lambda: sorted(targets(shards[0]) + targets(shards[1])) == sorted(exporters), "each target has one shard", 180)
        first = targets(shards[0])
        assert 10 <= len(first) <= 40, "the hash spreads them"
        eventually(lambda: len(store("up")) == HOSTS, "both write to one store", 180)
        assert {dict(k)["shard"] for k in store("up")} == {"0", "1"}
        assert {dict(k)["host"] for k in store("up")} == {f"127.0.0.{n}" for n in range(1, HOSTS + 1)}
    finally:
        for p in shards:
            p.stop()


def test_an_agent_forwards_and_keeps_nothing(exporters, store, tmp_path):
    text = configuration("agent.yml", tmp_path, exporters[:5], store)
    agent = Prometheus(tmp_path, config=text, agent=True)
    try:
        eventually(lambda: len(store('heartbeat_alive{site="main",host!=""}')) == sum(n % 5 + 1 for n in range(1, 6)), "the store has it", 180)
    finally:
        agent.stop()


@pytest.mark.parametrize("name", ["many-hosts.yml", "shard.yml", "agent.yml"])
def test_promtool_agrees(name):
    flags = ["--agent"] if name == "agent.yml" else []
    result = subprocess.run(
        ["promtool", "check", "config", *flags, ROOT / "prometheus" / name], capture_output=True, text=True, timeout=LIMIT
    )
    assert result.returncode == 0, result.stdout + result.stderr
