"""All hosts, all processes: who is well, who is not, since when."""

import re

from .kit import *

# Beside the beating processes the exporter tells of itself: that is on its own dashboard.
OTHERS = PROCESS + ',process!="heartbeat-exporter"'

STATE = state(PROCESS)
SILENCE = f"heartbeat_age_seconds{{{PROCESS}}} / heartbeat_timeout_seconds{{{PROCESS}}}"
# Who ended on purpose is silent by right.
EXPECTED = f'unless on (job, instance, process) heartbeat_state{{{PROCESS},state=~"stopped|never"}}'
CPU, MEMORY = f"rate(process_cpu_seconds_total{{{OTHERS}}}[$__rate_interval])", f"process_resident_memory_bytes{{{OTHERS}}}"
# In how much of the time range it was dead or hung; and every process once, so that a fleet without a fault is shown too.
WRONG = f"""max by (job, instance, process) (
  sum_over_time(heartbeat_state{{{PROCESS},state=~"dead|hung"}}[$__range] @ end()) or 0 * heartbeat_state{{{PROCESS}}} @ end()
)"""
BOTH = "{{process}} · {{instance}}"


def at_end(expression):
    """The same at the right edge of the graph."""
    return re.sub(r"(\}(?:\[[^]]*\])?)", r"\1 @ end()", expression)


def count(word):
    return of_all(f'count(heartbeat_state{{{PROCESS},state="{word}"}})', PROCESS)


def hosts(word):
    return f'count by (job, instance) (heartbeat_state{{{PROCESS},state="{word}"}})'


def job(number):
    """What is told of a job, a series each."""
    return f"max by (job, instance, process) (heartbeat_job_{number}{{{PROCESS}}})"


def of_jobs(number, at=""):
    """Leaves those that are jobs. What is due first comes first, behind it those of which nobody said when they are due."""
    due = f"heartbeat_job_next_due_timestamp_seconds{{{PROCESS}}}{at} or 1e11 + 0 * heartbeat_job_runs_total{{{PROCESS}}}{at}"
    return f"and on (job, instance, process) bottomk({number}, {due})"


