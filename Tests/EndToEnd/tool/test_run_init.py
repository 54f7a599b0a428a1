"""`heartbeat run` as an init, beside tini and dumb-init from Debian: signals, ends, orphans, and its own plumbing broken in every way."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from support import AS_ROOT, LIMIT, TOOL, eventually, run
from support.supervised import children, end, first_of_namespace, guardian, kill_all, lives, noted, recorder, state

# What each init is, and what it is known not to do.
INITS = {
    "heartbeat": None,
    "tini": ["tini", "-s", "-g", "--"],
    "dumb-init": ["dumb-init", "--"],
}
PID_1 = [*AS_ROOT, "unshare", "--pid", "--fork", "--mount-proc"]
SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
# tini leaves these to themselves, and dumb-init real-time signals; both take job control for theirs.
FAULTS = {signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
JOB_CONTROL = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
LEFT_OUT = {
    "heartbeat": set(),
    "tini": FAULTS | JOB_CONTROL,
    "dumb-init": {n for n in SIGNALS if n >= signal.SIGRTMIN} | JOB_CONTROL,
}


@pytest.mark.parametrize("init", INITS)
def test_every_signal_reaches_the_program(supervised, tmp_path, init):
    assert init == "heartbeat" or shutil.which(init)
    log = tmp_path / "log"
    p = supervised([], *recorder(log), init=INITS[init])
    eventually(log.exists, "the program is up")
    for number in SIGNALS:
        if number not in LEFT_OUT[init]:
            p.send_signal(number)
            eventually(lambda: number in noted(log), f"{init}: signal {number}")
    assert end(p) == 0


def test_every_signal_reaches_the_program_from_pid_1(supervised, tmp_path):
    log = tmp_path / "log"
    p = supervised([], *recorder(log), under=PID_1)
    eventually(log.exists, "the program is up")
    first = first_of_namespace(p.pid)
    for number in SIGNALS:
        os.kill(first, number)
        eventually(lambda: number in noted(log), f"signal {number}")
    os.kill(first, signal.SIGTERM)
    assert p.wait(timeout=LIMIT) == 0


# Everything that a program can end with: what it does, and the status of its init.
ENDS = [("exit 0", 0), ("exit 3", 3), ("exit 255", 255)] + [
    (f"kill -{number} $$", 128 + number) for number in (1, 3, 6, 9, 11, 13, 14, 15, 34)
]


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("script, status", ENDS)
def test_the_end_is_handed_on(supervised, init, script, status):
    assert supervised([], "sh", "-c", script, init=INITS[init]).wait(timeout=LIMIT) == status


def test_what_died_of_sigint_is_seen_to(supervised):
    assert supervised([], "bash", "-c", "kill -INT $$").wait(timeout=LIMIT) == -signal.SIGINT


def test_a_number_that_was_queued_arrives(supervised, tmp_path):
    script = (
        "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN]); print('up', flush=True); "
        "import ctypes; info = (ctypes.c_int * 32)(); mask = (ctypes.c_ulong * 16)(1 << (signal.SIGRTMIN - 1)); "
        "ctypes.CDLL(None).sigwaitinfo(mask, info); print(info[6], flush=True)"
    )
    p = supervised([], sys.executable, "-c", script)
    assert p.stdout.readline() == "up\n"
    # The shell's kill has no -q everywhere: procps's has.
    run("/bin/kill", "-q", "4711", "-s", "RTMIN", p.pid)
    assert p.stdout.readline() == "4711\n"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGUSR1])
def test_what_was_ignored_stays_ignored(supervised, number):
    def ignore():
        signal.signal(number, signal.SIG_IGN)

    p = supervised([], "sh", "-c", "grep SigIgn /proc/self/status; exec sleep 300", preexec_fn=ignore)
    assert int(p.stdout.readline().split()[1], 16) >> (number - 1) & 1
    program = eventually(lambda: supervised.entry().get("pid"), "a beat")
    p.send_signal(number)
    os.kill(program, number)
    assert end(p) == 143


def test_what_was_not_ignored_is_not(supervised):
    p = supervised([], "sh", "-c", "grep -E 'SigIgn|SigBlk' /proc/self/status")
    assert [int(line.split()[1], 16) for line in p.stdout] == [0, 0]
    assert p.wait(timeout=LIMIT) == 0


def test_a_suspended_program_can_be_ended(supervised):
    p = supervised(["--stop-timeout", "1h"], "sleep", "300")
    program = eventually(lambda: supervised.entry().get("pid"), "a beat")
    os.kill(program, signal.SIGSTOP)
    supervised.status("suspended")
    assert end(p) == 143


@pytest.mark.parametrize(
    "flag, sent, got",
    [("--stop-signal=QUIT", signal.SIGTERM, signal.SIGQUIT), ("--stop-signal=RTMIN+1", signal.SIGTERM, signal.SIGRTMIN + 1),
     ("--reload-signal=USR2", signal.SIGHUP, signal.SIGUSR2)],
)  # fmt: skip
def test_the_programs_own_words_for_end_and_reload(supervised, tmp_path, flag, sent, got):
    log = tmp_path / "log"
    p = supervised([flag, "--stop-timeout", "1s"], *recorder(log))
    eventually(log.exists, "the program is up")
    p.send_signal(sent)
    eventually(lambda: got in noted(log), "the signal")
    assert sent not in noted(log)


def test_further_requests_do_not_lengthen_the_grace(supervised):
    p = supervised(["--stop-timeout", "1s"], "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    assert p.stdout.readline() == "up\n"

    def ask():
        p.send_signal(signal.SIGTERM)
        return p.poll()

    assert eventually(ask, "its end, however often it is asked to", 30) == 137


# What a program starts that leaves it, in ways of its own. `env -i` hides it from whoever looks for a variable.
LEAVERS = [
    "setsid sleep 300 &", "(setsid sleep 300 &)", "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.1; done' &",
    "setsid setsid -f sleep 300",
]  # fmt: skip


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


@pytest.mark.parametrize("leaver", LEAVERS)
def test_what_left_ends_before_a_restart_and_at_the_end(supervised, tmp_path, leaver):
    runs, second = tmp_path / "runs", tmp_path / "second"
    script = f"{leaver}\nsleep 0.3; echo $$ >> {runs}; test -e {second} || {{ touch {second}; sleep 300; }}; exec sleep 300"
    p = supervised(["--restart", "always", "--restart-delay", "10ms"], "sh", "-c", script)
    first = eventually(lambda: runs.exists() and runs.read_text().split(), "the first run")
    left = set(descendants(p.pid)) - {guardian(p.pid)}
    os.kill(int(first[0]), signal.SIGKILL)
    eventually(lambda: len(runs.read_text().split()) == 2, "the second run")
    assert not [pid for pid in left if lives(pid)]
    left = set(descendants(p.pid)) - {guardian(p.pid)}
    assert len(left) > 1
    end(p)
    assert not [pid for pid in left if lives(pid)]


@pytest.mark.parametrize("leaver", [*LEAVERS, "setsid env -i sleep 300 &"])
@pytest.mark.parametrize("is_guardian_lost", [False, True])
def test_kill_9_leaves_nothing(supervised, leaver, is_guardian_lost):
    p = supervised([], "sh", "-c", f"{leaver}\necho up; exec sleep 300")
    assert p.stdout.readline() == "up\n"
    if is_guardian_lost:
        lost = eventually(lambda: guardian(p.pid), "a guardian")
        os.kill(lost, signal.SIGKILL)
        eventually(lambda: guardian(p.pid) not in (None, lost), "another guardian")
    # Whoever hides is known to the guardian after the first round.
    eventually(lambda: supervised.data().get("uptime_seconds", 0) > 1.5, "the first round")
    left = descendants(p.pid)
    assert len(left) > 2
    p.kill()
    p.wait()
    eventually(lambda: not [pid for pid in left if lives(pid)], "nothing left")


def test_orphans_of_pid_1_are_collected(supervised):
    p = supervised([], "sh", "-c", "for i in 1 2 3 4 5; do (sh -c 'sleep 0.05 &') ; done; echo up; exec sleep 300",
                   under=PID_1)  # fmt: skip
    assert p.stdout.readline() == "up\n"
    first = first_of_namespace(p.pid)
    eventually(lambda: not [c for c in children(first) if state(c) == "Z"] and len(children(first)) == 2, "no zombies")
    os.kill(first, signal.SIGTERM)
    assert p.wait(timeout=LIMIT) == 143


@pytest.mark.parametrize("leads", [True, False])
def test_the_end_of_the_terminal_is_the_programs(supervised, leads):
    """Whoever leads the session, as in a window of tmux, is the only one that the kernel tells."""
    master, slave = os.openpty()
    under = ["setsid", "--ctty", "--wait", *([] if leads else ["sh", "-c", '"$@"; exit 9', "sh"])]
    supervised(["--restart", "always"], "sh", "-c", "exec sleep 300", under=under, start_new_session=False, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    program = supervised.status("alive")["pid"]
    os.close(master)
    eventually(lambda: not lives(program), "its end")
    supervised.status("stopped")


def full_pipe():
    """A pipe that nobody reads, and that takes no more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
        return reader, writer


