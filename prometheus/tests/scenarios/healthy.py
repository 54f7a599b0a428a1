"""Programs without a fault: whatever their rhythm, nobody is woken."""

import random

from .kit import Expected, scenario
from .world import Program

TIGHT = "ProcessTimeoutTight"


def every(period, minutes="40m", expects=(), interval="15s", timeout=None, name=None, **options):
    @scenario(name or f"beats every {period:g} s, and its timeout is {timeout or '60s'}", "rhythms", *expects, end=minutes, interval=interval)
    def play(w):
        if timeout:
            w.configuration["bidder"] = {"timeout": timeout}
        Program(w, "bidder", every=period, **options)


every(0.2, "5m", name="beats five times a second")
every(5, "20m")
every(20, "40m")
every(29, "40m")
every(40, "90m")
every(59.5, "90m", (Expected(TIGHT, "5m", "70m", "bidder"),))
every(60, "90m", (Expected(TIGHT, "5m", "70m", "bidder"),))
every(61.7, "90m", (Expected(TIGHT, "5m", "70m", "bidder"),))
every(61.7, "90m", (Expected(TIGHT, "5m", "70m", "bidder"),), interval="2m", name="beats every 61.7 s with a timeout of 60 s, scraped every two minutes")
every(3600, "8h", interval="1m", timeout="2h")
every(3702, "8h", (Expected(TIGHT, "1h", "60m", "bidder"),), interval="1m", timeout="1h", name="beats every 61.7 minutes, and its timeout is an hour")


@scenario("says in its beats that it beats every 60 s, with the default timeout", "rhythms", end="70m")
def declared(w):
    Program(w, "bidder", every=60, **{"interval": 60})


@scenario("beats with jitter, 10 to 45 s", "rhythms", end="60m")
def jitter(w):
    chance = random.Random(7)
    Program(w, "bidder", every=lambda n: chance.uniform(10, 45))


@scenario("pauses for 70 s every five minutes, to collect garbage", "rhythms", end="60m")
def pauses(w):
    Program(w, "bidder", every=lambda n: 70 if n % 15 == 0 else 20)


@scenario("pauses for 85 s now and then: late, but not silent", "rhythms", end="60m")
def long_pauses(w):
    Program(w, "bidder", every=lambda n: 85 if n % 30 == 0 else 20)


@scenario("a laptop sleeps for an hour: of the host nothing is known, and its programs are well afterwards", "rhythms",
          Expected("HeartbeatExporterDown", "10m", "2m15s", over="1h13m"), end="90m")  # fmt: skip
def laptop(w):
    p = Program(w, "bidder", every=20)
    w.at("10m", lambda: (p.hang(), w.stop_exporter()))
    w.at("70m", lambda: (w.start_exporter(), p.plan(15)))


@scenario("beats without a pid", "who can be seen")
def without_pid(w):
    Program(w, "bidder", pid=None)


@scenario("beats from another host into a shared file", "who can be seen")
def elsewhere(w):
    Program(w, "bidder", pid=77, host="elsewhere.example")


@scenario("beats from another pid namespace, whose pid is a kernel thread's here", "who can be seen")
def kernel_thread(w):
    Program(w, "bidder", pid=2)


@scenario("beats with a pid that no kernel gives", "who can be seen", Expected("HeartbeatEntriesSkipped", "1s", "10m", "", over=""))
def impossible(w):
    Program(w, "bidder", pid=4_194_305)


@scenario("runs in a container whose boot time lies after the start of its programs", "who can be seen")
def container(w):
    w.boot += 7 * 86_400
    Program(w, "bidder")


@scenario("its start time wobbles by a second while the clock is set right", "who can be seen", end="60m")
def wobble(w):
    Program(w, "bidder")
    for n in range(200):
        w.at(20 + 17 * n, lambda n=n: setattr(w, "boot_wobble", n % 2))


@scenario("is found by its command line behind sh -c, and its pid is not known", "who can be seen")
def behind_shell(w):
    w.configuration["bidder"] = {"match": ["bidder.py"]}
    Program(w, "shell", every=None, command="/bin/sh -c python3 bidder.py; true").hang()
    w.at(0.1, lambda: w.wipe("shell"))
    Program(w, "bidder", pid=None)


@scenario("thirty programs of many rhythms, all well", "who can be seen", end="10m", interval="1m")
def many(w):
    for n in range(30):
        Program(w, f"worker-{n:02}", every=3 + n)
