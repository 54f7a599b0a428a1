"""The Debian package and systemd's units: built, installed on a fresh Debian in a container, run, removed; checked by systemd."""

import json
import os
import re
import subprocess

import pytest

from support import AS_ROOT, BIN, EXPORTER, LIMIT, ROOT, TOOL, eventually, run
from support.podman import DEBIAN, apt_cache

UNITS = ROOT / "deploy" / "systemd"
pytestmark = [pytest.mark.peers, pytest.mark.shipped]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deb")
    # Compressed in a hurry: only its size depends on it.
    quick = {"HEARTBEAT_BIN": str(BIN), "DPKG_DEB_COMPRESSOR_LEVEL": "0"}
    result = run(ROOT / "scripts" / "build-deb", folder, env=quick, timeout=3 * LIMIT)
    assert result.returncode == 0, result.stderr
    (path,) = folder.glob("*.deb")
    assert result.stdout == f"{path}\n"
    return path


def dpkg(*arguments):
    result = run("dpkg-deb", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def owners_of_libraries(program):
    """The packages of the shared libraries that a program asks for; what they are called is each release's own affair."""
    needed = re.findall(r"NEEDED +(\S+)", run("objdump", "-p", program).stdout)
    paths = dict(re.findall(r"(\S+) => (\S+)", run("ldd", program).stdout))
    found = set()
    # The dynamic linker, which ldd shows without an arrow, is of the C library.
    for path in (paths[n] for n in needed if n in paths):
        # A package may name its files with /usr before /lib, or without.
        spellings = {path, f"/usr{path}", path.removeprefix("/usr")}
        owner = next(o for o in (run("dpkg-query", "-S", s).stdout for s in spellings) if o)
        found.add(owner.split(":")[0])
    assert len(found) > 3, found
    return found


def test_the_package_is_in_order(package):
    version = re.search(r"version (\S+)", run(EXPORTER, "--version").stdout).group(1)
    fields = dict(re.findall(r"^ (\S+): (.*)$", dpkg("--info", package), re.M))
    assert fields["Version"] == f"{version}-1" and package.name == f"heartbeat-exporter_{version}-1_{fields['Architecture']}.deb"
    libraries = {d.split()[0] for d in fields["Depends"].split(", ")}
    assert owners_of_libraries(EXPORTER) | owners_of_libraries(TOOL) <= libraries
    files = dpkg("--contents", package).splitlines()
    modes = {line.split()[5]: line.split()[:2] for line in files}
    for path, (mode, owner) in modes.items():
        assert owner == "root/root", path
        expected = "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if "/bin/" in path else "-rw-r--r--"
        assert mode == expected, path
        assert path.startswith(("./usr/", "./etc/", "./lib/systemd/")) or path in ("./", "./lib/"), path
    conffiles = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-t"], input=conffiles, capture_output=True, check=True).stdout.decode().split()
    assert {"./control", "./conffiles", "./md5sums", "./postinst", "./prerm", "./postrm"} <= set(names)
    listed = subprocess.run(["tar", "-xO", "./conffiles"], input=conffiles, capture_output=True, check=True).stdout.decode()
    assert set(listed.split()) == {p[1:] for p in modes if p.startswith("./etc/") and not p.endswith("/")}


def test_manual_pages(package, tmp_path):
    dpkg("--extract", package, tmp_path)
    for page in ("heartbeat-exporter", "heartbeat"):
        path = tmp_path / "usr" / "share" / "man" / "man1" / f"{page}.1.gz"
        text = subprocess.run(f"zcat {path}", shell=True, capture_output=True, text=True, check=True).stdout
        assert text.startswith(f".TH {page.upper()} 1\n.SH NAME\n{page} \\- ")
        for word in re.findall(r"--[a-z.-]+", run(BIN / page, "--help").stdout):
            assert word.replace("-", r"\-") in text, word


SCRIPT = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true
apt-get install -qq -y --no-install-recommends /deb/*.deb >/log 2>&1 || { cat /log; exit 1; }
getent passwd heartbeat-exporter | grep -q nologin
stat -c '%U %G %a' /run/heartbeat | grep -qx 'heartbeat-exporter heartbeat-exporter 2775'
stat -c '%U %G %a' /run/heartbeat.d | grep -qx 'root root 1777'
test "$(dpkg --verify heartbeat-exporter)" = ""
as_user() { exec setpriv --reuid heartbeat-exporter --regid heartbeat-exporter --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }

# As the unit starts it; somebody beats into the folder, somebody into the one file.
setpriv --reuid nobody --regid nogroup --clear-groups heartbeat send the-package --file /run/heartbeat.d --data answer=42
heartbeat send the-other --file /run/heartbeat/heartbeat_status.json --data answer=43
export HEARTBEAT_FILE=$(sed -n 's/^Environment=HEARTBEAT_FILE=//p' /lib/systemd/system/heartbeat-exporter.service)
as_user heartbeat-exporter --config.file=/etc/heartbeat-exporter/heartbeat.yml 2>/log &
pid=$!
for i in $(seq 100); do heartbeat-exporter --health-check 2>/dev/null && break; sleep 0.1; done
heartbeat status the-package --file /run/heartbeat.d
perl -MIO::Socket -e 'my $s = IO::Socket::INET->new("127.0.0.1:9464") or die; print $s "GET /metrics HTTP/1.0\r\n\r\n"; print while <$s>' >/metrics
grep -q '^heartbeat_data_answer{process="the-package"} 42' /metrics
grep -q '^heartbeat_data_answer{process="the-other"} 43' /metrics
kill $pid; wait $pid

# A change of the configuration outlives an upgrade and a removal, but not a purge.
echo '# mine' >>/etc/heartbeat-exporter/heartbeat.yml
dpkg --install /deb/*.deb >/log 2>&1
grep -q mine /etc/heartbeat-exporter/heartbeat.yml
apt-get remove -qq -y heartbeat-exporter >/log 2>&1
! command -v heartbeat-exporter
test -e /etc/heartbeat-exporter/heartbeat.yml
dpkg --purge heartbeat-exporter >/log 2>&1 || { cat /log; exit 1; }
! getent passwd heartbeat-exporter
! getent group heartbeat-exporter
left=$(find / -xdev -iname '*heartbeat*' -not -path '/proc/*' -not -path '/deb/*' -not -path '/sys/*' -not -path '/var/log/*')
test -z "$left" || { echo "left behind: $left"; exit 1; }
echo all is well
"""


def test_it_is_installed_run_and_purged_on_a_fresh_debian(podman, package):
    result = podman("run", "--rm", "--name", f"heartbeat-fresh-{os.getpid()}", f"--volume={package.parent}:/deb:ro", *apt_cache(), DEBIAN, "sh", "-c", SCRIPT, check=False)
    assert result.returncode == 0 and result.stdout.endswith("all is well\n"), result.stdout + result.stderr


BOOTED = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true
apt-get install -qq -y --no-install-recommends /deb/*.deb >/log 2>&1 || { cat /log; exit 1; }
show() { systemctl show --property "$1" --value heartbeat-exporter; }
eventually() { for i in $(seq 600); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; echo "never: $*"; journalctl -u heartbeat-exporter; exit 1; }

# It started by itself, and says that it serves.
systemctl is-active heartbeat-exporter
systemctl is-enabled heartbeat-exporter
show StatusText | grep -qx 'serving .*:9464'
grep -qx 'CapEff:.0000000000000000' /proc/$(show MainPID)/status
grep -qx 'Seccomp:.2' /proc/$(show MainPID)/status

# Somebody beats into the folder, a member of the group into the one file; the exporter sees files and processes through all
# that shuts it in.
useradd -G heartbeat-exporter worker
as_worker() { setpriv --reuid worker --regid worker --init-groups "$@"; }
stat -c '%U %G %a' /run/heartbeat.d | grep -qx 'root root 1777'
as_worker heartbeat run --name the-member --file /run/heartbeat/heartbeat_status.json -- sleep 1000 &
export HEARTBEAT_FILE=/run/heartbeat.d
setpriv --reuid nobody --regid nogroup --clear-groups heartbeat run --name the-worker -- sleep 1000 &
metrics() { perl -MIO::Socket -e 'my $s = IO::Socket::INET->new("127.0.0.1:9464") or die; print $s "GET /metrics HTTP/1.0\r\n\r\n"; print while <$s>'; }
seen() { metrics >/metrics; for name in the-worker the-member; do grep -q '^process_up{process="'$name'"} 1' /metrics || return 1; done; }
eventually seen
for collector in heartbeat process system; do metrics | grep -qx 'heartbeat_exporter_collector_success{collector="'$collector'"} 1'; done
systemctl reload heartbeat-exporter

# What it says of the host is what one says that nothing shuts in, though all is read-only for it: also of the name, which changes.
awk '$2 == "/" { print $4 }' /proc/$(show MainPID)/mounts | grep -q '^ro'
setpriv --reuid nobody --regid nogroup --clear-groups heartbeat-exporter --web.listen-address=127.0.0.1:9465 2>/dev/null &
outside=$!
host() { perl -MIO::Socket -e 'my $s = IO::Socket::INET->new("127.0.0.1:'$1'") or die; print $s "GET /metrics HTTP/1.0\r\n\r\n"; print while <$s>' | grep -E '^system_(filesystem_(size_bytes|readonly|device_error)|clock_synchronized|info)'; }
same() { host 9464 >/inside; host 9465 >/outside; grep -q "nodename=.$(cat /proc/sys/kernel/hostname)\W" /outside && cmp /inside /outside; }
eventually same
cat /inside
grep -q '^system_clock_synchronized' /inside
grep -q '^system_filesystem_readonly.*mountpoint="/".* 0$' /inside
hostname renamed
eventually same
kill $outside
# A file of /tmp, as docs/sources.md has them.
touch /tmp/worker-alive
echo HEARTBEAT_FILE=/run/heartbeat.d,/run/heartbeat/*.json,/tmp/worker-alive >>/etc/default/heartbeat-exporter

# The sockets: systemd listens, a push through the one is in the folder, where everybody may read it.
echo HEARTBEAT_EXPORTER_WEB_SYSTEMD_SOCKET=true >>/etc/default/heartbeat-exporter
systemctl stop heartbeat-exporter
systemctl start heartbeat-exporter.socket heartbeat-exporter-push.socket
systemctl start heartbeat-exporter
as_worker heartbeat send pushed --url unix:/run/heartbeat-exporter/push.sock
as_worker heartbeat status pushed
stat -c '%U %a' /run/heartbeat.d/pushed.json | grep -qx 'heartbeat-exporter 644'
eventually seen
metrics | grep -q '^heartbeat_file_up{file="/tmp/worker-alive"} 1'

# One that hangs is ended and started again.
mkdir -p /run/systemd/system/heartbeat-exporter.service.d
printf '[Service]\nWatchdogSec=5s\n' >/run/systemd/system/heartbeat-exporter.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart heartbeat-exporter
before=$(show MainPID)
kill -STOP "$before"
restarted() { test "$(show NRestarts)" -ge 1 && test "$(show MainPID)" != "$before" && systemctl is-active heartbeat-exporter; }
eventually restarted
eventually seen

rm -r /run/systemd/system/heartbeat-exporter.service.d
apt-get purge -qq -y heartbeat-exporter >/log 2>&1 || { cat /log; exit 1; }
test -z "$(systemctl list-units --all --plain --no-legend 'heartbeat*')"
test ! -e /run/heartbeat-exporter
test ! -e /run/heartbeat.d/pushed.json
systemctl --failed --plain --no-legend
echo all is well
"""


def test_the_service_runs_under_systemd(podman, package):
    """The units in a container that systemd boots: what hardens them is in force, and the exporter works all the same."""
    name = f"heartbeat-systemd-{os.getpid()}"
    # Without that capability systemd leaves out what mounts, and the exporter would see the host as it is.
    podman("run", "--detach", "--rm", "--name", name, "--systemd=always", "--cap-add=sys_admin", f"--volume={package.parent}:/deb:ro", *apt_cache(), "localhost/systemd")
    try:
        def booted():
            return podman("exec", name, "systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

        eventually(booted, "systemd has started")
        result = podman("exec", name, "sh", "-c", BOOTED, check=False)
        assert result.returncode == 0 and result.stdout.endswith("all is well\n"), result.stdout + result.stderr
    finally:
        podman("rm", "--force", "--time=5", name, check=False)


def test_the_units_are_right_and_hardened(tmp_path):
    """systemd's own judgement; the program is put where the unit looks for it."""
    for unit in UNITS.glob("heartbeat-exporter*.s*"):
        if unit.suffix in (".service", ".socket"):
            (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/heartbeat-exporter", str(EXPORTER)))
    units = sorted(tmp_path.glob("*.s*"))
    assert [u.name for u in units] == [
        "heartbeat-exporter-push.socket", "heartbeat-exporter.service", "heartbeat-exporter.socket",
    ]  # fmt: skip
    verified = run(*AS_ROOT, "systemd-analyze", "verify", "--man=no", *units)
    assert verified.returncode == 0 and verified.stdout + verified.stderr == ""
    judged = run(
        *AS_ROOT, "systemd-analyze", "security", "--offline=true", "--json=short", "--no-pager", "--threshold=25", tmp_path / "heartbeat-exporter.service"
    )  # fmt: skip
    # Exposure in tenths: 0 is none, 100 that of a service without any of these settings.
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert isinstance(json.loads(judged.stdout), list)


def test_a_wrong_unit_is_noticed(tmp_path):
    unit = tmp_path / "heartbeat-exporter.service"
    text = (UNITS / "heartbeat-exporter.service").read_text()
    unit.write_text(text.replace("NoNewPrivileges", "NoNewPrivilege"))
    verified = run(*AS_ROOT, "systemd-analyze", "verify", "--man=no", unit)
    assert "NoNewPrivilege" in verified.stderr
    unit.write_text(re.sub(r"(?m)^(Protect|Restrict|Private|System|Capability).*\n", "", text))
    judged = run(*AS_ROOT, "systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
    assert judged.returncode != 0
