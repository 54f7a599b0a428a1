"""Programs that end, hang, stop and start: each death and each hang is told, and nothing else."""

from .kit import Expected, dead, hung, scenario
from .world import Program

RESTARTING = "ProcessRestarting"


@scenario("crashes", "deaths", dead(over="14m"))
def crashes(w):
    p = Program(w, "bidder")
    w.at("5m", p.crash)
    w.at("10m", p.start)


@scenario("crashes, scraped every minute", "deaths", dead(within="3m15s"), interval="1m")
def crashes_minute(w):
    w.at("5m", Program(w, "bidder").crash)


@scenario("crashes, scraped every two minutes", "deaths", dead(within="5m15s"), interval="2m")
def crashes_two_minutes(w):
    w.at("5m", Program(w, "bidder").crash)


@scenario("crashes and stays a zombie", "deaths", dead())
def zombie(w):
    w.at("5m", Program(w, "bidder").become_zombie)


@scenario("crashes, and its pid is given to somebody else", "deaths", dead())
def reused(w):
    p = Program(w, "bidder")

    def other():
        pid = p.pid
        p.crash()
        q = Program(w, "other", every=None, pid=None)
        q.hang()
        q.pid = pid

    w.at("5m", other)


@scenario("falls silent, and nobody knows of its process", "deaths", dead(within="2m45s"))
def silent(w):
    w.at("5m", Program(w, "bidder", pid=None).hang)


@scenario("falls silent on another host", "deaths", dead(within="2m45s"))
def silent_elsewhere(w):
    w.at("5m", Program(w, "bidder", pid=77, host="elsewhere.example").hang)


@scenario("is known by its command line alone, and is gone", "deaths", dead())
def gone_by_match(w):
    w.configuration["bidder"] = {"match": ["bidder.py"]}
    w.at("5m", Program(w, "bidder", pid=None).crash)


@scenario("crashes, and then somebody empties the heartbeat file", "deaths", dead(), end="40m")
def crashed_and_wiped(w):
    p, q = Program(w, "bidder"), Program(w, "mill")
    w.at("5m", p.crash)
    w.at("5m20s", lambda: w.wipe())
    assert q


@scenario("its entry is lost with the file, and it falls silent without a pid", "deaths", dead(within="2m45s"), end="40m")
def wiped_and_silent(w):
    p = Program(w, "bidder", pid=None)
    Program(w, "mill")
    w.at("5m", lambda: (p.hang(), w.wipe("bidder")))


@scenario("crashes, and the exporter is started anew a minute later", "deaths", dead(within="2m30s"))
def crashed_and_restarted_exporter(w):
    w.at("5m", Program(w, "bidder").crash)
    w.at("6m", w.stop_exporter)
    w.at("6m10s", w.start_exporter)


@scenario("crashes while Prometheus is started anew (three minutes without a scrape)", "deaths", dead("7m", "5m"), away=(("6m", "9m"),))
def crashed_in_gap(w):
    w.at("7m", Program(w, "bidder").crash)


@scenario("crashes while its clock is an hour ahead", "deaths", Expected("ProcessClockAhead", "1s", "2m30s", "bidder"), dead())
def crashed_ahead(w):
    w.at("5m", Program(w, "bidder", ahead=3600).crash)


@scenario("two of three crash at once", "deaths", dead(), dead(process="mill"))
def two(w):
    p, q, _ = Program(w, "bidder"), Program(w, "mill"), Program(w, "third")
    w.at("5m", lambda: (p.crash(), q.crash()))


@scenario("crashes, seen by two exporters of one host", "deaths", dead(), dead(instance="web-1:9465"))
def two_exporters(w):
    w.exporters["web-1:9465"], w.target_up["web-1:9465"] = None, True
    w.at("5m", Program(w, "bidder").crash)


def report(program, status, restarts, **more):
    """What `heartbeat run` says of its program."""
    program.beat(status=status, additional_data={"restarts_total": restarts} | more)


