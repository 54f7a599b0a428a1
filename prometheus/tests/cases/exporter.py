"""Alerts about the heartbeat file, the exporter and its scrapes: each firing, and each just not."""

from .kit import HOST, Test

Test("unreadable file for five minutes") \
    .has("heartbeat_file_up", "1 0x20 1x40").silent("HeartbeatFileUnreadable", "2m15s").fires("HeartbeatFileUnreadable", "2m30s", "7m") \
    .silent("HeartbeatFileUnreadable", "7m45s")

Test("unreadable for a minute only") \
    .has("heartbeat_file_up", "1 0x4 1x40").silent("HeartbeatFileUnreadable", "1m", "3m")

Test("unreadable in one scrape, and scrapes come every two minutes", interval="2m") \
    .has("heartbeat_file_up", "1x4 0 1x20").silent("HeartbeatFileUnreadable", "10m", "11m45s", "12m", "13m")

ONE_FILE = "heartbeat_file_up", "1x120"

# Time 0 is where a test begins.
Test("stale file, and the two processes that run are late") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x60 900x60").has("heartbeat_file_entries", "2x120") \
    .state("1x60 stale", "hung", "silent").state("1x60 stale", "hung", "silent", "uneven") \
    .silent("HeartbeatFileStale", "12m").fires("HeartbeatFileStale", "12m15s", "16m45s").silent("HeartbeatFileStale", "17m30s")

Test("stale file beside a folder of own files that nobody uses, as the packages have it") \
    .has(*ONE_FILE, file="/run/heartbeat/a.json").has(*ONE_FILE, file="/run/heartbeat.d") \
    .has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/heartbeat/a.json").has("heartbeat_file_entries", "2x120", file="/run/heartbeat/a.json") \
    .has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/heartbeat.d").has("heartbeat_file_entries", "0x120", file="/run/heartbeat.d") \
    .state("1x120", "hung", "silent").state("1x120", "hung", "silent", "uneven") \
    .silent("HeartbeatFileStale", "12m").fires("HeartbeatFileStale", "12m15s", "20m")

Test("not stale: the only processes ended") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "dead", "pid_gone").state("1x120", "dead", "pid_gone", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: one hangs, and is an alert of its own") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "hung", "silent").state("1x120", "alive", "beating", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: two jobs run for longer than they may, and nobody else writes the file") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "hung", "job_overdue").state("1x120", "hung", "job_overdue", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: two are suspended, which their own alerts say") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "hung", "suspended").state("1x120", "hung", "suspended", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: a file of one process, though another one, which only matches, hangs") \
    .has(*ONE_FILE, file="/run/a.json").has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/a.json").has("heartbeat_file_entries", "1x120", file="/run/a.json") \
    .state("1x120", "hung", "silent").state("1x120", "hung", "silent", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: an old file of two that ended, and two that have files of their own hang") \
    .has(*ONE_FILE, file="/run/old.json").has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/old.json").has("heartbeat_file_entries", "2x120", file="/run/old.json") \
    .has(*ONE_FILE, file="/run/a.json").has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/a.json").has("heartbeat_file_entries", "1x120", file="/run/a.json") \
    .has(*ONE_FILE, file="/run/b.json").has("heartbeat_file_modified_timestamp_seconds", "0x120", file="/run/b.json").has("heartbeat_file_entries", "1x120", file="/run/b.json") \
    .state("1x120", "stopped", "said_stopped", "nightly").state("1x120", "stopped", "said_stopped", "weekly") \
    .state("1x120", "hung", "silent").silence("300+15x120").state("1x120", "hung", "silent", "uneven").silence("300+15x120", process="uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: its beats are due once an hour") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "alive", "beating").state("1x120", "alive", "beating", "uneven").silent("HeartbeatFileStale", "20m")

