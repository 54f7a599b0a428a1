"""The exporter itself and the heartbeat file: can the other dashboards be believed?"""

from .kit import *

I = "{{instance}}"
SELF = HOST + ',process="heartbeat-exporter"'


def board():
    b = Board("exporter", "Heartbeat / Exporter health", "Exporters, heartbeat files and pushes: can the other dashboards be believed?",
              variables(None), [starts(SELF), alerts(ALERT_HOST + ',process=""')])  # fmt: skip
    b.add(
        number("Exporter", "Whether Prometheus could scrape it.", f"up{{{HOST}}}", mappings=UP_MAPPING, legend=I, width=5,
               thresholds=steps(RED, (1, GREEN))),
        number("Heartbeat file", "Whether the file could be read; if not, its last good content is served.",
               f"heartbeat_file_up{{{HOST}}}", mappings=mapping({0: ("unreadable", RED), 1: ("readable", GREEN)}), legend=I, width=5,
               thresholds=steps(RED, (1, GREEN))),
        number("Configuration", "Whether the last readings of `--config.file` and, if there is one, `--web.config.file` succeeded.",
               f"heartbeat_exporter_config_last_reload_successful{{{HOST}}} * on (job, instance) "
               f"(heartbeat_exporter_web_config_last_reload_successful{{{HOST}}} or heartbeat_exporter_config_last_reload_successful{{{HOST}}})",
               mappings=mapping({0: ("rejected", RED), 1: ("in use", GREEN)}), legend=I, width=5,
               thresholds=steps(RED, (1, GREEN))),
        number("Entries", "Well-formed entries in the file.", f"heartbeat_file_entries{{{HOST}}}", legend=I, width=5),
        number("Expired", "Entries that are not shown because they are older than `--heartbeat.retention`.",
               f"heartbeat_file_expired_entries{{{HOST}}}", legend=I, width=4),
        rows("Versions", "What runs where.",
             [f"max by (job, instance, version, revision, swift_version) (heartbeat_exporter_build_info{{{HOST}}})",
              f"time() - max by (job, instance) (process_start_time_seconds{{{SELF}}})"],
             [Column("instance", "Instance", **cell_link("Host", "host", **ROW_TO_HOST)), Column("job", "Job"), Column("version", "Version"), Column("revision", "Revision"),
              Column("swift_version", "Swift"), Column("Value #B", "Uptime", unit="s", decimals=1)], height=6),
    )  # fmt: skip
    b.row("Heartbeat file").add(
        lines("Age of the file", "Seconds since it was written, and since what it gives itself as `last_updated`.",
              (f"time() - heartbeat_file_modified_timestamp_seconds{{{HOST}}}", "written · " + I),
              (f"time() - heartbeat_file_last_updated_timestamp_seconds{{{HOST}}}", "last_updated · " + I), unit="s", minimum=0, width=8),
        lines("Size", "Size of the file.", (f"heartbeat_file_size_bytes{{{HOST}}}", I), unit="bytes", minimum=0, width=4),
        lines("Failed reads", "Attempts to read the file that failed, per minute. `torn` and `empty` are writers that write in place.",
              (f"60 * rate(heartbeat_file_read_errors_total{{{HOST}}}[$__rate_interval]) > 0", "{{reason}} · " + I), unit="rpm", minimum=0, width=6),
        lines("Entries left out", "Malformed parts of the files that are left out now, why, and numbers that a limit held back.",
              (f"heartbeat_file_skipped_entries{{{HOST}}} > 0", "left out: {{file}} · " + I),
              (f"increase(heartbeat_entries_skipped_total{{{HOST}}}[$__rate_interval]) > 0", "why: {{reason}} · " + I),
              (f"increase(heartbeat_series_dropped_total{{{HOST}}}[$__rate_interval]) > 0", "dropped: {{reason}} · " + I), minimum=0, width=6),
    )  # fmt: skip
    b.row("Scrapes").add(
        lines("Duration of a scrape", "As Prometheus saw it: the answer must come before its scrape_timeout.",
              (f"scrape_duration_seconds{{{HOST}}}", I), unit="s", minimum=0, width=8),
        lines("Duration of the collectors", "How long the exporter took for each part of the answer.",
              (f"heartbeat_exporter_collector_duration_seconds{{{HOST}}}", "{{collector}} · " + I), unit="s", minimum=0, width=8),
        lines("Series", "Samples of a scrape.", (f"scrape_samples_scraped{{{HOST}}}", I), minimum=0, width=8, decimals=0),
        timeline("Collectors", "Whether each collector could read its source.",
                 f"heartbeat_exporter_collector_success{{{HOST}}}", "{{collector}} · " + I, width=12, mappings=mapping(
                     {0: ("failed", RED), 1: ("ok", GREEN)})),
        lines("Requests", "Requests answered, by path and status.",
              (f"rate(heartbeat_exporter_http_requests_total{{{HOST}}}[$__rate_interval]) > 0", "{{handler}} {{code}} · " + I),
              unit="reqps", minimum=0, width=7),
        lines("Connections", "Connections that are open.", (f"heartbeat_exporter_http_connections{{{HOST}}}", I), minimum=0,
              width=5, decimals=0),
        lines("Late answers", "Scrapes and questions of the API that waited for more than 10 s, per minute: something holds the exporter up.",
              (f"60 * rate(heartbeat_exporter_late_answers_total{{{HOST}}}[$__rate_interval])", I), unit="cpm", minimum=0, width=6),
        lines("Refused TLS handshakes", "Encrypted connections that failed before their first request, per minute, and why; the log says more. Only with TLS.",
              (f"60 * rate(heartbeat_exporter_tls_handshake_errors_total{{{HOST}}}[$__rate_interval]) > 0", "{{reason}} · " + I), unit="cpm", minimum=0, width=6),
        lines("Searches given up", "Command lines for which `match` of a process would have taken too long, per minute: they count as no match. Its regular expression is too costly.",
              (f"60 * rate(process_match_exceeded_total{{{HOST}}}[$__rate_interval]) > 0", "{{process}} · " + I), unit="cpm", minimum=0, width=6),
        lines("Files of patterns", "For each pattern of `--heartbeat.file`: the files that match and are read, and those that are not, because there are more than `--heartbeat.max-files`.",
              (f"heartbeat_pattern_files{{{HOST}}}", "read: {{pattern}} · " + I),
              (f"heartbeat_pattern_files_left_out{{{HOST}}} > 0", "left out: {{pattern}} · " + I), minimum=0, width=6, decimals=0),
    )  # fmt: skip
    b.row("Pushes").add(
        lines("Beats by push", "Beats that came by push and are in the file.",
              (f"rate(heartbeat_push_beats_total{{{HOST}}}[$__rate_interval])", I), unit="ops", minimum=0, width=6),
        lines("Refused", "Pushes that were not taken, per minute.",
              (f"60 * rate(heartbeat_push_errors_total{{{HOST}}}[$__rate_interval]) > 0", "{{reason}} · " + I), unit="cpm", minimum=0, width=6),
        lines("Waiting pushes", "Pushes that wait for the file.", (f"heartbeat_push_queue_length{{{HOST}}}", I), minimum=0, width=4, decimals=0),
        lines("Write duration", "What a replacement of the file took on average, the wait for its lock included.",
              (f"rate(heartbeat_push_commit_seconds_total{{{HOST}}}[$__rate_interval]) / "
               f"(rate(heartbeat_push_commits_total{{{HOST}}}[$__rate_interval]) > 0)", I), unit="s", minimum=0, width=8),
    )  # fmt: skip
    b.row("What the exporter uses").add(
        lines("CPU", "Processor time per second of wall time; 100 % is one core.",
              (f"rate(process_cpu_seconds_total{{{SELF}}}[$__rate_interval])", I), unit="percentunit", minimum=0, width=8),
        lines("Memory", "Resident memory.", (f"process_resident_memory_bytes{{{SELF}}}", I), unit="bytes", minimum=0, width=8),
        lines("Descriptors", "Open descriptors: connections, and what it reads.", (f"process_open_fds{{{SELF}}}", I), minimum=0,
              width=8, decimals=0),
    )  # fmt: skip
    return b