@scenario("heartbeat run gives its program up", "deaths", Expected("ProcessGivenUp", "5m", "60s", "bidder"), dead(), Expected("ProcessRestarting", "5m", "3m", "bidder"))
def given_up(w):
    p = Program(w, "bidder", every=30, additional_data={"restarts_total": 0})

    def ends():
        p.every = None
        report(p, "failed", 10, last_exit_code=3)
        p.crash()

    w.at(301, ends)


@scenario("its program ends with an error, and heartbeat run may not restart it", "deaths", Expected("ProcessGivenUp", "5m", "60s", "bidder"), dead())
def failed(w):
    p = Program(w, "bidder", every=30, additional_data={"restarts_total": 0})
    w.at(301, lambda: (setattr(p, "every", None), report(p, "failed", 0, last_exit_code=1), p.crash()))


@scenario("crashes, and a supervisor starts it anew after five seconds", "restarts")
def supervised(w):
    p = Program(w, "bidder")
    w.at("5m", p.crash)
    w.at("5m5s", lambda: p.start(1))


@scenario("crashes every minute, and is started anew after five seconds", "restarts", Expected(RESTARTING, "5m", "5m", "bidder"), end="30m")
def crash_loop(w):
    p = Program(w, "bidder")
    for n in range(5, 30):
        w.at(f"{n}m", p.crash)
        w.at(f"{n}m5s", lambda: p.start(1))


@scenario("crashes four times between two scrapes, and heartbeat run starts it anew each time", "restarts", Expected(RESTARTING, "5m", "2m30s", "bidder"))
def restarted_between(w):
    p = Program(w, "bidder", every=30, additional_data={"restarts_total": 0})

    def ends():
        p.crash()
        p.entry = {"additional_data": {"restarts_total": 4}}
        p.start()

    w.at(301, ends)


@scenario("crashes again and again, and is started anew after three minutes each time", "restarts", dead(), Expected(RESTARTING, "5m", "16m", "bidder"), end="40m")
def slow_crash_loop(w):
    p = Program(w, "bidder")
    for n in range(5, 36, 5):
        w.at(f"{n}m", p.crash)
        w.at(f"{n + 3}m", lambda: p.start(1))


@scenario("deployed anew in 40 s, without a good-bye", "restarts")
def deployed(w):
    p = Program(w, "bidder")
    w.at("5m", p.crash)
    w.at("5m40s", lambda: p.start(1))


@scenario("deployed anew in three minutes, with a good-bye", "restarts")
def deployed_slowly(w):
    p = Program(w, "bidder")
    w.at("5m", p.stop)
    w.at("8m", lambda: p.start(1))


@scenario("ten programs of a host are deployed anew, one after the other", "restarts", end="30m")
def rolling(w):
    for n in range(10):
        p = Program(w, f"worker-{n}")
        w.at(300 + 60 * n, p.crash)
        w.at(330 + 60 * n, lambda p=p: p.start(2))


@scenario("runs into a deadlock", "hangs", hung(over="16m"))
def deadlock(w):
    p = Program(w, "bidder")
    w.at("5m", p.hang)
    w.at("12m", p.go_on)


@scenario("hangs, scraped every two minutes", "hangs", hung(within="5m15s"), interval="2m")
def deadlock_two_minutes(w):
    w.at("5m", Program(w, "bidder").hang)


@scenario("runs into an endless loop", "hangs", hung(), Expected("ProcessCPUSaturated", "5m", "37m", "bidder"), end="60m")
def loop(w):
    p = Program(w, "bidder")
    w.at("5m", lambda: (p.hang(), p.work(300), setattr(p, "cpu", 1.0)))


@scenario("is suspended by a signal", "hangs", hung())
def suspended(w):
    p = Program(w, "bidder")
    w.at("5m", lambda: p.hang("T"))


@scenario("hangs with a timeout of an hour", "hangs", hung(within="1h10m"), end="90m")
def hang_slow(w):
    w.configuration["bidder"] = {"timeout": "1h"}
    w.at("5m", Program(w, "bidder", every=600).hang)


@scenario("hangs with a timeout of three seconds", "hangs", hung(within="60s"))
def hang_fast(w):
    w.configuration["bidder"] = {"timeout": "3s"}
    w.at("5m", Program(w, "bidder", every=1).hang)


