"""Who was told what, and how much of the error budget is left. Needs the recording and alerting rules in prometheus/rules."""

from .kit import *

FIRING = f'ALERTS{{alertstate="firing",alertname!~".*Watchdog",{ALERT_PROCESS}}}'
SEVERITIES = {1: ("info", BLUE), 2: ("warning", ORANGE), 3: ("critical", RED)}
# How many error budgets of 30 days are used up: from 1 on it is overdrawn.
USED = f"(1 - heartbeat:available:avg30d{{{PROCESS}}}) / (1 - $objective / 100)"
BURN = f"(1 - heartbeat:available:avg1h{{{PROCESS}}}) / (1 - $objective / 100)"
BOTH = "{{process}} · {{instance}}"
LEAST = f"bottomk(100, heartbeat:available:avg30d{{{PROCESS}}})"
# The ten that are worst at the right edge of the graph.
WORST = f"bottomk(10, heartbeat:available:avg1h{{{PROCESS}}} @ end())"


def firing(severity, value=1):
    """The alerts of a severity, one series for each, of this value."""
    chosen = FIRING.replace("{", f'{{severity=~"{severity}",', 1)
    return f"max by (alertname, job, instance, process) ({chosen}) * {value}"


# Since when the condition of what fires holds: Prometheus keeps that in a series of its own.
ACTIVE_FOR = f"""time() - max by (alertname, job, instance, process) (ALERTS_FOR_STATE{{{ALERT_PROCESS}}})
and on (alertname, job, instance, process) ({firing(".*")})"""

BY_SEVERITY = f"({firing('critical', 3)})\nor ({firing('warning', 2)})\nor ({firing('|info', 1)})"


def board():
    objective = (
        build.CustomVariable("objective").label("Objective").values("99,99.5,99.9,99.95")
        .description("The availability that is promised, in percent of the time.")
        .current(model.VariableOption(selected=True, text="99.5", value="99.5"))
        .options([model.VariableOption(selected=v == "99.5", text=v, value=v) for v in ("99", "99.5", "99.9", "99.95")])
    )  # fmt: skip
    b = Board("alerts", "Heartbeat / Alerts and SLO", "What fires, what fired, and how much of the error budget is left.",
              [*variables(), objective], [starts(PROCESS, enabled=False)], time_range="now-6h", refresh="30s")  # fmt: skip
    for severity, colour in (("critical", RED), ("warning", ORANGE), ("info", BLUE)):
        b.add(number(severity.capitalize(), f"Alerts of severity {severity} that fire now, the watchdog left out.",
                     of_all(f"count({firing(severity)})", HOST, "up"), width=4, thresholds=steps(GREEN, (1, colour))))  # fmt: skip
    b.add(
        number("Pending", "Alerts whose condition holds, but not yet for long enough.",
               of_all(f"count({FIRING.replace('firing', 'pending')})", HOST, "up"), width=4, thresholds=steps(GREEN, (1, YELLOW))),
        number("Watchdog", "An alert that always fires: without it, nobody would be told of the others either.",
               'count(ALERTS{alertstate="firing",alertname=~".*Watchdog"}) or vector(0)', width=4,
               mappings=mapping({0: ("silent", RED), 1: ("works", GREEN)}), thresholds=steps(RED, (1, GREEN))),
        number("Budget overdrawn", "Processes that were unavailable for longer than the objective allows, over 30 days.",
               f"sum({USED} > bool 1)", width=4, thresholds=ZERO_IS_GOOD),
        rows("Firing now", "Every alert that fires, the worst first. A process leads to its details, an instance to its host.",
             [BY_SEVERITY, ACTIVE_FOR], [
                 Column("Value #A", "Severity", **mapped([m.to_json() for m in mapping(SEVERITIES)])), Column("alertname", "Alert"),
                 Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                 Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)), Column("job", "Job"),
                 Column("Value #B", "For", unit="s", decimals=0)],
             sort="Severity", width=24, height=9),
        timeline("History", "When each alert fired, in the colour of its severity.",
                 BY_SEVERITY, "{{alertname}} {{process}} · {{instance}}", height=11, mappings=mapping(SEVERITIES),
                 links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    b.row("Service level").add(
        rows("Availability and error budget",
             "The hundred worst: the share of time in which each was alive, and how many error budgets of 30 days it has used. Planned "
             "stops and processes that were never seen do not count.",
             [f"max by (job, instance, process) ({e}) and on (job, instance, process) {LEAST}" for e in
              (*(f"heartbeat:available:avg{w}{{{PROCESS}}}" for w in ("1h", "1d", "30d")), USED)],
             [
                 Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                 Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)), Column("job", "Job"),
                 *(Column(f"Value #{r}", heading, unit="percentunit", decimals=2, **at(RED, (0.95, ORANGE), (0.99, GREEN)))
                   for r, heading in (("A", "1 hour"), ("B", "1 day"), ("C", "30 days"))),
                 Column("Value #D", "Used", unit="suffix: budgets", decimals=2, **at(GREEN, (0.75, ORANGE), (1, RED))),
             ], sort="Used", width=14, height=12),
        bars("Error budget left", "Of 30 days, of the twenty that have least. Empty: the objective is missed.", f"bottomk(20, clamp_min(1 - {USED}, 0))", BOTH, width=10,
             height=12, thresholds=steps(RED, (0.001, ORANGE), (0.25, GREEN))),
        lines("Burn rate", "How fast the budget is used, over one hour: at 1 it lasts for exactly 30 days, at 14.4 for two.",
              (f"{BURN} and on (job, instance, process) {WORST}", BOTH), unit="suffix:×", minimum=0, width=8, thresholds=steps("transparent", (1, ORANGE), (14.4, RED))),
        lines("Availability over an hour", "Each point looks back for an hour; the ten worst.",
              (f"heartbeat:available:avg1h{{{PROCESS}}} and on (job, instance, process) {WORST}", BOTH), unit="percentunit", maximum=1, width=8),
        lines("Beat jitter", "How evenly they beat: the standard deviation of the time between two beats, over an hour; the ten worst.",
              (worst(f"heartbeat:beat_jitter_seconds:stddev1h{{{PROCESS}}}", f"heartbeat:beat_jitter_seconds:stddev1h{{{PROCESS}}} @ end()"), BOTH), unit="s", minimum=0, width=8),
    )  # fmt: skip
    return b
