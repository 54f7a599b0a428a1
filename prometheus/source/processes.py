"""Alerts about one process. What to do is in docs/runbooks/.
Severity: critical wakes somebody, warning is for working hours, info is to know."""

from .kit import HOST, LAST_BEAT, MISSED, NAME, PROCESS, USED, Group, Rules, again, asked, because
from .model import DEAD_BECAUSE, HUNG_BECAUSE


def groups(settings):
    r = Rules(settings)
    # While no file can be read, every beat grows old: that is an alert of its own, and says nothing of a process.
    readable = "unless on (job, instance) (max by (job, instance) (heartbeat_file_up{S}) == 0)"
    # Only a little late. An age may be less than the timeout where a clock was set, or is ahead: the exporter knows better then.
    silent = f"unless ignoring (state) (heartbeat_age_seconds{{S}} >= heartbeat_timeout_seconds{{S}} and heartbeat_age_seconds{{S}} <= {MISSED})"

    def last(matchers):
        return f"max without (reason) (timestamp(heartbeat_state{{S,{matchers}}}))"

    told, silently = 'reason!~"silent|suspended|job_.*"', 'reason=~"silent|suspended"'

    def again_of(state):
        """Whatever the reason of the earlier scrapes was: it may change with each."""
        return f"""
        {again("lost", last(f'state="{state}",{told}'))}
        or (
          {again("fallen", last(f'state="{state}",{silently}'))}
          {silent}
          {readable}
        )"""

    dead = last('state="dead",reason!~"job_.*"')
    failed = """
    (
      %s
      and on (job, instance, process) heartbeat_status{S,status="failed"}
      and on (job, instance, process) heartbeat_data_restarts_total{S}
    )"""
    quick = [
        r.since(
            "fallen", last('state=~"dead|hung",reason!~"job_.*"'),
            "Since which scrape each process is dead, or hangs, or is only late; see since in source/kit.py."),
        r.since(
            "lost", f"""
            (
              {last(f'state=~"dead|hung",{told}')}
              or (
                {last(f'state=~"dead|hung",{silently}')}
                {silent}
                {readable}
              )
            )""",
            "The same, but of a beat that is only a little late: with that, one scrape without the process makes no two."),
        r.since("given_up", failed % dead, "The same of those that heartbeat run has given up."),
        *r.alert(
            "ProcessDead", again_of("dead"),
            f"{NAME} on {HOST} is dead",
            f"{because(DEAD_BECAUSE, 'It does not run')}{LAST_BEAT}{USED} First: read the end of its log, then start it.",
            "Its process is gone; or it is silent, and nothing is known of its process."),
        *r.alert(
            "ProcessHung", again_of("hung"),
            f"{NAME} on {HOST} hangs",
            f"{because(HUNG_BECAUSE, 'It runs, but does not beat')}{LAST_BEAT}{USED} First: note its CPU (near 100% is a loop, near 0% a wait), then restart it.",
            "It is there, but beats no more. A beat that is only late is no alert: see MISSED in source/kit.py."),
        *r.alert(
            "ProcessGivenUp", again("given_up", dead),
            f"{NAME} on {HOST} failed and is not started again",
            f"{PROCESS}heartbeat run has given it up, or may not restart it{{{{ with {asked('heartbeat_data_restarts_total%s')} }}}}: {{{{ . | first | value }}}} restarts"
            f"{{{{ with {asked('heartbeat_data_last_exit_code%s')} }}}}, exit status {{{{ . | first | value }}}}{{{{ end }}}}{{{{ end }}}}.{LAST_BEAT}"
            " First: read the end of its log, fix the cause, start it.",
            "The last word of its supervisor. ProcessDead would say less. That a job failed is an alert of its own."),
        *r.alert(
            "ProcessStopped", 'max without (reason) (heartbeat_state{S,state="stopped"})',
            f"{NAME} on {HOST} is stopped",
            f"{PROCESS}It said that it ends, and nobody started it again.{LAST_BEAT} Intended? heartbeat prune ends this alert.",
            "Longer than a restart by hand takes."),
        *r.alert(
            "ProcessNeverSeen",
            'max without (reason) (heartbeat_state{S,state="never"})\nunless ignoring (state) heartbeat_job_next_due_timestamp_seconds{S}',
            f"{NAME} on {HOST} was never seen",
            "It is in the exporter's configuration, but no beat of it can be read and no process matches. First: heartbeat check of the file; is the name spelt as the program spells it?",
            "A job that is not yet due for the first time is none of them."),
        *r.alert(
            "ProcessClockAhead", "-heartbeat_age_seconds{S} > 5",
            f"{NAME} on {HOST} beats from the future",
            f"Its last beat is dated {{{{ $value | humanizeDuration }}}} ahead: the clock of the host that wrote it is wrong. First: timedatectl on its host.",
            "From 5 s on the exporter does not count such a beat as a sign of life."),
        *r.alert(
            "ProcessFileDescriptorsLow",
            """
            (
              process_worst_fd_ratio{S}
              or process_open_fds{S} / process_max_fds{S}
            ) > 0.85
            """,
            f"{NAME} on {HOST} runs out of file descriptors",
            "{{ $value | humanizePercentage }} of its file descriptors are open; at 100% it can open nothing more. Of a tree of processes, that is the one with the least room. First: ls -l /proc/PID/fd.",
            "Open files are those of a whole tree, their limit is that of its root: their ratio serves for exporters that know no other."),
        *r.alert(
            "ProcessCPUSaturated",
            f"""
            rate(process_cpu_seconds_total{{S}}[5m]) > {settings.threshold("cpu_busy_share")}
            unless resets(process_cpu_seconds_total{{S}}[5m]) > 0
            """,
            f"{NAME} on {HOST} computes without a pause",
            "It has used {{ $value | humanizePercentage }} of a core for half an hour. First: top -H -p PID. Meant to compute? Leave it out of this alert.",
            "One core for half an hour: for most programs a loop. What a counter that fell seems to have used is not counted."),
    ]  # fmt: skip
    slow = [
        *r.alert(
            "ProcessFlapping",
            """
            changes(heartbeat:missed{S}[30m]) >= 6
            unless on (job, instance, process) (changes(heartbeat:started_timestamp_seconds{S}[30m]) >= 3)
            """,
            f"{NAME} on {HOST} flaps",
            f"{PROCESS}It fell silent or came back {{{{ $value }}}} times in 30 minutes.{LAST_BEAT} First: what stalls it for so long?",
            "Silences of the length that would be an alert; beats that are a little late do not count. Restarts are an alert of their own.",
            looks_back="30m"),
        *r.alert(
            "ProcessRestarting",
            """
            changes(heartbeat:started_timestamp_seconds{S}[30m]) >= 3
            or increase(heartbeat_data_restarts_total{S}[30m]) >= 3
            """,
            f"{NAME} on {HOST} restarts again and again",
            f"{PROCESS}It was restarted {{{{ $value | printf \"%.0f\" }}}} times in 30 minutes.{LAST_BEAT} First: read the end of its log before each start.",
            "As its start times say; or heartbeat run, which also counts the starts between two scrapes.",
            looks_back="30m"),
        *r.alert(
            "ProcessTimeoutTight",
            """
            quantile_over_time(0.5, heartbeat_interval_seconds{S}[30m]) / heartbeat_timeout_seconds{S} > 0.7
            unless ignoring (state, reason) heartbeat_state{S,state=~"stopped|dead"}
            """,
            f"The timeout of {NAME} on {HOST} is tight",
            "It beats at {{ $value | humanizePercentage }} of its timeout: a short pause makes it look dead. First: raise its timeout to three intervals."),
        *r.alert(
            "ProcessForgotten",
            """
            max without (state, reason) (last_over_time(heartbeat_state{S,state!="stopped"}[1h:5m]))
            unless on (job, instance, process) heartbeat_state{S}
            unless on (job, instance, process) last_over_time(heartbeat_state{S,state="stopped"}[1h:5m])
            and on (job, instance) (max by (job, instance) (heartbeat_file_up{S}) == 1)
            """,
            f"{NAME} on {HOST} is no longer monitored",
            "It was there within the last hour; now no entry of it is left, and nobody would notice its death. Retired? Then there is nothing to do.",
            "Pruned, deleted, or silent for longer than the exporter remembers."),
        *r.alert(
            "ProcessMemoryGrowth",
            """
            process_resident_memory_bytes{S} > 1.5 * (process_resident_memory_bytes{S} offset 6h)
            and process_resident_memory_bytes{S} > 200e6
            and deriv(process_resident_memory_bytes{S}[1h]) > 0
            and changes(heartbeat:started_timestamp_seconds{S}[6h]) == 0
            """,
            f"{NAME} on {HOST} grows",
            "It uses {{ $value | humanize1024 }}B of memory, at least 50% more than six hours ago, and still grows. First: how much memory is left on the host?",
            "No restart between; small processes and warm-up are left out."),
    ]  # fmt: skip
    return [
        Group("heartbeat-process-alerts", quick),
        Group("heartbeat-process-trends", slow, interval="1m", comment="What looks back for long is asked less often."),
    ]
