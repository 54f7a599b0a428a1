"""All hosts, all processes: who is well, who is not, since when."""

from .kit import *

# Beside the beating processes the exporter tells of itself: that is on its own dashboard.
OTHERS = PROCESS + ',process!="heartbeat-exporter"'

STATE = state(PROCESS)


def count(value):
    return f"sum(({STATE}) == bool {value}) or vector(0)"


def board():
    b = Board("overview", "Heartbeat / Overview", "All processes of all hosts: their state now and over time.",
              # Of many processes at once, marks would hide the lines: who wants them switches them on.
              variables(), [starts(OTHERS, enabled=False), alerts(ALERT_PROCESS, enabled=False)])  # fmt: skip
    meaning = {
        1: ("Alive", "Processes that beat, and of which nothing says that they do not run.", GREEN, GREEN),
        4: ("Hung", "Processes that run but do not beat: their last beat is older than their timeout.", GREEN, ORANGE),
        5: ("Dead", "Processes that do not run, or are silent and nothing is known of them.", GREEN, RED),
        2: ("Stopped", "Processes that said good-bye: their last beat has the status `stopped`.", BLUE, BLUE),
        3: ("Never seen", "Processes of the configuration that never beat.", GREEN, YELLOW),
    }
    for value, (title, description, none, some) in meaning.items():
        b.add(number(title, description, count(value), width=3, thresholds=steps(none, (1, some))))
    b.add(
        number("Exporters down", "Exporters that Prometheus cannot scrape: nothing is known of their hosts.",
               f'sum(up{{{HOST}}} == bool 0)', width=3, thresholds=ZERO_IS_GOOD,
               links=[data_link("Exporter health", "exporter", "job", "instance")]),
        number("Firing alerts", "Alerts that fire now for what is chosen above, the watchdog left out.",
               f'count(ALERTS{{alertstate="firing",alertname!~".*Watchdog",{ALERT_PROCESS}}}) or vector(0)', width=3,
               thresholds=ZERO_IS_GOOD, links=[data_link("Alerts and SLO", "alerts", "job", "instance", "process")]),
        number("Longest silence", "The age of a last beat as a share of the timeout, of the process that is the latest.",
               f"max(heartbeat_age_seconds{{{PROCESS}}} / heartbeat_timeout_seconds unless ignoring(status) "
               'heartbeat_status{status="stopped"})', width=3, unit="percentunit", decimals=0,
               thresholds=steps(GREEN, (0.8, YELLOW), (1, RED))),
        timeline("States", "What each process was, over time. A gap: its exporter was down.",
                 STATE, "{{process}} · {{instance}}", height=9, links=[data_link("Process detail", "process", **TO_PROCESS)]),
        rows(
            "Processes", "One row per process; its name leads to its details.",
            [
                f"max by (job, instance, process) ({STATE})",
                f"max by (job, instance, process) (heartbeat_age_seconds{{{PROCESS}}})",
                f"max by (job, instance, process) (heartbeat_age_seconds{{{PROCESS}}} / heartbeat_timeout_seconds)",
                f"max by (job, instance, process) (heartbeat_pid{{{PROCESS}}})",
                f"time() - max by (job, instance, process) (process_start_time_seconds{{{OTHERS}}})",
                f"sum by (job, instance, process) (rate(process_cpu_seconds_total{{{OTHERS}}}[$__rate_interval]))",
                f"max by (job, instance, process) (process_resident_memory_bytes{{{OTHERS}}})",
                f"max by (job, instance, process, status) (heartbeat_status{{{PROCESS}}})",
            ],
            [
                Column("process", "Process", **cell_link("Process detail", "process", **ROW_TO_PROCESS)),
                Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)),
                Column("job", "Job"),
                Column("Value #A", "State", **mapped(STATE_MAPPING_JSON)),
                Column("status", "Reports"),
                Column("Value #B", "Age", unit="s", decimals=1),
                Column("Value #C", "Of timeout", unit="percentunit", decimals=0, **at(GREEN, (0.8, YELLOW), (1, RED))),
                Column("Value #D", "PID", unit="none"),
                Column("Value #E", "Up for", unit="s", decimals=1),
                Column("Value #F", "CPU", unit="percentunit", decimals=1, **at(GREEN, (0.8, ORANGE), (1.5, RED))),
                Column("Value #G", "Memory", unit="bytes", decimals=1),
            ],
            sort="State", height=12,
        ),
        lines("Age of the last beat", "As a share of the process's timeout: at 100 % it counts as dead. Drawn up to 200 %, so that one "
              "that is dead for long does not press the others flat; those that said good-bye are left out.",
              (f"clamp_max(heartbeat_age_seconds{{{PROCESS}}} / heartbeat_timeout_seconds, 2) unless ignoring(status) "
               'heartbeat_status{status="stopped"}', "{{process}} · {{instance}}"),
              unit="percentunit", thresholds=steps("transparent", (1, RED)), width=12,
              links=[data_link("Process detail", "process", **TO_PROCESS)]),
        lines("CPU", "Processor time per second of wall time; 100 % is one core.",
              (f"rate(process_cpu_seconds_total{{{OTHERS}}}[$__rate_interval])", "{{process}} · {{instance}}"),
              unit="percentunit", minimum=0, width=6, links=[data_link("Process detail", "process", **TO_PROCESS)]),
        lines("Memory", "Resident memory.",
              (f"process_resident_memory_bytes{{{OTHERS}}}", "{{process}} · {{instance}}"),
              unit="bytes", minimum=0, width=6, links=[data_link("Process detail", "process", **TO_PROCESS)]),
    )  # fmt: skip
    return b
