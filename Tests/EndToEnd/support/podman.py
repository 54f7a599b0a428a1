"""podman with a storage and a service of its own, for the tests that run containers.

`stack/stand-ins` makes the base images once (two minutes); they are kept in .build/stack, which may be deleted at any time.
"""

import fcntl
import shutil
import signal
import subprocess

import pytest

from support import AS_ROOT, ENVIRONMENT, LIMIT, ROOT, eventually

FOLDER = ROOT / ".build" / "stack"
STACK = ROOT / "Tests" / "EndToEnd" / "support" / "stack"
DEBIAN = "docker.io/library/debian:12.11-slim"


class Podman:
    """podman with a storage of its own, and its service, which speaks Docker's API to docker-compose."""

    def __init__(self, folder):
        self.socket = folder / "podman.sock"
        self.environment = ENVIRONMENT | {
            "CONTAINERS_CONF": str(FOLDER / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(FOLDER / "storage.conf"),
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_BUILDKIT": "0",
        }
        self.log = folder / "podman.log"
        with open(self.log, "wb") as log:
            # It ends with us, whatever ends us.
            command = ["setpriv", "--pdeathsig=TERM", "podman", "system", "service", "--time=0", self.environment["DOCKER_HOST"]]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        eventually(self.socket.exists, "podman's service listens")
        self.clear()

    def clear(self):
        """Removes what a run that was broken off has left: containers go on without us. The storage is ours alone."""
        self("rm", "--all", "--force", "--time=0")
        # Those of a build, which are not among "all".
        if left := self("ps", "--all", "--external", "--quiet").split():
            self("rm", "--force", *left)
        self("network", "prune", "--force")
        self("volume", "prune", "--force")

    def __call__(self, *arguments, check=True):
        result = subprocess.run(
            ["podman", *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=LIMIT
        )
        assert result.returncode == 0 or not check, f"podman {arguments}: {result.stderr}"
        return result.stdout if check else result

    def stop(self):
        self.clear()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=LIMIT)


def start(folder):
    if AS_ROOT:
        pytest.fail("podman with bridges needs root: run the end-to-end tests as root")
    absent = [t for t in ("podman", "runc", "debootstrap", "docker-compose", "iptables") if not shutil.which(t)]
    assert not absent, f"missing: {absent}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = open(FOLDER / "lock", "w")  # noqa: SIM115: held until the process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pytest.fail(f"another run of the tests uses {FOLDER}")
    made = subprocess.run([STACK / "stand-ins", FOLDER], capture_output=True, text=True, timeout=900, check=False)
    assert made.returncode == 0, made.stderr
    podman = Podman(folder)
    podman.lock = lock
    return podman
