"""One process: does it beat, what does it use, and every number that it reports."""

from .kit import *

# One process by its exact name, maybe on several hosts.
ONE = HOST + ',process="$process"'
LEGEND = "{{instance}}"


def board():
    # The names of the metrics behind the process's own numbers: nobody lists them, so the panels follow what is reported.
    data = chooser("data", "Data", "The numbers that the process reports: one panel for each.",
                   f'label_values({{__name__=~"heartbeat_data_.+",__name__!="heartbeat_data_info",{ONE}}}, __name__)',
                   regex="/^(?<value>heartbeat_data_(?<text>.+))$/")  # fmt: skip
    b = Board("process", "Heartbeat / Process detail", "One process: its beats, what it uses, and every number that it reports.",
              [*variables("one"), data], [starts(ONE), alerts(ALERT_HOST + ',process="$process"')])  # fmt: skip
    b.add(
        number("State", "What the exporter says of it; the reason is below.", state(ONE), width=3, mappings=STATE_MAPPING,
               legend=LEGEND, thresholds=steps(GREY), links=[data_link("Host", "host", **TO_HOST)]),
        number("Runs", "Whether its process is there. No data: nobody can know, since it has no pid, or is of another host.", f"process_up{{{ONE}}}",
               width=3, mappings=YES_MAPPING, legend=LEGEND, thresholds=steps(RED, (1, GREEN))),
        number("Last beat", "When it beat last, by its own clock.", f"heartbeat_last_timestamp_seconds{{{ONE}}} * 1000", width=3, unit="dateTimeAsLocalNoDateIfToday",
               legend=LEGEND),
        number("Beat age", "Seconds since its last beat; negative when its clock is ahead.",
               f"heartbeat_age_seconds{{{ONE}}}", width=3, unit="s", decimals=1, legend=LEGEND, sparkline=True,
               thresholds=steps(YELLOW, (-5, BLUE))),
        number("Availability", "The share of the time range in which it was alive.",
               f"avg_over_time(heartbeat:available{{{ONE}}}[$__range])", width=3, unit="percentunit", decimals=2, legend=LEGEND,
               thresholds=steps(RED, (0.95, ORANGE), (0.99, GREEN))),
        number("Uptime", "Time since its process started.", f"time() - process_start_time_seconds{{{ONE}}}", width=3, unit="s",
               decimals=1, legend=LEGEND),
        number("Restarts", "How often its process was restarted in the time range.",
               f"changes(process_start_time_seconds{{{ONE}}}[$__range])", width=3, legend=LEGEND,
               thresholds=steps(GREEN, (1, YELLOW), (5, RED))),
        number("PID", "The process id that it reports.", f"heartbeat_pid{{{ONE}}}", width=3, unit="none", legend=LEGEND),
    )  # fmt: skip
    b.row("Beats").add(
        timeline("State and reason", "What it was and why, over time. A gap: its exporter was down.", state(ONE, "job, instance, reason"),
                 "{{reason}} · " + LEGEND, height=4),
        lines("Age against timeout", "At the timeout it counts as hung, or as dead when nothing is known of its process. The saw's teeth are its beats.",
              (f"heartbeat_age_seconds{{{ONE}}}", "age " + LEGEND), (f"heartbeat_timeout_seconds{{{ONE}}}", "timeout " + LEGEND),
              unit="s", overrides=[("/^timeout/", {
                  "color": {"mode": "fixed", "fixedColor": RED}, "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
                  "custom.fillOpacity": 0})]),
        lines("Availability", "The share of time in which it was alive, over windows that end at each point.",
              (f"avg_over_time(heartbeat:available{{{ONE}}}[5m])", "5 minutes " + LEGEND),
              (f"heartbeat:available:avg1h{{{ONE}}}", "1 hour " + LEGEND), unit="percentunit", minimum=0, maximum=1),
        lines("Time between beats", "The time between the last two beats. Above 70 % of the timeout a short pause makes it look dead.",
              (f"heartbeat_interval_seconds{{{ONE}}}", LEGEND), (f"0.7 * heartbeat_timeout_seconds{{{ONE}}}", "70 % of the timeout " + LEGEND),
              unit="s", minimum=0, width=8),
        distribution("Intervals", "How often each time between two beats was seen: a steady process has one hill. Of beats that come faster "
                     "than the scrapes, only some are seen.", f"heartbeat_interval_seconds{{{ONE}}}", LEGEND, width=8),
        distribution("Ages at scrape time", "How often each age of the last beat was met: a steady process has a short, even hill.",
                     f"heartbeat_age_seconds{{{ONE}}}", LEGEND, width=8),
        timeline("Status word", "What it reports of itself. Under `heartbeat run`: restarting until it runs again, failed when it is not started any more.",
                 f"heartbeat_status{{{ONE}}}", "{{status}} · " + LEGEND, width=12, height=6, mappings=mapping({1: ("reported", BLUE)})),
        lines("Restarts by heartbeat run", "How often `heartbeat run` has restarted it. No data: it is not supervised by it.",
              (f"heartbeat_data_restarts_total{{{ONE}}}", LEGEND), minimum=0, width=12, height=6, decimals=0, steps_shown=True),
    )  # fmt: skip
    b.row("What it uses").add(
        lines("CPU", "Processor time per second of wall time; 100 % is one core.",
              (f"rate(process_cpu_seconds_total{{{ONE}}}[$__rate_interval])", LEGEND), unit="percentunit", minimum=0, width=8),
        lines("Memory", "Resident memory, what of it was moved to a disk, and the address space it has asked for. With `--collector.process.smaps` also its own part of what it shares with others (PSS).",
              (f"process_resident_memory_bytes{{{ONE}}}", "resident " + LEGEND),
              (f"process_swap_bytes{{{ONE}}}", "swapped " + LEGEND),
              (f"process_proportional_memory_bytes{{{ONE}}}", "its part " + LEGEND),
              (f"process_virtual_memory_bytes{{{ONE}}}", "virtual " + LEGEND), unit="bytes", minimum=0, width=8,
              overrides=[("/^virtual/", {"custom.axisPlacement": "right", "custom.fillOpacity": 0})]),
        lines("Threads", "Threads of the process.", (f"process_threads{{{ONE}}}", LEGEND), minimum=0, width=8, decimals=0),
        lines("File descriptors", "Open descriptors, as a share of their limit; of a tree of processes, those of the one that is nearest to its limit.",
              (f"process_worst_fd_ratio{{{ONE}}} or process_open_fds{{{ONE}}} / process_max_fds{{{ONE}}}", LEGEND), unit="percentunit", minimum=0, width=5,
              thresholds=steps("transparent", (0.8, ORANGE), (0.95, RED))),
        lines("I/O", "What it made the storage layer read (above) and write (below).",
              (f"rate(process_io_read_bytes_total{{{ONE}}}[$__rate_interval])", "read " + LEGEND),
              (f"-rate(process_io_written_bytes_total{{{ONE}}}[$__rate_interval])", "written " + LEGEND), unit="Bps", width=5),
        lines("Context switches", "Voluntary: it waits. Involuntary: others want the processor, too.",
              (f"rate(process_context_switches_total{{{ONE}}}[$__rate_interval])", "{{kind}} " + LEGEND), unit="ops", minimum=0,
              width=5),
        lines("Page faults", "Major: they needed a read from disk; many mean that memory is short. Minor (on the right): they did not.",
              (f"rate(process_major_page_faults_total{{{ONE}}}[$__rate_interval])", "major " + LEGEND),
              (f"rate(process_minor_page_faults_total{{{ONE}}}[$__rate_interval])", "minor " + LEGEND), unit="ops", minimum=0, width=5,
              overrides=[("/^minor/", {"custom.axisPlacement": "right", "custom.fillOpacity": 0})]),
        lines("Processes that match", "How many processes look as `match` of its configuration says; the oldest counts. Given up: command lines for which that would have taken too long to say.",
              (f"process_matched{{{ONE}}}", LEGEND),
              (f"increase(process_match_exceeded_total{{{ONE}}}[$__rate_interval]) > 0", "given up " + LEGEND), minimum=0, width=4, decimals=0),
    )  # fmt: skip
    own = lines("${data:text}", "A number of the process's own data (`additional_data`).", (f"{{__name__=\"$data\",{ONE}}}", "{{__name__}} " + LEGEND),
                width=6, height=6, overrides=[
                    ("/_bytes |_memory_usage_|_(rss|heap_used|heap_total) /", {"unit": "bytes"}),
                    ("/_(seconds|secs) /", {"unit": "s"}), ("/_(ms|millis|milliseconds) /", {"unit": "ms"}),
                    ("/_percent /", {"unit": "percent"}), ("/_ratio /", {"unit": "percentunit"}),
                    ("/.*/", {"displayName": "${__field.labels.instance}"})])  # fmt: skip
    b.row("What it reports: every number of its own data").add(own.repeat("data").repeat_direction("h").max_per_row(4))
    b.row("Strings that it reports").add(
        rows("Strings", "The strings that `--heartbeat.string-keys` names; none by default.",
             [f"max by (instance, key, value) (heartbeat_data_info{{{ONE}}})"],
             [Column("instance", "Instance"), Column("key", "Key"), Column("value", "Value")], height=5)
    )  # fmt: skip
    return b