def board():
    b = Board("overview", "Heartbeat / Overview", "All processes of all hosts: their state now and over time. What is wrong comes first.",
              # Of many processes at once, marks would hide the lines: who wants them switches them on.
              variables(), [starts(OTHERS, enabled=False), alerts(ALERT_PROCESS, enabled=False)])  # fmt: skip
    meaning = {
        "dead": ("Dead", "Processes that do not run, or are silent and nothing is known of them."),
        "hung": ("Hung", "Processes that run but do not beat: their last beat is older than their timeout."),
        "never": ("Never seen", "Processes of the configuration that never beat."),
        "stopped": ("Stopped", "Processes that said good-bye: their last word was `stopped`, `completed` or the like."),
        "alive": ("Alive", "Processes that beat, and of which nothing says that they do not run."),
    }
    for word, (title, description) in meaning.items():
        calm = COLOUR["alive"] if word in ("dead", "hung") else "text"
        b.add(number(title, description, count(word), width=3, thresholds=steps(calm, (1, COLOUR[word]))))
    shown = f"and on (job, instance, process) topk(100, {STATE})"
    b.add(
        number("Exporters down", "Exporters that Prometheus cannot scrape: nothing is known of their hosts.",
               f'sum(up{{{HOST}}} == bool 0)', width=3, thresholds=ZERO_IS_GOOD,
               links=[data_link("Exporter health", "exporter", "job", "instance")]),
        number("Firing alerts", "Alerts that fire now for what is chosen above, the watchdog left out.",
               of_all(f'count(ALERTS{{alertstate="firing",alertname!~".*Watchdog",{ALERT_PROCESS}}})', HOST, "up"), width=3,
               thresholds=ZERO_IS_GOOD, links=[data_link("Alerts and SLO", "alerts", "job", "instance", "process")]),
        number("Longest silence", "The age of a last beat in timeouts, of the process that is the latest: from 1 on it is dead or hung.",
               f"max({SILENCE} {EXPECTED})", width=3, unit="suffix: timeouts", decimals=1,
               thresholds=steps(GREEN, (0.8, YELLOW), (1, RED))),
        rows(
            "Processes", "The hundred worst, one row each; its name leads to its details. Silence is the age of the last beat in timeouts. Silenced for: so long it still wakes nobody, because somebody works on it.",
            [
                f"{state(PROCESS, 'job, instance, process, reason')} {shown}",
                f"max by (job, instance, process) (heartbeat_age_seconds{{{PROCESS}}}) {shown}",
                f"max by (job, instance, process) ({SILENCE}) {shown}",
                f"max by (job, instance, process) (heartbeat_pid{{{PROCESS}}}) {shown}",
                f"time() - max by (job, instance, process) (process_start_time_seconds{{{OTHERS}}}) {shown}",
                f"sum by (job, instance, process) ({CPU}) {shown}",
                f"max by (job, instance, process) ({MEMORY}) {shown}",
                f"max by (job, instance, process, status) (heartbeat_status{{{PROCESS}}}) {shown}",
                f"max by (job, instance, process) (heartbeat_silenced_until_timestamp_seconds{{{PROCESS}}}) - time()",
            ],
            [
                Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)),
                Column("job", "Job"),
                Column("Value #A", "State", **mapped(STATE_MAPPING_JSON)),
                Column("reason", "Reason"),
                Column("status", "Reports"),
                Column("Value #I", "Silenced for", unit="s", decimals=0),
                Column("Value #B", "Last beat ago", unit="s", decimals=0),
                Column("Value #C", "Silence", unit="suffix: timeouts", decimals=1, **at(GREEN, (0.8, YELLOW), (1, RED))),
                Column("Value #D", "PID", unit="none"),
                Column("Value #E", "Uptime", unit="s", decimals=1),
                Column("Value #F", "CPU", unit="percentunit", decimals=1, **at(GREEN, (0.8, ORANGE), (1.5, RED))),
                Column("Value #G", "Memory", unit="bytes", decimals=1),
            ],
            sort="State", height=10,
        ),
        timeline("States", "The thirty that were dead or hung for longest in the time range, and what they were. A gap: the exporter was down.",
                 worst(STATE, WRONG, 30), BOTH, height=9, links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    b.row("Jobs").add(
        rows("Jobs", "Programs that end: when each last succeeded, how its last run went, and when the next success is due. The hundred that are due first; its name leads to its details.",
             [
                 f"{state(PROCESS, 'job, instance, process, reason')} {of_jobs(100)}",
                 f"time() - {job('last_success_timestamp_seconds')}",
                 f"time() - {job('last_start_timestamp_seconds')}",
                 f"time() - {job('last_end_timestamp_seconds')}",
                 job("last_duration_seconds"),
                 job("last_exit_code"),
                 f"{job('next_due_timestamp_seconds')} - time()",
                 job("runs_total"),
                 job("failures_total"),
             ],
             [
                 Column("process", "Name", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                 Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)),
                 Column("job", "Job"),
                 Column("Value #A", "State", **mapped(STATE_MAPPING_JSON)),
                 Column("reason", "Reason"),
                 Column("Value #B", "Last success ago", unit="s", decimals=0),
                 Column("Value #C", "Last start ago", unit="s", decimals=0),
                 Column("Value #D", "Last end ago", unit="s", decimals=0),
                 Column("Value #E", "Took", unit="s", decimals=1),
                 Column("Value #F", "Exit code", unit="none", **at("text", (1, RED))),
                 Column("Value #G", "Due in", unit="s", decimals=0),
                 Column("Value #H", "Runs", unit="none"),
                 Column("Value #I", "Failures", unit="none"),
             ],
             sort="State", height=8),
        timeline("Runs", "The thirty jobs that are due first, and what they were: succeeded and running ones are alive, a run that takes too long is hung, failed and late ones are dead.",
                 f"{STATE} {of_jobs(30, ' @ end()')}", BOTH, width=12, height=8,
                 links=[data_link("Process detail", "process", **TO_PROCESS)]),
        lines("How long runs take", "The duration of the last run, of the ten jobs that take longest.",
              (worst(f"heartbeat_job_last_duration_seconds{{{PROCESS}}}", f"heartbeat_job_last_duration_seconds{{{PROCESS}}} @ end()"), BOTH), unit="s", minimum=0, width=12, height=8,
              links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    b.row("Hosts").add(
        rows("Hosts", "The hundred worst hosts: how many of their processes are in which state. An instance leads to its host.",
             [f"topk(100, {hosts(word)} or 0 * count by (job, instance) (heartbeat_state{{{PROCESS}}}))" for word in meaning] + [f"max by (job, instance) (up{{{HOST}}})"],
             [Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)), Column("job", "Job"),
              *(Column(f"Value #{letter}", title, unit="none", **at("text", (1, COLOUR[word])))
                for letter, (word, (title, _)) in zip("ABCDE", meaning.items(), strict=True)),
              Column("Value #F", "Exporter", **mapped([m.to_json() for m in UP_MAPPING]))],
             sort="Dead", width=12, height=9),
        lines("Processes by state", "How many were in each state, over time.",
              *((f'count(heartbeat_state{{{PROCESS},state="{word}"}})', word) for word in meaning), minimum=0, decimals=0, height=9, width=12,
              overrides=[(f"/^{word}$/", {"color": {"mode": "fixed", "fixedColor": COLOUR[word]}}) for word in meaning]),
    )  # fmt: skip
    b.row("The ten that stand out").add(
        lines("Silence", "The age of the last beat in timeouts, of the ten that are silent for longest: at 1 a process counts as hung or dead. Drawn up to 2, so that one "
              "that is dead for long does not press the others flat; those that said good-bye are left out.",
              (worst(f"clamp_max({SILENCE}, 2) {EXPECTED}", f"{at_end(SILENCE)} {at_end(EXPECTED)}"), BOTH),
              unit="suffix: timeouts", thresholds=steps("transparent", (1, RED)), width=12,
              links=[data_link("Process detail", "process", **TO_PROCESS)]),
        lines("CPU", "Processor time per second of wall time, of the ten that use most; 100 % is one core.",
              (worst(CPU, at_end(CPU)), BOTH), unit="percentunit", minimum=0, width=6, links=[data_link("Process detail", "process", **TO_PROCESS)]),
        lines("Memory", "Resident memory, of the ten that have most.",
              (worst(MEMORY, at_end(MEMORY)), BOTH), unit="bytes", minimum=0, width=6, links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    return b
