"""Fixtures: an exporter per test, shown with its stderr when the test fails. A missing tool is a failure, never a skip."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from support import AS_ROOT, EXPORTER, TOOL, Exporter
from support import podman as containers
from support import surroundings


def pytest_sessionstart(session):
    # Of several processes the first only hands out the tests; those that run them learn from it what is to be ignored.
    starts_programs = session.config.getoption("dist", "no") == "no" or hasattr(session.config, "workerinput")
    surroundings.made_plain(starts_programs)
    absent = [str(p) for p in (EXPORTER, TOOL) if not p.exists()]
    absent += [t for t in ("prometheus", "promtool", "prometheus-alertmanager", "prometheus-node-exporter", "amtool", "node", "npm", "tsc", "ruby", "php", "perl", "curl", "setpriv", "ldd") if not shutil.which(t)]
    if absent:
        pytest.exit(f"missing: {', '.join(absent)}; scripts/test builds and installs them", returncode=2)


# Files whose tests share something dear: one worker runs them, one after the other. Those of "machine" also share what
# apt-get has downloaded, of which it lets nobody else make use.
TOGETHER = {"test_stack": "stack", "test_packages": "machine", "test_getting_started": "machine", "test_under_systemd": "machine", "test_dashboards": "scene", "test_many_hosts": "hosts"}


class Scheduling(LoadScopeScheduling):
    """Every other test goes to whoever is free. xdist begins with the largest groups, for which all would wait in the end."""

    def _split_scope(self, nodeid):
        return TOGETHER.get(Path(nodeid.split("::")[0]).stem, nodeid)


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure is shown with what still runs: what hangs is seen where it hangs, before the fixtures end it."""
    report = yield
    if report.failed and (shown := surroundings.portraits()):
        report.sections.append(("processes of the test", shown))
    return report


@pytest.fixture
def exporter(tmp_path, request):
    """`exporter(*flags, ...)` starts one; all are stopped at the end."""
    started = []

    def start(*flags, **options):
        e = Exporter(tmp_path, flags=flags, **options)
        started.append(e)
        return e

    yield start
    for e in started:
        status = e.stop()
        print(f"--- exporter on port {e.port}, exit status {status}, its stderr:\n{e.stderr[-4000:]}")


@pytest.fixture
def beats(tmp_path):
    """Where the exporter of the test reads heartbeats."""
    return tmp_path / "heartbeat_status.json"


@pytest.fixture
def common():
    """A folder that every user of the host can reach; tmp_path is for this one alone."""
    path = Path(tempfile.mkdtemp(prefix="heartbeat-test-"))
    path.chmod(0o755)
    yield path
    subprocess.run([*AS_ROOT, "rm", "-rf", path], check=True)


@pytest.fixture(scope="session")
def podman(tmp_path_factory):
    """podman with the images that the Dockerfile and docker-compose.yml name."""
    podman = containers.start(tmp_path_factory.mktemp("podman"))
    yield podman
    podman.stop()
