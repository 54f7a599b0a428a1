"""podman with a storage and a service of its own, for the tests that run containers.

`stack/stand-ins` makes the base images once (two minutes); they are kept in .build/stack, which may be deleted at any time.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess

from support import AS_ROOT, ENVIRONMENT, LIMIT, ROOT, eventually

FOLDER = ROOT / ".build" / "stack"
STACK = ROOT / "Tests" / "EndToEnd" / "support" / "stack"
DEBIAN = "docker.io/library/debian:12.11-slim"


class Podman:
    """podman with a storage of its own, and its service, which speaks Docker's API to docker-compose."""

    def __init__(self, folder):
        self.socket = folder / "podman.sock"
        self.settings = {
            "CONTAINERS_CONF": str(FOLDER / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(FOLDER / "storage.conf"),
            "DOCKER_HOST": f"unix://{self.socket}",
            # By the API alone: a program docker need not be there.
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_DOCKER_CLI_BUILD": "0",
            # Of the machine, not of the container: podman 5 says it beside what a program in one has said.
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        self.log = folder / "podman.log"
        with open(self.log, "wb") as log:
            # It ends with us, whatever ends us: then the pipe has an end.
            command = self.as_root("sh", "-c", '"$@" & read -r _; kill $!; wait $!', "sh", "podman", "system", "service", "--time=0", self.settings["DOCKER_HOST"])
            self.process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=log, stderr=log)
        eventually(self.socket.exists, "podman's service listens", 60)

    def clear(self):
        """Removes what a run that was broken off has left: containers go on without us. For when nobody else uses the storage."""
        self("rm", "--all", "--force", "--time=0")
        # Those of a build, which are not among "all".
        if left := self("ps", "--all", "--external", "--quiet").split():
            self("rm", "--force", *left)
        self("network", "prune", "--force")
        self("volume", "prune", "--force")

    def as_root(self, *command):
        """A command with what podman and docker-compose have to know in its environment; bridges need root."""
        return [*AS_ROOT, "env", *(f"{name}={value}" for name, value in self.settings.items()), *map(str, command)]

    def __call__(self, *arguments, check=True):
        command = self.as_root("podman", *arguments)
        result = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        assert result.returncode == 0 or not check, f"podman {arguments}: {result.stderr}"
        return result.stdout if check else result

    def stop(self):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.clear()
        self.process.stdin.close()
        self.process.wait(timeout=LIMIT)


def apt_cache():
    """Volumes of a container: what apt-get has downloaded before, so that a second run needs no network."""
    volumes = []
    for name, place in (("lists", "/var/lib/apt/lists"), ("archives", "/var/cache/apt/archives")):
        folder = FOLDER / "apt" / name
        folder.mkdir(parents=True, exist_ok=True)
        volumes.append(f"--volume={folder}:{place}")
    return volumes


def start(folder):
    absent = [t for t in ("podman", "runc", "debootstrap", "docker-compose", "iptables") if not shutil.which(t)]
    assert not absent, f"missing: {absent}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = open(FOLDER / "lock", "a+")  # noqa: SIM115: held until the process ends
    is_first = take(lock)
    made = subprocess.run([*AS_ROOT, "env", f"PATH={os.environ['PATH']}", STACK / "stand-ins", FOLDER], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
    assert made.returncode == 0, made.stderr
    podman = Podman(folder)
    podman.lock = lock
    if is_first:
        podman.clear()
        fcntl.flock(lock, fcntl.LOCK_SH)
    return podman


def take(lock):
    """Locks the storage: for us alone when we are the first of this run, which is to clear it, or else beside the others, once the first has."""
    ours = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(ours)
        lock.flush()
        return True
    except BlockingIOError:
        eventually(lambda: (FOLDER / "lock").read_text() == ours, f"no other run of the tests uses {FOLDER}", 30)
        fcntl.flock(lock, fcntl.LOCK_SH)
        return False
