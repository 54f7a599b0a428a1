"""Alerts about jobs: programs that end, and should have succeeded in time. What to do is in docs/runbooks/.
Severity: critical wakes somebody, warning is for working hours, info is to know."""

from .kit import CLOCK, HOST, NAME, PROCESS, Group, Rules, again, asked

LAST_SUCCESS = (
    f"{{{{ with {asked('heartbeat_job_last_success_timestamp_seconds%s')} }}}} Last success {{{{ (. | first | value | toTime).UTC.Format {CLOCK} }}}}."
    "{{ else }} It never succeeded, as far as its entry says.{{ end }}"
)
LAST_END = (
    f"{{{{ with {asked('heartbeat_job_last_end_timestamp_seconds%s')} }}}} It ended {{{{ (. | first | value | toTime).UTC.Format {CLOCK} }}}}"
    f"{{{{ with {asked('heartbeat_job_last_exit_code%s')} }}}} with exit code {{{{ . | first | value }}}}{{{{ end }}}}.{{{{ end }}}}"
)
DUE = f"{{{{ with {asked('heartbeat_job_next_due_timestamp_seconds%s')} }}}} It was due {{{{ (. | first | value | toTime).UTC.Format {CLOCK} }}}}.{{{{ end }}}}"
RUNS_SINCE = f"{{{{ with {asked('heartbeat_job_last_start_timestamp_seconds%s')} }}}} It runs since {{{{ (. | first | value | toTime).UTC.Format {CLOCK} }}}}.{{{{ end }}}}"


def groups(settings):
    r = Rules(settings)
    # While no file can be read, nobody hears of a success: that is an alert of its own, and says nothing of a job.
    readable = "unless on (job, instance) (max by (job, instance) (heartbeat_file_up{S}) == 0)"
    ran = "(heartbeat_job_last_end_timestamp_seconds{S} or heartbeat_job_last_start_timestamp_seconds{S} or heartbeat_job_last_success_timestamp_seconds{S})"

    def last(matcher):
        return f"timestamp(heartbeat_state{{S,{matcher}}})"

    late, overdue = (f"max without (state, reason) ({again('job_overdue', last(m))})" for m in ('reason="job_late"', 'reason="job_overdue"'))
    return [
        Group("heartbeat-job-alerts", [
            r.since("job_overdue", last('reason=~"job_late|job_overdue"'), "Since which scrape each job is late, or takes too long; see since in source/kit.py."),
            *r.alert(
                "JobFailed",
                f"""
                max without (state, reason) (heartbeat_state{{S,reason="job_failed"}})
                or (
                  max without (state, reason) (heartbeat_state{{S,reason=~"job_running|job_overdue|job_late"}})
                  and (heartbeat_job_last_exit_code{{S}} != 0)
                  unless (heartbeat_job_last_success_timestamp_seconds{{S}} >= heartbeat_job_last_end_timestamp_seconds{{S}})
                )
                """,
                f"The job {NAME} on {HOST} failed",
                f"{PROCESS}Its last run failed.{LAST_END}{LAST_SUCCESS} First: read what it wrote in that run.",
                "Until a run succeeds: that another one has begun is no success yet."),
            *r.alert(
                "JobLate", f"{late}\nand {ran}\n{readable}",
                f"The job {NAME} on {HOST} is late",
                f"{PROCESS}It did not succeed in time.{DUE}{LAST_SUCCESS} First: does its timer or cron still start it?",
                "Its grace is in the exporter's configuration."),
            *r.alert(
                "JobNeverRan", f"{late}\nunless {ran}\n{readable}",
                f"The job {NAME} on {HOST} never ran",
                f"{PROCESS}The exporter's configuration expects it, but it never reported a run.{DUE} First: is the name spelt as the job spells it?",
                "A first run that is not yet due is no alert."),
            *r.alert(
                "JobOverdue", f"{overdue}\n{readable}",
                f"The job {NAME} on {HOST} takes too long",
                f"{PROCESS}A run goes on for longer than its max_duration.{RUNS_SINCE}{LAST_SUCCESS} First: does it compute, or wait? top -p PID."),
        ]),
    ]  # fmt: skip