Test("not stale: written a moment ago, though two hang") \
    .has(*ONE_FILE).has("heartbeat_file_modified_timestamp_seconds", "0+15x120").has("heartbeat_file_entries", "2x120") \
    .state("1x120", "hung", "silent").state("1x120", "hung", "silent", "uneven").silent("HeartbeatFileStale", "20m")

Test("one scrape fails, and scrapes come every two minutes", interval="2m") \
    .has("up", "1x4 0 1x20").silent("HeartbeatExporterDown", "10m", "11m15s", "11m45s", "12m", "13m")

Test("since which scrape: of each run of them the first; one that fails is none of them for the file") \
    .has("up", "1x3 0 1 0x1 1x20").has("heartbeat_file_up", "1x1 0x1 stale 0 stale _x1 0x20") \
    .gives("heartbeat:down_since_timestamp_seconds", "1m", (HOST | {"__name__": "heartbeat:down_since_timestamp_seconds"}, 60)) \
    .gives("heartbeat:down_since_timestamp_seconds", "1m15s").gives("heartbeat:down_since_timestamp_seconds", "1m45s", (HOST | {"__name__": "heartbeat:down_since_timestamp_seconds"}, 90)) \
    .gives("heartbeat:file_unreadable_since_timestamp_seconds", "3m", (HOST | {"__name__": "heartbeat:file_unreadable_since_timestamp_seconds"}, 30))

GONE_HOST = {"job": "heartbeat", "instance": "web-2:9464", "host": "web-2"}

Test("a host vanishes from discovery while another one stays", interval="1m", evaluation="1m") \
    .has("up", "1x1600").has_of(GONE_HOST, "up", "1x10 stale") \
    .silent("HeartbeatTargetVanished", "10m", "15m").silent("HeartbeatExporterDown", "20m").silent("HeartbeatTargetsMissing", "20m") \
    .fires("HeartbeatTargetVanished", "16m", "6h", "24h").silent("HeartbeatTargetVanished", "24h20m")

Test("not vanished: down, or known by further labels now, or all are gone") \
    .has("up", "1x40 0x100").has_of(GONE_HOST, "up", "1x40 stale").has_of(GONE_HOST | {"team": "a"}, "up", "_x41 1x100").silent("HeartbeatTargetVanished", "20m", "30m")

Test("all hosts vanish: that is said once") \
    .has("up", "1x40 stale").has_of(GONE_HOST, "up", "1x40 stale").fires("HeartbeatTargetsMissing", "20m").silent("HeartbeatTargetVanished", "20m")

Test("malformed entries, for half an hour; a reading in between finds the file whole") \
    .has("heartbeat_file_skipped_entries", "0x4 3x40 0 3x80 0x100", file="/run/beats.json").has("heartbeat_file_skipped_entries", "0x204", file="/run/other.json") \
    .silent("HeartbeatEntriesSkipped", "6m").fires("HeartbeatEntriesSkipped", "6m15s", "12m30s", "48m").silent("HeartbeatEntriesSkipped", "50m")

Test("malformed from the first scrape on, and nobody writes the file again") \
    .has("heartbeat_file_skipped_entries", "1x100", file="/run/beats.json").has("heartbeat_entries_skipped_total", "7x100", reason="not_an_object") \
    .silent("HeartbeatEntriesSkipped", "4m45s").fires("HeartbeatEntriesSkipped", "5m", "20m")

Test("malformed in two scrapes only") \
    .has("heartbeat_file_skipped_entries", "0x4 1x1 0x80", file="/run/beats.json").silent("HeartbeatEntriesSkipped", "4m", "6m15s", "10m")

Test("no file matches a pattern, and then one does") \
    .has("heartbeat_pattern_files", "0x60 1x20", pattern="/srv/*/beat.json").has("heartbeat_pattern_files", "3x80", pattern="/srv/*.json") \
    .silent("HeartbeatPatternEmpty", "9m45s").fires("HeartbeatPatternEmpty", "10m", "15m").silent("HeartbeatPatternEmpty", "15m15s")

