"""What a scenario is."""

from dataclasses import dataclass, field

SCENARIOS = []


@dataclass(frozen=True)
class Expected:
    """An alert that must fire within `within` of `after`; `over`: from when on it fires no more."""

    alert: str
    after: str
    within: str
    process: str = ""
    instance: str = "web-1:9464"
    over: str = ""


@dataclass
class Scenario:
    """`script` plays it on the scripted host; a scenario without one has its `series` in promtool's notation."""

    name: str
    group: str
    script: object
    expects: tuple
    end: str
    interval: str = "15s"
    away: tuple = ()
    series: dict = field(default_factory=dict)


def scenario(name, group, *expects, end="20m", interval="15s", away=()):
    """Decorates a function of the world."""

    def add(script):
        SCENARIOS.append(Scenario(name, group, script, expects, end, interval, away))
        return script

    return add


def written(name, group, *expects, end="20m", interval="15s", **series):
    """A scenario that the scripted host cannot play."""
    SCENARIOS.append(Scenario(name, group, None, expects, end, interval, (), series["series"]))


def dead(after="5m", within="90s", process="bidder", **more):
    return Expected("ProcessDead", after, within, process, **more)


def hung(after="5m", within="2m15s", process="bidder", **more):
    return Expected("ProcessHung", after, within, process, **more)
