"""Maintenances: a silenced program wakes nobody, whatever it does; when its silence ends, it does as ever."""

from .jobs import Job
from .kit import Expected, dead, hung, scenario
from .world import Program


@scenario("crashes while it is silenced, and runs again before that ends", "silenced", end="40m")
def mended(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "20m"))
    w.at("5m", p.crash)
    w.at("20m", p.start)


@scenario("crashes while it is silenced, and is still dead when that ends", "silenced", dead(after="15m", within="90s"), end="25m")
def still_dead(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "12m"))
    w.at("5m", p.crash)


@scenario("crashes while another program is silenced", "silenced", dead())
def another(w):
    p = Program(w, "bidder")
    Program(w, "mill")
    w.at("3m", lambda: w.silence("mill", "1h"))
    w.at("5m", p.crash)


@scenario("is dead already, and then silenced by whoever was woken", "silenced", dead(over="10m15s"), end="30m")
def silenced_later(w):
    p = Program(w, "bidder")
    w.at("5m", p.crash)
    w.at("8m", lambda: w.silence("bidder", "1h"))


@scenario("hangs after its silence was ended early", "silenced", hung(after="12m"), end="25m")
def ended_early(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "2h"))
    w.at("5m", p.crash)
    w.at("8m", p.start)
    w.at("10m", lambda: w.silence("bidder", None))
    w.at("12m", p.hang)


@scenario("is restarted again and again while it is silenced, and does well afterwards", "silenced", end="70m")
def deployed(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "20m"))
    for minute in range(4, 22, 3):
        w.at(f"{minute}m", p.crash)
        w.at(f"{minute}m40s", p.start)


@scenario("is silenced, stops, and its entry is taken out of the file", "silenced", end="40m")
def moved_away(w):
    p = Program(w, "bidder")
    Program(w, "mill")
    w.at("3m", lambda: w.silence("bidder", "1h"))
    w.at("5m", p.crash)
    w.at("10m", lambda: w.wipe("bidder"))


@scenario("configured, silenced before it was ever seen, and deployed within that time", "silenced", end="30m")
def not_yet_there(w):
    w.configuration["nightly"] = {"match": ["nightly.py"]}
    Program(w, "bidder")
    w.silence("nightly", "20m")
    w.at("18m", lambda: Program(w, "nightly"))


@scenario("is silenced, and the exporter and Prometheus are started anew", "silenced", end="30m", away=[("12m", "14m")])
def started_anew(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "1h"))
    w.at("5m", p.crash)
    w.at("8m", w.stop_exporter)
    w.at("8m20s", w.start_exporter)


@scenario("a silence that somebody wrote for a year is not believed", "silenced", dead())
def too_long(w):
    p = Program(w, "bidder")
    w.at("3m", lambda: w.silence("bidder", "365d"))
    w.at("5m", p.crash)


@scenario("a job runs for longer than it may, and fails, while it is silenced", "silenced", end="30m")
def job_silenced(w):
    j = Job(w, "backup", every="1h", takes="9m", max_duration="5m", fails=(1, 0))
    w.at("30s", lambda: w.silence("backup", "2h"))
    assert j


@scenario("a job is late, and is still late when its silence ends", "silenced", Expected("JobLate", "20m", "1m30s", "backup"), end="30m")
def job_still_late(w):
    j = Job(w, "backup")
    w.at("5m", lambda: (w.silence("backup", "15m"), j.lose()))
