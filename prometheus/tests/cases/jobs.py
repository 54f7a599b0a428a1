"""Alerts about jobs: each firing, and each just not."""

from .kit import BIDDER, Test

NIGHT = 1_700_000_000


def told(test, values, success=NIGHT, end=NIGHT, start=None, code=0, due=None, name="backup"):
    """What the exporter tells of a job; None is no series."""
    for metric, value in (
        ("last_success_timestamp_seconds", success), ("last_end_timestamp_seconds", end), ("last_start_timestamp_seconds", start),
        ("last_exit_code", code), ("next_due_timestamp_seconds", due),
    ):  # fmt: skip
        if value is not None:
            test.of_process(f"heartbeat_job_{metric}", f"{value}x{values}", name)
    return test


def job(test, values, state, reason, name="backup"):
    return test.state(values, state, reason, name)


t = job(Test("failed: until a run succeeds, also while another one runs"), "1x3 stale", "alive", "job_succeeded")
t = job(job(t, "_x4 1x7 stale", "dead", "job_failed"), "_x12 1x7 stale", "alive", "job_running")
t.of_process("heartbeat_job_last_end_timestamp_seconds", f"{NIGHT}x3 {NIGHT + 60}x15 {NIGHT + 300}x20", "backup") \
    .of_process("heartbeat_job_last_success_timestamp_seconds", f"{NIGHT}x19 {NIGHT + 300}x20", "backup") \
    .of_process("heartbeat_job_last_exit_code", "0x3 3x15 0x20", "backup") \
    .silent("JobFailed", "45s").fires("JobFailed", "1m15s", "2m45s", "3m15s", "4m30s").silent("JobFailed", "5m15s").silent("ProcessDead", "2m45s", "4m")

t = job(Test("failed: it never succeeded, and no exit code is known"), "1x20", "dead", "job_failed")
told(t, 20, success=None, code=None).fires("JobFailed", "1m").silent("ProcessDead", "4m").silent("JobLate", "4m")

t = job(Test("not failed: it runs, and its last run succeeded with another exit code than 0"), "1x20", "alive", "job_running")
told(t, 20, code=24).silent("JobFailed", "1m", "4m")

t = job(Test("not failed: it runs, and its last run ended with 0, of which nobody said that it is a success"), "1x20", "alive", "job_running")
told(t, 20, success=NIGHT - 60).silent("JobFailed", "1m", "4m")

t = job(Test("late: from the deadline on, until it succeeds"), "1x3 stale", "alive", "job_succeeded")
job(told(t, 100, due=NIGHT + 86_400), "_x4 1x39 stale", "dead", "job_late") \
    .silent("JobLate", "45s", "1m45s").fires("JobLate", "2m15s", "10m").silent("JobLate", "12m30s").silent("ProcessDead", "5m", "10m").silent("JobNeverRan", "5m").silent("JobFailed", "5m")

t = job(Test("late and overdue: not while the file cannot be read"), "1x40", "dead", "job_late")
told(job(job(t, "1x40", "hung", "job_overdue", "import"), "1x40", "dead", "job_late", "new"), 40, due=NIGHT).has("heartbeat_file_up", "0x40") \
    .silent("JobLate", "5m").silent("JobNeverRan", "5m").silent("JobOverdue", "5m").silent("ProcessHung", "5m")

t = job(Test("never ran: from the deadline of its first run on"), "1x39 stale", "never", "never_seen")
job(told(t, 100, success=None, end=None, code=None, due=NIGHT), "_x40 1x60", "dead", "job_late") \
    .silent("ProcessNeverSeen", "9m45s", "10m15s", "15m").silent("JobNeverRan", "9m45s", "10m45s").fires("JobNeverRan", "12m").silent("JobLate", "12m").silent("ProcessDead", "15m")

t = job(Test("never seen: a process that is no job, beside one that is"), "1x60", "never", "never_seen")
told(t, 60, success=None, end=None, code=None, due=NIGHT).state("1x60", "never", "never_seen", "web").fires("ProcessNeverSeen", "10m15s")

t = job(Test("overdue: while the run goes on"), "1x3 stale _x20 1x20", "alive", "job_running")
job(told(t, 100, start=NIGHT + 86_400), "_x4 1x19 stale", "hung", "job_overdue") \
    .silent("JobOverdue", "45s", "1m45s").fires("JobOverdue", "2m15s").silent("JobOverdue", "8m").silent("ProcessHung", "2m15s", "5m")

t = job(Test("dead: the process of its run is gone"), "1x20", "dead", "pid_gone")
told(t, 20, start=NIGHT + 60).fires("ProcessDead", "2m").silent("JobLate", "2m")

Test("silenced: a job that failed, one that is late, one that takes too long, and one that never ran") \
    .state("1x20", "dead", "job_failed", "failed").state("1x20", "dead", "job_late", "late").of_process("heartbeat_job_last_end_timestamp_seconds", "1x20", "late") \
    .state("1x20", "hung", "job_overdue", "long").state("1x20", "dead", "job_late", "missing") \
    .of_process("heartbeat_silenced_until_timestamp_seconds", "6000x20", "failed").of_process("heartbeat_silenced_until_timestamp_seconds", "6000x20", "late") \
    .of_process("heartbeat_silenced_until_timestamp_seconds", "6000x20", "long").of_process("heartbeat_silenced_until_timestamp_seconds", "6000x20", "missing") \
    .silent("JobFailed", "3m").silent("JobLate", "3m").silent("JobOverdue", "3m").silent("JobNeverRan", "3m")

SINCE = {"__name__": "heartbeat:job_overdue_since_timestamp_seconds"} | BIDDER
t = job(job(Test("since which scrape: of each run of them the first"), "_x4 1x1 stale 1x20", "dead", "job_late"), "_x4 1x20", "hung", "job_overdue", "import")
job(t, "1x3 stale _x1 1 stale", "alive", "job_succeeded") \
    .gives("heartbeat:job_overdue_since_timestamp_seconds", "1m15s", (SINCE | {"process": "backup", "state": "dead", "reason": "job_late"}, 60),
           (SINCE | {"process": "import", "state": "hung", "reason": "job_overdue"}, 60)) \
    .gives("heartbeat:job_overdue_since_timestamp_seconds", "3m", (SINCE | {"process": "backup", "state": "dead", "reason": "job_late"}, 105),
           (SINCE | {"process": "import", "state": "hung", "reason": "job_overdue"}, 60))  # fmt: skip