@scenario("hangs while its clock is an hour ahead", "hangs", Expected("ProcessClockAhead", "1s", "2m30s", "bidder"), hung())
def hang_ahead(w):
    w.at("5m", Program(w, "bidder", ahead=3600).hang)


@scenario("hangs, and somebody empties the file", "hangs", hung(), end="40m")
def hang_wiped(w):
    p = Program(w, "bidder")
    Program(w, "mill")
    w.at("5m", lambda: (p.hang(), w.wipe("bidder")))


@scenario("a deadlock, while a thread beats on: no beat can tell, and none does", "hangs")
def beating_deadlock(w):
    p = Program(w, "bidder")
    w.at("5m", lambda: (p.work(300), setattr(p, "cpu", 0.0)))


@scenario("hangs for 75 s, and goes on", "hangs")
def short_hang(w):
    p = Program(w, "bidder")
    w.at("5m", p.hang)
    w.at("6m15s", p.go_on)


@scenario("falls silent for three minutes, again and again", "hangs", hung(), Expected("ProcessFlapping", "5m", "15m", "bidder"), end="40m")
def flapping(w):
    p = Program(w, "bidder")
    for n in range(5, 36, 5):
        w.at(f"{n}m", p.hang)
        w.at(f"{n + 3}m", p.go_on)


@scenario("hangs alone on its host: one alert, not two", "hangs", hung(), end="45m")
def alone(w):
    w.at("5m", Program(w, "bidder").hang)


@scenario("two hang, a third one beats", "hangs", hung(), hung(process="mill"), end="30m")
def two_hang(w):
    p, q, _ = Program(w, "bidder"), Program(w, "mill"), Program(w, "third")
    w.at("5m", lambda: (p.hang(), q.hang()))


@scenario("the disk is full: all programs run, and none can write", "hangs", hung(), hung(process="mill"), Expected("HeartbeatFileStale", "5m", "13m"), end="30m")
def full_disk(w):
    p, q = Program(w, "bidder"), Program(w, "mill")
    w.at("5m", lambda: (p.hang(), q.hang()))


@scenario("stopped on purpose, and stays so", "planned", Expected("ProcessStopped", "5m", "10m30s", "bidder"), end="30m")
def stopped(w):
    w.at("5m", Program(w, "bidder").stop)


@scenario("stopped on purpose, and pruned", "planned", end="30m")
def stopped_and_pruned(w):
    p = Program(w, "bidder")
    Program(w, "mill")
    w.at("5m", p.stop)
    w.at("8m", lambda: w.prune("bidder"))


@scenario("crashes, and is pruned by whoever has seen the alert", "planned", dead(over="14m"), Expected("ProcessForgotten", "10m", "7m", "bidder"), end="40m")
def dead_and_pruned(w):
    p = Program(w, "bidder")
    Program(w, "mill")
    w.at("5m", p.crash)
    w.at("10m", lambda: w.prune("bidder"))


@scenario("a nightly program beats once, says that it completed, and is not there until the next night", "planned",
          Expected("ProcessStopped", "6m", "10m30s", "nightly"), end="60m")  # fmt: skip
def cron(w):
    Program(w, "mill")
    w.at("5m", lambda: Program(w, "nightly", every=None))
    w.at("6m", lambda: w.programs[-1].stop("completed"))


@scenario("configured, but nobody starts it", "planned", Expected("ProcessNeverSeen", "1s", "10m15s", "nightly"))
def never(w):
    w.configuration["nightly"] = {"match": ["nightly.py"]}
    Program(w, "bidder")


@scenario("configured, and started five minutes later", "planned")
def later(w):
    w.configuration["nightly"] = {"match": ["nightly.py"]}
    Program(w, "bidder")
    w.at("5m", lambda: Program(w, "nightly"))


@scenario("leaks file descriptors", "resources", Expected("ProcessFileDescriptorsLow", "15m", "7m", "bidder"), end="25m")
def leak(w):
    p = Program(w, "bidder")
    for n in range(20):
        w.at(f"{n}m", lambda n=n: setattr(p, "fds", 45 * n + 200))