@pytest.mark.parametrize("state", ["reader gone", "reader stopped", "lock held", "no folder", "disk full"])
def test_it_supervises_and_ends_in_every_state_of_its_plumbing(supervised, beats, tmp_path, state):
    runs, streams, held = tmp_path / "runs", {}, []
    if state.startswith("reader"):
        held = list(full_pipe())
        streams["stderr"] = held[1]
        if state == "reader gone":
            os.close(held.pop(0))
    if state == "lock held":
        held.append(os.open(f"{beats}.lock", os.O_CREAT | os.O_RDWR))
        fcntl.flock(held[0], fcntl.LOCK_EX)
    if state == "no folder":
        supervised.file = tmp_path / "absent" / "beats.json"
    if state == "disk full":
        supervised.file = tmp_path / "disk" / "beats.json"
        supervised.file.parent.mkdir()
        mount = f"mount -t tmpfs -o size=4k none {supervised.file.parent}; echo x > {supervised.file.parent}/x; exec \"$@\""
        streams["under"] = [*AS_ROOT, "unshare", "--mount", "sh", "-c", mount, "sh"]
    script = f"exec 2>/dev/null; echo x >> {runs}; test $(wc -l < {runs}) -lt 5 && exit 1; trap 'exit 0' TERM; touch {tmp_path}/up; while :; do sleep 0.02; done"
    p = supervised(["--restart", "always", "--restart-delay", "10ms"], "sh", "-c", script, **streams)
    eventually((tmp_path / "up").exists, "the fifth run")
    assert end(p) == 0
    for descriptor in held:
        os.close(descriptor)


