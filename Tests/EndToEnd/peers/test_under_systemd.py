"""`heartbeat run` as the main process of a unit, in a container that systemd boots: what its program says by sd_notify, systemd hears."""

import os
import re
import shutil

import pytest

from support import TOOL, eventually, run

pytestmark = [pytest.mark.peers, pytest.mark.shipped]

# Speaks by systemd's own client, and does what the files in /run/p say.
PROGRAM = """#!/bin/sh
exec 2>/run/p/log
say() { systemd-notify "$@" || echo "cannot say $*" >&2; }
ended() {
  # systemd sends SIGTERM to whatever is in the unit, also to what this starts now to speak with it.
  trap '' TERM
  say STOPPING=1 "STATUS=saying good-bye"
  say EXTEND_TIMEOUT_USEC=300000000
  touch /run/p/ending
  while ! test -e /run/p/end; do sleep 0.1; done
  exit 0
}
reloaded() {
  say RELOADING=1 "STATUS=reading anew"
  while ! test -e /run/p/read; do sleep 0.1; done
  say READY=1 "STATUS=read anew"
}
trap ended TERM
trap reloaded HUP
echo $$ > /run/p/pid
setsid sleep 1000 &
say READY=1 "STATUS=warm"
while :; do
  test -e /run/p/hang || say WATCHDOG=1
  sleep 0.2
done
"""
UNIT = """[Service]
Type=notify
Environment=LD_LIBRARY_PATH=/opt/heartbeat
ExecStart=/opt/heartbeat/heartbeat run --name p --file /run/p/beats.json --interval 1s --stop-timeout 1s -- /opt/heartbeat/program
ExecReload=sh -c 'kill -HUP $MAINPID'
WatchdogSec=20s
TimeoutStopSec=3s
Restart=on-watchdog
RestartSec=0
"""
SOCKET = "[Socket]\nListenStream=/run/p/socket\n"
# One connection, on the socket that systemd has made.
ACCEPTS = """#!/usr/bin/perl
die "not for me" unless $ENV{LISTEN_PID} == $$ && $ENV{LISTEN_FDS} == 1;
open my $listening, "+<&=", 3 or die $!;
accept my $connection, $listening or die $!;
print $connection "through systemd";
close $connection;
sleep 1000;
"""
SERVICE = """[Service]
Environment=LD_LIBRARY_PATH=/opt/heartbeat
ExecStart=/opt/heartbeat/heartbeat run --name q --file /run/p/beats.json -- /opt/heartbeat/accepts
"""


# Run in the container, in one go: each command from outside takes a second there.
SEEN = r"""
set -eu
mkdir /run/p
cp /etc/systemd/own/* /run/systemd/system/
systemctl daemon-reload
show() { systemctl show --property "$1" --value p; }
is() { test "$(show "$1")" = "$2"; }
eventually() { for i in $(seq 1200); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; echo "never: $*"; systemctl show p; exit 1; }
runs() { find /sys/fs/cgroup -path '*/p.service/cgroup.procs' -exec cat {} + | sort -u; }
tells() { grep -q "\"status\": \"$1\"" /run/p/beats.json; }

# Ready: `start` waits for it.
systemctl start p
is ActiveState active
is SubState running
is StatusText warm
test "$(show MainPID)" != "$(cat /run/p/pid)"
pinged() { test "$(show WatchdogTimestampMonotonic)" -gt "$(show ExecMainStartTimestampMonotonic)"; }
eventually pinged
eventually tells alive

systemctl reload --no-block p
reloads() { is ActiveState reloading && is StatusText "reading anew"; }
eventually reloads
touch /run/p/read
anew() { is ActiveState active && is StatusText "read anew"; }
eventually anew

# The end takes longer than TimeoutStopSec and --stop-timeout, as it asked for.
systemctl stop --no-block p
eventually test -e /run/p/ending
eventually is StatusText "saying good-bye"
sleep 4
touch /run/p/end
eventually is ActiveState inactive
is Result success
is ExecMainStatus 0
tells stopped
test -z "$(runs)"

# It hangs: systemd ends it, with all that it has started, and starts it again.
rm /run/p/end /run/p/ending
touch /run/p/hang
sed -i s/WatchdogSec=20s/WatchdogSec=1s/ /run/systemd/system/p.service
systemctl daemon-reload
systemctl start p
before=$(runs)
test "$(echo "$before" | wc -l)" -gt 3
restarted() { test "$(show NRestarts)" -ge 1; }
eventually restarted
rm /run/p/hang
sed -i s/WatchdogSec=1s/WatchdogSec=20s/ /run/systemd/system/p.service
systemctl daemon-reload
journalctl --unit p --no-pager | grep -qi "watchdog timeout"
for pid in $before; do if runs | grep -qx "$pid"; then echo "$pid stays"; exit 1; fi; done

# What listens is systemd's, who accepts is the program.
systemctl start q.socket
test "$(perl -MSocket -e 'socket my $s, PF_UNIX, SOCK_STREAM, 0; connect $s, sockaddr_un("/run/p/socket") or die; print <$s>')" = "through systemd"
touch /run/p/end
systemctl stop p q.socket q
echo all is well
"""


def test_what_a_program_says_is_heard(podman, tmp_path):
    folder, units = tmp_path / "heartbeat", tmp_path / "units"
    folder.mkdir()
    units.mkdir()
    shutil.copy(TOOL, folder)
    # The C library is the container's own, of the same release.
    for library in re.findall(r"=> (/\S+)", run("ldd", TOOL).stdout):
        if not re.search(r"/(libc|libm|ld-linux[^/]*)\.so", library):
            shutil.copy(library, folder)
    for name, text in (("program", PROGRAM), ("accepts", ACCEPTS)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for name, text in (("p.service", UNIT), ("q.socket", SOCKET), ("q.service", SERVICE)):
        (units / name).write_text(text)
    name = f"heartbeat-units-{os.getpid()}"
    volumes = [f"--volume={folder}:/opt/heartbeat:ro", f"--volume={units}:/etc/systemd/own:ro"]
    podman("run", "--detach", "--rm", "--name", name, "--systemd=always", *volumes, "localhost/systemd")
    try:
        def booted():
            return podman("exec", name, "systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

        eventually(booted, "systemd has started")
        result = podman("exec", name, "sh", "-c", SEEN, check=False)
        assert result.returncode == 0 and result.stdout.endswith("all is well\n"), result.stdout + result.stderr
    finally:
        print(podman("exec", name, "journalctl", "--no-pager", "--lines=60", check=False).stdout)
        podman("rm", "--force", "--time=5", name, check=False)
