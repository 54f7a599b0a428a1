"""Who was told what, and how much of the error budget is left."""

from .kit import *

FIRING = f'ALERTS{{alertstate="firing",alertname!~".*Watchdog",{ALERT_PROCESS}}}'
SEVERITIES = {1: ("info", BLUE), 2: ("warning", ORANGE), 3: ("critical", RED)}


def available(window):
    return f"avg_over_time(heartbeat_alive{{{PROCESS}}}[{window}])"


def left(window):
    """The share of the error budget that is left; below 0 it is overdrawn."""
    return f"1 - (1 - {available(window)}) / (1 - $objective / 100)"


def board():
    objective = (
        build.CustomVariable("objective").label("Objective").values("99, 99.5, 99.9, 99.95")
        .description("The availability that is promised, in percent of the time.")
        .current(model.VariableOption(selected=True, text="99.5", value="99.5"))
        .options([model.VariableOption(selected=v == "99.5", text=v, value=v) for v in ("99", "99.5", "99.9", "99.95")])
    )  # fmt: skip
    b = Board("alerts", "Heartbeat / Alerts and SLO", "What fires, what fired, and how much of the error budget is left.",
              [*variables(), objective], [starts(PROCESS)], time_range="now-6h", refresh="30s")  # fmt: skip
    for severity, colour in (("critical", RED), ("warning", ORANGE), ("info", BLUE)):
        b.add(number(severity.capitalize(), f"Alerts of severity {severity} that fire now, the watchdog left out.",
                     FIRING.replace("{", f'{{severity="{severity}",', 1).join(["count(", ") or vector(0)"]), width=4,
                     thresholds=steps(GREEN, (1, colour))))  # fmt: skip
    b.add(
        number("Pending", "Alerts whose condition holds, but not yet for long enough.",
               FIRING.replace("firing", "pending").join(["count(", ") or vector(0)"]), width=4, thresholds=steps(GREEN, (1, YELLOW))),
        number("Watchdog", "An alert that always fires: without it, nobody would be told of the others either.",
               'count(ALERTS{alertstate="firing",alertname=~".*Watchdog"}) or vector(0)', width=4,
               mappings=mapping({0: ("silent", RED)}) , thresholds=steps(RED, (1, GREEN))),
        number("Budget overdrawn", "Processes that were unavailable for longer than the objective allows, over 30 days.",
               f"sum(({left('30d')}) < bool 0) or vector(0)", width=4, thresholds=ZERO_IS_GOOD),
        rows("Firing now", "Every alert that fires; its name leads to nothing but its description, the process to its details.",
             [FIRING], [
                 Column("alertname", "Alert"), Column("severity", "Severity", mappings=[{"type": "value", "options": {
                     word: {"text": word, "color": colour, "index": n} for n, (word, colour) in SEVERITIES.items()}}], **COLOURED),
                 Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                 Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)), Column("job", "Job")],
             sort="Severity", descending=False, width=24, height=7),
        timeline("History", "When each alert fired.",
                 f"max by (alertname, severity, instance, process) ({FIRING})", "{{alertname}} · {{process}} · {{instance}}", height=9,
                 mappings=mapping({1: ("firing", RED)}), links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    b.row("Service level").add(
        rows("Availability and error budget",
             "The share of time in which each process was alive, and the share of the 30-day error budget that is left.",
             [f"max by (job, instance, process) ({e})" for e in
              (available("1h"), available("1d"), available("30d"), left("30d"))],
             [
                 Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                 Column("instance", "Instance"), Column("job", "Job"),
                 *(Column(f"Value #{r}", heading, unit="percentunit", decimals=2, **at(RED, (0.95, ORANGE), (0.99, GREEN)))
                   for r, heading in (("A", "1 hour"), ("B", "1 day"), ("C", "30 days"))),
                 Column("Value #D", "Budget left", unit="percentunit", decimals=1, **at(RED, (0, ORANGE), (0.25, GREEN))),
             ], sort="Budget left", descending=False, width=14, height=10),
        bars("Error budget left", "Of 30 days. Empty: the objective is missed.", left("30d"), "{{process}} · {{instance}}", width=10,
             height=10, minimum=0.0, thresholds=steps(RED, (0.001, ORANGE), (0.25, GREEN))),
        lines("Burn rate", "How fast the budget is used, over one hour: at 1 it lasts for exactly 30 days, at 14.4 for two.",
              (f"(1 - {available('1h')}) / (1 - $objective / 100)", "{{process}} · {{instance}}"), minimum=0,
              thresholds=steps("transparent", (1, ORANGE), (14.4, RED))),
        lines("Availability over an hour", "Each point looks back for an hour.",
              (available("1h"), "{{process}} · {{instance}}"), unit="percentunit", maximum=1),
    )  # fmt: skip
    return b
