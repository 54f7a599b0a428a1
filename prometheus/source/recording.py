"""What alerts and dashboards share. docs/alerting.md lists these names."""

from .kit import MISSED, Group, Rules, unless_silenced


def groups(settings):
    r = Rules(settings)
    state = "max without (state, reason) (heartbeat_state{S,state=~\"%s\"})"
    return [
        Group("heartbeat-starts", [
            r.record(
                "heartbeat:started_timestamp_seconds",
                r.bound("""
                (
                  last_over_time(heartbeat:started_timestamp_seconds{S}[10m])
                  and abs(process_start_time_seconds{S} - last_over_time(heartbeat:started_timestamp_seconds{S}[10m])) < 5
                )
                or process_start_time_seconds{S}
                """),
                "When each process started. The kernel's start times wobble where its clock is set right: what differs by less than\n"
                "5 s is the same start."),
        ]),
        Group("heartbeat-available", [
            r.record(
                "heartbeat:missed", r.bound(f"heartbeat_age_seconds{{S}} > bool {MISSED}"),
                "1 while a beat is missed by an alert, 0 while it came, or is only late: see MISSED in source/kit.py."),
            r.record(
                "heartbeat:available", r.bound(f"(\n  {state % 'alive'}\n  or 0 * {state % 'hung|dead'}\n)\n{unless_silenced()}"),
                "1 while the process is alive, 0 while it is hung or dead. One that said good-bye, was never seen, is silenced, or whose\n"
                "exporter cannot be asked has none: that is no failure, and uses up no error budget."),
            r.record("heartbeat:available:avg1h", r.bound("avg_over_time(heartbeat:available{S}[1h])")),
            r.record("heartbeat:beat_interval_seconds:avg1h", r.bound("avg_over_time(heartbeat_interval_seconds{S}[1h])")),
            r.record(
                "heartbeat:beat_jitter_seconds:stddev1h", r.bound("stddev_over_time(heartbeat_interval_seconds{S}[1h])"),
                "How evenly a process beats: the standard deviation of these intervals, in seconds."),
        ], interval="30s"),
        Group("heartbeat-available-hours", [
            r.record("heartbeat:available:sum1h", r.bound("sum_over_time(heartbeat:available{S}[1h])")),
            r.record("heartbeat:available:count1h", r.bound("count_over_time(heartbeat:available{S}[1h])")),
        ], interval="1h", comment="What thirty days are added up from: 720 samples of a process, not 86,400."),
        Group("heartbeat-availability", [
            r.record("heartbeat:available:avg1d", r.bound("avg_over_time(heartbeat:available{S}[1d])")),
            r.record(
                "heartbeat:available:avg30d",
                r.bound("""
                sum_over_time(heartbeat:available:sum1h{S}[30d]) / sum_over_time(heartbeat:available:count1h{S}[30d])
                or avg_over_time(heartbeat:available{S}[1h])
                """),
                "Of whole hours; before the first one is over, of what there is."),
        ], interval="2m", comment="The share of the time, 0 to 1. Read many samples, therefore less often."),
    ]  # fmt: skip
