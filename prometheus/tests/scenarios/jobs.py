"""Programs that end: a run that failed, one that takes too long, one that never comes; and jobs that do well."""

from .kit import Expected, scenario
from .world import Program, seconds


class Job:
    """A job of the scripted host, as `heartbeat run --job` tells of it. `every`: from the beginning of one run to that of the next."""

    def __init__(self, world, name, every="10m", takes="30s", fails=(), first="1m", **configured):
        self.world, self.name, self.every, self.takes, self.fails = world, name, seconds(every), seconds(takes), fails
        self.told, self.number, self.is_lost = {}, 0, False
        world.configuration[name] = {"every": every, "grace": "1m"} | configured
        if first is not None:
            world.at(first, self.run)

    def run(self):
        if self.is_lost:
            return
        self.number += 1
        self.tell("running", started=self.world.clock())
        begun, number = self.world.now, self.number
        self.world.at(begun + self.takes, lambda: self.number == number and self.end())
        self.world.at(begun + self.every, lambda: self.number == number and self.run())

    def end(self):
        code = self.fails[self.number - 1] if self.number <= len(self.fails) else 0
        now = self.world.clock()
        self.told["runs"] = self.told.get("runs", 0) + 1
        self.told["failures"] = self.told.get("failures", 0) + (code != 0)
        if code == 0:
            self.told["last_success"] = now
        self.tell("failed" if code else "succeeded", ended=now, exit_code=code, duration_seconds=now - self.told["started"])

    def tell(self, status, **more):
        self.told |= more
        if status == "running":
            for key in ("ended", "exit_code", "duration_seconds"):
                self.told.pop(key, None)
        self.world.write(self.name, {"last_heartbeat": self.world.clock(), "status": status, "job": dict(self.told)})

    def lose(self):
        """Nobody starts it any more."""
        self.is_lost = True


@scenario("a job that succeeds every ten minutes", "jobs", end="1h")
def in_time(w):
    Job(w, "backup")


@scenario("a job that comes a little late now and then, within its grace", "jobs", end="1h")
def within_grace(w):
    Job(w, "backup", every="10m", takes="30s", grace="3m").every = seconds("12m")


@scenario("a first run that is not yet due", "jobs", end="1h")
def not_yet_due(w):
    Program(w, "bidder")
    Job(w, "yearly", every="8760h", first=None)


@scenario("a run fails, and the next one succeeds", "jobs", Expected("JobFailed", "11m15s", "1m", "backup", over="22m"), end="40m")
def fails_once(w):
    Job(w, "backup", fails=(0, 3))


@scenario("its line in the crontab is lost", "jobs", Expected("JobLate", "12m30s", "1m30s", "backup"), end="30m")
def lost(w):
    w.at("5m", Job(w, "backup").lose)


@scenario("it never runs", "jobs", Expected("JobNeverRan", "11m", "1m30s", "backup"), end="30m")
def never_ran(w):
    Program(w, "bidder")
    Job(w, "backup", first=None)


@scenario("a run takes longer than it may", "jobs", Expected("JobOverdue", "6m", "1m30s", "backup", over="12m"), end="20m")
def takes_too_long(w):
    Job(w, "backup", every="1h", takes="9m", max_duration="5m")


@scenario("two jobs of one file take longer than they may, and nobody else writes it", "jobs",
          *(Expected("JobOverdue", "6m", "1m30s", name, over="26m") for name in ("backup", "import")), end="30m")  # fmt: skip
def take_too_long(w):
    for name in ("backup", "import"):
        Job(w, name, every="2h", takes="24m", max_duration="5m")


@scenario("a run fails on one host while the job does well on another", "jobs", Expected("JobFailed", "1m15s", "1m", "import"), end="8m")
def only_one(w):
    Job(w, "import", fails=(1,))
    Job(w, "backup")