Test("a pattern has more files than are read") \
    .has("heartbeat_pattern_files_left_out", "0x4 12x40 0x60", pattern="/srv/*/beat.json").silent("HeartbeatFilesLeftOut", "6m") \
    .fires("HeartbeatFilesLeftOut", "6m15s", "16m").silent("HeartbeatFilesLeftOut", "17m")

Test("numbers over a limit, once") \
    .has("heartbeat_series_dropped_total", "0x4 3x200", reason="process_limit").has("heartbeat_series_dropped_total", "0x204", reason="total_limit") \
    .silent("HeartbeatSeriesDropped", "6m").fires("HeartbeatSeriesDropped", "6m15s", "30m").silent("HeartbeatSeriesDropped", "32m")

Test("no number over a limit since the start") \
    .has("heartbeat_series_dropped_total", "7x100", reason="process_limit").silent("HeartbeatSeriesDropped", "20m")

Test("pushes that cannot be written") \
    .has("heartbeat_push_errors_total", "0x4 0+1x20 20x60", reason="no_space").silent("HeartbeatPushFailing", "3m30s") \
    .fires("HeartbeatPushFailing", "3m45s", "15m45s").silent("HeartbeatPushFailing", "17m").silent("HeartbeatPushRejected", "10m")

Test("no push is lost: one cannot be written, and then the exporter is started anew") \
    .has("heartbeat_push_errors_total", "2x4 3x8 0x60", reason="unavailable").silent("HeartbeatPushFailing", "3m45s", "5m", "6m", "8m", "10m", "13m")

Test("no push is lost any more: two could not be written six minutes ago") \
    .has("heartbeat_push_errors_total", "0x4 1x3 2x100", reason="unavailable").fires("HeartbeatPushFailing", "4m30s").silent("HeartbeatPushFailing", "12m30s")

Test("pushes are lost, all of an hour's at once, each quarter of an hour") \
    .has("heartbeat_push_errors_total", "0x30 500x59 1000x59 1500x59 2000x59", reason="no_space") \
    .silent("HeartbeatPushFailing", "10m", "25m").fires("HeartbeatPushFailing", "40m", "55m")

Test("pushes that are refused are not lost by the exporter") \
    .has("heartbeat_push_errors_total", "0+1x80", reason="invalid").silent("HeartbeatPushFailing", "15m")

Test("pushes refused: four a minute") \
    .has("heartbeat_push_errors_total", "0x4 0+1x60 60x200", reason="unauthorized").silent("HeartbeatPushRejected", "7m") \
    .fires("HeartbeatPushRejected", "20m", "39m").silent("HeartbeatPushRejected", "41m")

Test("pushes refused: five are no trouble") \
    .has("heartbeat_push_errors_total", "0x4 5x80", reason="not_found").silent("HeartbeatPushRejected", "15m")

Test("exporter down for five minutes") \
    .has("up", "1x3 0x20 1x40").silent("HeartbeatExporterDown", "2m").fires("HeartbeatExporterDown", "2m15s", "6m45s") \
    .silent("HeartbeatExporterDown", "7m15s")

Test("another job is down") \
    .has_of({"job": "node", "instance": "web-1:9100"}, "up", "0x40").has("up", "1x40").silent("HeartbeatExporterDown", "5m")

Test("no targets") \
    .has_of({"job": "prometheus", "instance": "localhost:9090"}, "up", "1x100").has("up", "_x40 1x60").silent("HeartbeatTargetsMissing", "4m45s") \
    .fires("HeartbeatTargetsMissing", "5m").silent("HeartbeatTargetsMissing", "10m15s")

Test("a target that is down is there") \
    .has("up", "0x60").silent("HeartbeatTargetsMissing", "10m")