def test_a_beat_that_waited_for_the_lock_tells_when_it_was(supervised, beats):
    lock = os.open(f"{beats}.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    p = supervised(["--interval", "1h"], "sh", "-c", "date +%s.%N; exec sleep 300")
    begin = float(p.stdout.readline())
    time.sleep(1.5)
    fcntl.flock(lock, fcntl.LOCK_UN)
    released = eventually(lambda: supervised.entry().get("last_heartbeat"), "the beat")
    assert abs(released - begin) < 1
    os.close(lock)


def test_bytes_that_are_no_text_reach_the_program(supervised):
    p = subprocess.run(
        [TOOL, "run", "--file", supervised.file, "--", "sh", "-c", 'printf "%s" "$1"; printf "%s" "$ODD"', "sh", b"a\xffb"],
        env={**os.environb, b"ODD": b"c\xfed"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT,
    )  # fmt: skip
    assert (p.returncode, p.stdout) == (0, b"a\xffbc\xfed")
    assert supervised.entry() == {} and "sh" in supervised.file.read_text()


def test_what_cannot_be_started_says_at_what(supervised, tmp_path):
    for flags, said, status in [
        (["--cwd", tmp_path / "absent"], "working directory", 126), ([], "", 127),
    ]:  # fmt: skip
        p = supervised(flags, "true" if flags else "no-such-program")
        _, err = p.communicate(timeout=LIMIT)
        assert p.returncode == status and said in err and "ENOENT" in err


def test_another_user_another_folder_and_more_variables(supervised, tmp_path):
    tmp_path.chmod(0o755)
    variables = tmp_path / "variables"
    variables.write_text("# of the test\nGREETING='good morning'\nHOME=/nowhere\n")
    p = supervised(["--user", "nobody", "--cwd", "/usr", "--env-file", variables], "sh", "-c", "id -un; id -G; pwd; echo $GREETING $HOME $USER")
    out, _ = p.communicate(timeout=LIMIT)
    group = run("id", "-G", "nobody").stdout.strip()
    assert (p.returncode, out.split("\n")[:4]) == (0, ["nobody", group, "/usr", "good morning /nowhere nobody"])


def test_a_program_of_another_user_dies_with_its_supervisor(supervised):
    p = supervised(["--user", "nobody"], "sh", "-c", "echo $$; exec sleep 300")
    program = int(p.stdout.readline())
    p.kill()
    p.wait()
    eventually(lambda: not lives(program), "its end")
    kill_all([program])
