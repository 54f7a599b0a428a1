"""How a unit test of the rules is written: series in promtool's notation, and at which times which alert fires or is silent.

What an alert that fires says is not written here: generate.py lets promtool say it, for somebody to read in the YAML.
"""

import sys

TESTS = []
HOST = {"instance": "web-1:9464", "host": "web-1", "job": "heartbeat"}
BIDDER = {"process": "bidder", **HOST}


class Test:
    """`Test("dead: ...").has("up", "1x8").fires("ProcessDead", "2m").silent("ProcessDead", "1m45s")`."""

    def __init__(self, name, interval="15s", evaluation="15s"):
        self.name, self.interval, self.evaluation = name, interval, evaluation
        self.series, self.alerts, self.samples = {}, [], []
        # Whose test it is says which file it goes into.
        self.module = sys._getframe(1).f_globals["__name__"]
        TESTS.append(self)

    def has(self, metric, values, **labels):
        """A series of the host web-1."""
        return self.has_of(HOST | labels, metric, values)

    def has_of(self, labels, metric, values):
        """A series with these labels alone."""
        inside = ",".join(f'{k}="{v}"' for k, v in labels.items() if v is not None)
        self.series[f"{metric}{{{inside}}}"] = values
        return self

    def of_process(self, metric, values, process="bidder", **labels):
        """A series of a process on web-1."""
        return self.has(metric, values, process=process, **labels)

    def state(self, values, state, reason, process="bidder", **labels):
        """heartbeat_state of a process."""
        return self.has("heartbeat_state", values, process=process, state=state, reason=reason, **labels)

    def silence(self, values, timeout=60, process="bidder"):
        """Its age and timeout."""
        self.of_process("heartbeat_age_seconds", values, process)
        return self.of_process("heartbeat_timeout_seconds", f"{timeout}x2000", process)

    def fires(self, alert, *times):
        self.alerts += [(alert, t, True) for t in times]
        return self

    def silent(self, alert, *times):
        self.alerts += [(alert, t, False) for t in times]
        return self

    def gives(self, expression, time, *samples):
        """`samples`: pairs of labels and value."""
        self.samples.append((expression, time, samples))
        return self