Test("answers without heartbeats") \
    .has("up", "1x100").has("heartbeat_file_up", "_x41 1x60").has_of({"job": "heartbeat", "instance": "web-2:9464"}, "heartbeat_file_up", "1x100") \
    .has_of({"job": "heartbeat", "instance": "web-2:9464"}, "up", "1x100").silent("HeartbeatMetricsMissing", "4m45s") \
    .fires("HeartbeatMetricsMissing", "5m", "11m45s").silent("HeartbeatMetricsMissing", "12m30s")

Test("without heartbeats as nothing matches a pattern, which is an alert of its own") \
    .has("up", "1x100").has("heartbeat_pattern_files", "0x100", pattern="/srv/*.json").has("heartbeat_pattern_files_left_out", "0x100", pattern="/srv/*.json") \
    .silent("HeartbeatMetricsMissing", "12m").fires("HeartbeatPatternEmpty", "12m")

Test("down is not without heartbeats") \
    .has("up", "0x60").silent("HeartbeatMetricsMissing", "10m")

Test("a collector fails") \
    .has("heartbeat_exporter_collector_success", "0x40 1x40", collector="process") \
    .has("heartbeat_exporter_collector_success", "0x80", collector="heartbeat").silent("HeartbeatCollectorFailing", "4m45s") \
    .fires("HeartbeatCollectorFailing", "5m", "11m45s").silent("HeartbeatCollectorFailing", "12m30s")

Test("all collectors succeed") \
    .has("heartbeat_exporter_collector_success", "1x40", collector="system").silent("HeartbeatCollectorFailing", "9m")

Test("the configuration is refused") \
    .has("heartbeat_exporter_config_last_reload_successful", "1x3 0x40 1x10").silent("HeartbeatConfigReloadFailed", "5m45s") \
    .fires("HeartbeatConfigReloadFailed", "6m").silent("HeartbeatConfigReloadFailed", "11m15s")

Test("both configurations are refused, then only that of the web server") \
    .has("heartbeat_exporter_config_last_reload_successful", "0x20 1x40").has("heartbeat_exporter_web_config_last_reload_successful", "0x60") \
    .fires("HeartbeatConfigReloadFailed", "6m", "12m")

Test("both configurations are in use") \
    .has("heartbeat_exporter_config_last_reload_successful", "1x60").has("heartbeat_exporter_web_config_last_reload_successful", "1x60") \
    .silent("HeartbeatConfigReloadFailed", "12m")

TESTED = {"process": "heartbeat-test-alert"}

Test("a test alert, which nobody takes away") \
    .has("heartbeat_data_test_alert", "_x4 1x60", **TESTED).has("heartbeat_age_seconds", "_x4 5+15x60", **TESTED) \
    .silent("HeartbeatTestAlert", "45s").fires("HeartbeatTestAlert", "1m", "10m45s").silent("HeartbeatTestAlert", "11m15s")

Test("no test alert: a program's own number of that name, and a test that is off") \
    .has("heartbeat_data_test_alert", "1x20", process="bidder").has("heartbeat_age_seconds", "5x20", process="bidder") \
    .has("heartbeat_data_test_alert", "0x20", **TESTED).has("heartbeat_age_seconds", "5x20", **TESTED).silent("HeartbeatTestAlert", "2m")

Test("the watchdog needs nothing and fires at once") \
    .has_of({"job": "prometheus", "instance": "localhost:9090"}, "up", "1x20").fires("Watchdog", "0s", "5m")

Test("not stale: of several silent programs only one is not silenced") \
    .has(*ONE_FILE, file="/run/h.json").has("heartbeat_file_modified_timestamp_seconds", "0x80", file="/run/h.json").has("heartbeat_file_entries", "3x80", file="/run/h.json") \
    .state("1x80", "hung", "silent", "a").state("1x80", "hung", "silent", "b").of_process("heartbeat_silenced_until_timestamp_seconds", "6000x80", "b") \
    .silent("HeartbeatFileStale", "15m")
