"""Alerts about what the others rest on: the heartbeat file, the exporter, its scrapes, the way of alerts itself."""

from .kit import HOST, Group, Rules, again

FILE = "heartbeat file{{ with $labels.file }} {{ . }}{{ end }}"


def groups(settings):
    r = Rules(settings)
    job = settings.values["selector"]["job"]
    failed = 'heartbeat_push_errors_total{S,reason=~"unavailable|no_space"}'
    unreadable, down = "(timestamp(heartbeat_file_up{S}) and heartbeat_file_up{S} == 0)", "(timestamp(up{S}) and up{S} == 0)"
    files = [
        r.since("file_unreadable", unreadable, "Since which scrape each file cannot be read; see since in source/kit.py."),
        *r.alert(
            "HeartbeatFileUnreadable", again("file_unreadable", unreadable),
            f"The {FILE} on {HOST} cannot be read",
            f"The exporter serves older content: who is alive on {HOST} is not known. First: ls -l of the file, and the exporter's log."),
        *r.alert(
            "HeartbeatFileStale",
            """
            time() - heartbeat_file_modified_timestamp_seconds{S} > 600
            and heartbeat_file_entries{S} >= 2
            and on (job, instance) (count by (job, instance) (heartbeat_file_entries{S} > 0) == 1)
            and on (job, instance) (
              count by (job, instance) (
                heartbeat_state{S,state="hung",reason="silent"}
                unless on (job, instance, process) heartbeat_silenced_until_timestamp_seconds{S}
              ) >= 2
            )
            """,
            f"Nobody writes the {FILE} on {HOST}",
            "The file was last written {{ $value | humanizeDuration }} ago, though several processes run. First: df and ls -ld of its folder: full, read-only, no right to write?",
            "Several processes are silent at once: what they share is broken. A single one that hangs is an alert of its own, and so are a job\n"
            "that runs for too long and a process that is suspended. Of an exporter with several files that have\n"
            "processes nobody can tell which one a process is in; an empty one, such as the packages' folder that nobody uses, does not count."),
        *r.alert(
            "HeartbeatEntriesSkipped", "max_over_time(heartbeat_file_skipped_entries{S}[2m]) > 0",
            f"Entries of the {FILE} on {HOST} are malformed",
            "Parts of it are left out ({{ $value }}): nobody would notice the death of whoever wrote them. First: heartbeat check of the file says which and why.",
            "What is left out now, since whenever: also a file that nobody writes any more. A reading in between may find it whole."),
        *r.alert(
            "HeartbeatPatternEmpty", "heartbeat_pattern_files{S} == 0",
            f"No heartbeat file on {HOST} matches {{{{ $labels.pattern }}}}",
            "The exporter watches nobody by this pattern of --heartbeat.file. First: ls -l of its folder, as the exporter's user; is the pattern spelt right?"),
        *r.alert(
            "HeartbeatFilesLeftOut", "heartbeat_pattern_files_left_out{S} > 0",
            f"Heartbeat files on {HOST} are not read",
            "{{ $value }} files match {{ $labels.pattern }} and are left out: nobody would notice the death of their programs. First: raise --heartbeat.max-files, or remove old files."),
        *r.alert(
            "HeartbeatSeriesDropped", "sum without (reason) (increase(heartbeat_series_dropped_total{S}[15m])) > 0",
            f"Numbers of processes on {HOST} are left out",
            "A process reports more than a limit lets through. First: heartbeat_series_dropped_total says which limit."),
        *r.alert(
            "HeartbeatPushFailing", f"""
            (
              changes({failed}[10m]) - resets({failed}[10m]) >= 2
              or changes({failed}[3h]) - resets({failed}[3h]) >= 3
            )
            and increase({failed}[5m]) > 0
            """,
            f"Pushed beats on {HOST} are lost",
            "The exporter cannot write pushed beats to the heartbeat file ({{ $labels.reason }}). First: df of the file's folder."),
        *r.alert(
            "HeartbeatPushRejected", 'increase(heartbeat_push_errors_total{S,reason!~"unavailable|no_space"}[15m]) > 5',
            f"Pushes to {HOST} are refused",
            '{{ $value | printf "%.0f" }} pushes in 15 minutes were refused ({{ $labels.reason }}). First: who pushes, and with which password?'),
    ]  # fmt: skip
    scrapes = [
        r.since("down", down, "Since which scrape each exporter does not answer."),
        *r.alert(
            "HeartbeatExporterDown", again("down", down),
            f"The exporter on {HOST} does not answer",
            "Prometheus cannot scrape the exporter at {{ $labels.instance }}: nothing is known of that host's processes. First: ping the host; then systemctl status heartbeat-exporter."),
        *r.alert(
            "HeartbeatTargetsMissing", "absent(up{S})",
            "Prometheus has no exporter to scrape",
            f"There is no target with the job {job}: discovery finds none, or the job has another name. First: Status, Service discovery in Prometheus."),
        *r.alert(
            "HeartbeatMetricsMissing", "up{S} == 1\nunless on (job, instance) (heartbeat_file_up{S} or heartbeat_pattern_files_left_out{S})",
            f"{HOST} answers without heartbeats",
            "{{ $labels.instance }} is scraped, but its answer has no heartbeat metrics: a collector is off, or this is not the exporter. First: curl its /metrics."),
        *r.alert(
            "HeartbeatCollectorFailing", 'heartbeat_exporter_collector_success{S,collector!="heartbeat"} == 0',
            f"The exporter on {HOST} cannot read a source",
            "The collector {{ $labels.collector }} cannot read its source. First: the exporter's log names what it is.",
            "Of the heartbeat file there are alerts of its own."),
        *r.alert(
            "HeartbeatConfigReloadFailed",
            "heartbeat_exporter_config_last_reload_successful{S} == 0\nor heartbeat_exporter_web_config_last_reload_successful{S} == 0",
            f"The exporter on {HOST} refuses its configuration",
            "The last reload of --config.file or --web.config.file failed; the old configuration stays in force. First: the exporter's log names line and column."),
        *r.alert(
            "HeartbeatTestAlert",
            """
            heartbeat_data_test_alert{S,process="heartbeat-test-alert"} == 1
            and on (job, instance, process) (heartbeat_age_seconds{S} < 600)
            """,
            f"A test alert from {HOST}: nothing is wrong",
            "Somebody runs heartbeat test-alert. The alert has reached you: there is nothing to do. It ends by itself within ten minutes.",
            "Its process says that it ended, so that no other alert is about it."),
        *r.alert(
            "Watchdog", "vector(1)", "Alerts arrive",
            "Always fires. When it stops, Prometheus, Alertmanager or the way between them is broken.",
            "Always fires: a dead man's switch outside raises the alarm when this does not arrive any more."),
    ]  # fmt: skip
    targets = [
        *r.alert(
            "HeartbeatTargetVanished",
            f"""
            max_over_time(up{{S}}[{settings.threshold("vanished")}:5m])
            unless on (job, instance) up{{S}}
            and on () (count(up{{S}}) > 0)
            """,
            f"{HOST} is no longer a target",
            "Prometheus has scraped {{ $labels.instance }} within the last day, and now its discovery does not find it: nothing is known of that host's processes. First: Status, Service discovery in Prometheus."),
    ]  # fmt: skip
    return [
        Group("heartbeat-file-alerts", files),
        Group("heartbeat-exporter-alerts", scrapes),
        Group("heartbeat-target-alerts", targets, interval="1m", comment="What looks back for a day is asked less often."),
    ]
