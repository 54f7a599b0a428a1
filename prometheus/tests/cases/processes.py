"""Alerts about one process: each firing, and each just not."""

from .kit import BIDDER, Test

GONE = "dead", "pid_gone"
MILL = {"process": "mill", "state": "hung"}
STARTED = {"__name__": "heartbeat:started_timestamp_seconds"} | BIDDER


def since(name):
    return {"__name__": f"heartbeat:{name}_since_timestamp_seconds", "state": "dead"} | BIDDER


Test("dead: it crashes after a minute and comes back after five") \
    .state("1x3 stale _x19 1x100", "alive", "beating").state("_x4 1x19 stale", *GONE) \
    .silence("5x3 5+15x19 5x100").of_process("heartbeat_last_timestamp_seconds", "1700000000x200") \
    .of_process("heartbeat_status", "1x200", status="scanning").of_process("process_resident_memory_bytes", "98e6x3 stale") \
    .of_process("process_cpu_seconds_total", "0+1.5x3 stale") \
    .silent("ProcessDead", "45s", "1m", "2m").fires("ProcessDead", "2m15s").silent("ProcessHung", "2m15s") \
    .fires("ProcessDead", "7m45s").silent("ProcessDead", "8m15s")

Test("dead: why it is, in each case") \
    .state("1x20", "dead", "zombie", "zombie").state("1x20", "dead", "pid_reused", "reused").state("1x20", "dead", "entry_vanished", "vanished") \
    .state("1x20", "dead", "clock_ahead", "ahead").state("1x20", "dead", "unheard_of", "nightly") \
    .of_process("heartbeat_last_timestamp_seconds", "1700000000x20", "ahead").of_process("heartbeat_age_seconds", "-3600x20", "ahead") \
    .fires("ProcessDead", "3m")

Test("dead: nobody knows of its process, and it falls silent") \
    .state("1x3 stale", "alive", "beating").state("_x4 1x60", "dead", "silent").silence("5x3 65+15x60") \
    .of_process("heartbeat_last_timestamp_seconds", "1700000000x60") \
    .silent("ProcessDead", "2m15s").fires("ProcessDead", "2m30s", "5m")

Test("not dead: a beat that comes now and then a little after its timeout, and nobody knows of its process", interval="2m") \
    .state("1x2 stale 1x1 stale 1x20", "alive", "beating").state("_x3 1 stale _ 1 stale", "dead", "silent") \
    .silence("10 50 30 61 20 40 61 5x20").silent("ProcessDead", "6m30s", "7m45s", "13m30s", "14m")

Test("not dead: one scrape found no process, and scrapes come every two minutes", interval="2m") \
    .state("1x4 stale 1x20", "alive", "beating").state("_x5 1 stale", *GONE).silence("5x30") \
    .silent("ProcessDead", "10m", "11m", "12m", "13m")

Test("not dead: one scrape found no process, and then Prometheus was away", interval="15s") \
    .state("1x4", "alive", "beating").state("_x5 1", *GONE).silence("5x30").silent("ProcessDead", "2m30s", "5m", "6m")

Test("not dead: a job's run failed, the next one was seen between its end and its last word, and then another one runs", interval="2m") \
    .state("1x4 stale", "dead", "job_failed").state("_x5 1 stale", *GONE).state("_x6 1x20", "alive", "job_running") \
    .silent("ProcessDead", "10m15s", "11m15s", "11m45s", "12m15s")

Test("not dead: a beat was late once, and later one scrape found no process", interval="2m") \
    .state("1x3 stale 1x1 stale 1x20", "alive", "beating").state("_x4 1 stale", "dead", "silent").state("_x7 1 stale", *GONE) \
    .silence("5x3 62 5x30").silent("ProcessDead", "9m45s", "15m45s", "16m15s")

Test("not dead: a beat is late, and the next scrape finds no process, and the one after it does", interval="2m") \
    .state("1x3 stale _ 1x20", "alive", "beating").state("_x4 1 stale", "dead", "silent").state("_x5 1 stale", *GONE) \
    .silence("5x3 62 5x30").silent("ProcessDead", "9m45s", "11m45s", "12m15s")

Test("not dead: two scrapes found no process, six minutes apart", interval="2m") \
    .state("1x3 stale 1x1 stale 1x20", "alive", "beating").state("_x4 1 stale _x1 1 stale", *GONE).silence("5x30") \
    .silent("ProcessDead", "9m45s", "13m45s", "15m45s")

Test("dead: every other scrape fails, which parts no two that do not", interval="2m") \
    .has("up", "1x3 1 0 1 0 1 0 1 0 1 0").state("1x3 stale", "alive", "beating").state("_x4 1 stale 1 stale 1 stale 1 stale", *GONE) \
    .silent("ProcessDead", "9m45s", "12m45s").fires("ProcessDead", "13m", "17m")

Test("dead: its entry is taken out of the file between two scrapes") \
    .state("1x3 stale", "alive", "beating").state("_x4 1x1 stale", *GONE).state("_x6 1x20", "dead", "entry_vanished") \
    .silent("ProcessDead", "2m").fires("ProcessDead", "2m15s")

Test("since which scrape: of each run of them the first") \
    .state("1x3 stale _x1 1 stale", "alive", "beating").state("_x4 1x1 stale 1x20", *GONE) \
    .state("1x3 stale", "alive", "beating", "mill").state("_x4 1x1 stale", "hung", "silent", "mill").state("_x6 1x20", "hung", "suspended", "mill") \
    .of_process("heartbeat_status", "1x20", status="failed").of_process("heartbeat_data_restarts_total", "3x20") \
    .gives("heartbeat:fallen_since_timestamp_seconds", "1m15s", (since("fallen"), 60), (since("fallen") | MILL, 60)) \
    .gives("heartbeat:fallen_since_timestamp_seconds", "1m30s", (since("fallen") | MILL, 60)) \
    .gives("heartbeat:lost_since_timestamp_seconds", "3m", (since("lost"), 105), (since("lost") | MILL, 60)) \
    .gives("heartbeat:given_up_since_timestamp_seconds", "3m", (since("given_up"), 105))

Test("dead: the reason is another one at each scrape") \
    .state("1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale", *GONE) \
    .state("_ 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1", "dead", "silent").silence("5000+15x20") \
    .silent("ProcessDead", "1m").fires("ProcessDead", "1m15s", "2m", "3m")

Test("dead: silent, and its entry comes and goes") \
    .state("1x2 stale 1x2 stale 1x2 stale 1x2 stale 1x2 stale", "dead", "silent").silence("5000+15x20") \
    .state("_x3 1 stale _x1 1 stale _x1 1 stale _x1 1 stale _x1 1", "dead", "entry_vanished").fires("ProcessDead", "1m15s", "2m", "3m")

Test("hung: the reason is another one at each scrape") \
    .state("1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale", "hung", "clock_ahead") \
    .state("_ 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1 stale 1", "hung", "silent").silence("5000+15x20") \
    .fires("ProcessHung", "1m", "2m", "3m")

Test("not dead: it said good-bye") \
    .state("1x60", "stopped", "said_stopped").silence("5+15x60").silent("ProcessDead", "10m").silent("ProcessHung", "10m")

Test("dead: no host label, no beat that is known") \
    .has_of({"process": "bidder", "instance": "web-1:9464", "job": "heartbeat", "state": "dead", "reason": "pid_gone"}, "heartbeat_state", "1x20") \
    .fires("ProcessDead", "2m")

Test("dead: its name tries to be more than a name") \
    .has_of({"process": r"a\"} or vector(1) {{ . }} %s <b>", "instance": "web-1:9464", "job": "heartbeat", "state": "dead", "reason": "pid_gone"}, "heartbeat_state", "1x20") \
    .has_of({"process": r"a\"} or vector(1) {{ . }} %s <b>", "instance": "web-1:9464", "job": "heartbeat", "status": r"`rm -rf` {{ . }}"}, "heartbeat_status", "1x20") \
    .has_of({"process": r"a\"} or vector(1) {{ . }} %s <b>", "instance": "web-1:9464", "job": "heartbeat"}, "heartbeat_last_timestamp_seconds", "1700000000x20") \
    .fires("ProcessDead", "2m")

Test("not dead: another job's process") \
    .has_of({"process": "bidder", "instance": "web-1:1234", "job": "elsewhere", "state": "dead", "reason": "pid_gone"}, "heartbeat_state", "1x20") \
    .silent("ProcessDead", "3m")

Test("hung: it falls silent after a minute, and beats again after five") \
    .state("1x3 stale _x19 1x100", "alive", "beating").state("_x4 1x19 stale", "hung", "silent").silence("5x3 65+15x19 5x100") \
    .of_process("heartbeat_last_timestamp_seconds", "1700000000x200").of_process("heartbeat_status", "1x200", status="scanning") \
    .of_process("process_resident_memory_bytes", "98e6x200").of_process("process_cpu_seconds_total", "0+15x200") \
    .silent("ProcessHung", "1m45s").fires("ProcessHung", "2m").silent("ProcessDead", "2m") \
    .fires("ProcessHung", "7m45s").silent("ProcessHung", "8m30s")

Test("hung: suspended, with a clock that is ahead, and without an entry") \
    .state("1x40", "hung", "suspended", "suspended").silence("300+15x40", process="suspended") \
    .state("1x40", "hung", "clock_ahead", "ahead").silence("-3600x40", process="ahead") \
    .state("1x40", "hung", "entry_vanished", "vanished").silence("300+15x40", process="vanished") \
    .fires("ProcessHung", "3m")

Test("hung: suspended while its clock is ahead, and silent with an age that a clock which was set back makes less than the timeout") \
    .state("1x40", "hung", "suspended", "suspended").silence("-7200+15x40", process="suspended") \
    .state("1x40", "hung", "silent", "set back").silence("10+0x40", process="set back") \
    .state("1x40", "dead", "silent", "elsewhere").silence("10+0x40", process="elsewhere") \
    .fires("ProcessHung", "3m").fires("ProcessDead", "3m")

Test("not hung: late for less than half a minute, again and again") \
    .state("1x3 stale 1x3 stale 1x3 stale 1x3 stale", "alive", "beating").state("_x4 1 stale _x2 1 stale _x2 1 stale _x2 1x2 stale", "hung", "silent") \
    .silence("5 20 35 50 65 10 25 40 75 20 35 50 65 10 25 40 65 80 5x20").silent("ProcessHung", "1m", "2m15s", "4m15s", "4m30s", "5m")

Test("not hung: a period of an hour that is two minutes longer than its timeout") \
    .state("1x3 stale _x8 1x20", "alive", "beating").state("_x4 1x8 stale", "hung", "silent").silence("3560+15x11 5x20", timeout=3600) \
    .silent("ProcessHung", "2m", "2m45s", "4m")

Test("not hung: one scrape of an old file, and scrapes come every two minutes", interval="2m") \
    .state("1x4 stale 1x20", "alive", "beating").state("_x5 1 stale", "hung", "silent").silence("5x4 5000 5x20") \
    .silent("ProcessHung", "10m30s", "11m30s", "12m")

Test("hung: of another job, and of a process whose timeout is three seconds") \
    .state("1x40", "hung", "silent").silence("6+15x40", timeout=3) \
    .has_of({"process": "bidder", "instance": "web-1:1234", "job": "elsewhere", "state": "hung", "reason": "clock_ahead"}, "heartbeat_state", "1x20") \
    .fires("ProcessHung", "1m")

Test("not hung, not dead: the file cannot be read, and every beat grows old") \
    .state("1x40", "hung", "silent").silence("300+15x40").state("1x40", "dead", "silent", "remote").silence("300+15x40", process="remote") \
    .has("heartbeat_file_up", "0x40").silent("ProcessHung", "4m").silent("ProcessDead", "4m")

Test("hung and dead: of several files only one cannot be read") \
    .state("1x40", "hung", "silent").silence("300+15x40").state("1x40", "dead", "silent", "remote").silence("300+15x40", process="remote") \
    .has("heartbeat_file_up", "0x40", file="/run/a.json").has("heartbeat_file_up", "1x40", file="/run/b.json").fires("ProcessHung", "4m").fires("ProcessDead", "4m")

Test("stopped: for ten minutes") \
    .state("1x3 stale _x59 1x20", "alive", "beating").state("_x4 1x59 stale", "stopped", "said_stopped") \
    .of_process("heartbeat_last_timestamp_seconds", "1700000000x200").of_process("heartbeat_status", "1x200", status="completed") \
    .silent("ProcessStopped", "10m45s").fires("ProcessStopped", "11m").silent("ProcessStopped", "16m30s")

Test("not stopped: it died without a word") \
    .state("1x60", *GONE).silent("ProcessStopped", "12m")

Test("never seen: configured, no beat, no process") \
    .state("1x60", "never", "never_seen").silent("ProcessNeverSeen", "9m45s").fires("ProcessNeverSeen", "10m").silent("ProcessDead", "10m")

Test("not never seen: it was found by its command line") \
    .state("1x60", "alive", "beating").silent("ProcessNeverSeen", "12m").silent("ProcessHung", "12m")

Test("forgotten: its entry went after ten minutes", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x200").state("1x10 stale", "alive", "beating") \
    .silent("ProcessForgotten", "15m").fires("ProcessForgotten", "16m", "1h14m").silent("ProcessForgotten", "1h17m")

Test("not forgotten: it only changed its state", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x200").state("1x10 stale", "alive", "beating").state("_x11 1x100", *GONE).silent("ProcessForgotten", "30m")

Test("not forgotten: it had said good-bye", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x200").state("1x10 stale", "alive", "beating").state("_x11 1x10 stale", "stopped", "said_stopped").silent("ProcessForgotten", "30m")

Test("not forgotten: the file cannot be read", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x10 0x100").state("1x10 stale", "alive", "beating").silent("ProcessForgotten", "30m")

Test("not forgotten: its host has another pod, and further labels now", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x200").state("1x10 stale", "alive", "beating", pod="a").state("_x11 1x100", "alive", "beating", pod="b", team="shop") \
    .state("1x10 stale", "stopped", "said_stopped", "nightly", pod="a").state("_x11 1x10 stale", "alive", "beating", "nightly", pod="b").silent("ProcessForgotten", "16m", "30m")

Test("given up by heartbeat run, after eleven restarts") \
    .state("1x8 stale", "alive", "beating").state("_x9 1x20 stale", "dead", "pid_gone").of_process("heartbeat_status", "1x8 stale", status="alive") \
    .of_process("heartbeat_status", "_x9 1x20 stale", status="failed").of_process("heartbeat_data_restarts_total", "11x30").of_process("heartbeat_data_last_exit_code", "_x9 3x21") \
    .of_process("heartbeat_last_timestamp_seconds", "0x30").of_process("heartbeat_age_seconds", "0+15x30") \
    .silent("ProcessGivenUp", "2m45s").fires("ProcessGivenUp", "3m", "9m15s").silent("ProcessGivenUp", "9m45s")

Test("not given up: dead between two restarts; dead, and its own word is failed; its last task failed, and it works") \
    .state("1x40", "dead", "pid_gone").of_process("heartbeat_status", "1x40", status="restarting").of_process("heartbeat_data_restarts_total", "2x40") \
    .state("1x40", "dead", "pid_gone", "plain").of_process("heartbeat_status", "1x40", "plain", status="failed") \
    .state("1x40", "alive", "beating", "works").of_process("heartbeat_status", "1x40", "works", status="failed").of_process("heartbeat_data_restarts_total", "2x40", "works") \
    .silent("ProcessGivenUp", "5m", "9m")

Test("not given up: a job that failed, and that heartbeat run has once restarted under this name") \
    .state("1x40", "dead", "job_failed").of_process("heartbeat_status", "1x40", status="failed").of_process("heartbeat_data_restarts_total", "2x40") \
    .silent("ProcessGivenUp", "5m", "9m")

Test("missed: one beat is over its time, one is only late, one has a short timeout") \
    .silence("91x8").silence("89x8", process="late").silence("4.9x8", 3, "quick") \
    .gives("heartbeat:missed", "1m", *(({"__name__": "heartbeat:missed"} | BIDDER | {"process": p}, v) for p, v in (("bidder", 1), ("late", 0), ("quick", 1))))

Test("flapping: three silences in ten minutes") \
    .silence("5x9 105+15x8 5x9 105+15x8 5x9 105+15x8 5x240") \
    .silent("ProcessFlapping", "12m").fires("ProcessFlapping", "15m", "41m").silent("ProcessFlapping", "55m")

Test("not flapping: silent between its restarts, which are an alert of their own") \
    .silence("5x9 105+15x8 5x9 105+15x8 5x9 105+15x8 5x240").of_process("process_start_time_seconds", "100x9 _x9 200x9 _x9 300x9 _x9 400x240") \
    .silent("ProcessFlapping", "15m")

Test("not flapping: two silences") \
    .silence("5x9 105+15x8 5x9 105+15x8 5x240").silent("ProcessFlapping", "15m", "20m")

Test("not flapping: each beat comes a little after the timeout") \
    .silence(" ".join(f"{(15 * k) % 61.7:.1f}" for k in range(400))).silent("ProcessFlapping", "30m", "60m", "90m")

Test("restarting: three starts in seven minutes") \
    .of_process("process_start_time_seconds", "100x8 200x8 _ 300x8 400x250") \
    .silent("ProcessRestarting", "6m").fires("ProcessRestarting", "8m", "42m").silent("ProcessRestarting", "50m")

Test("restarting: heartbeat run counts what happens between two scrapes") \
    .of_process("heartbeat_data_restarts_total", "0x8 1x2 2 5x2 6x2 7x200").of_process("heartbeat_data_restarts_total", "4x60 5x10 6x200", "rarely") \
    .silent("ProcessRestarting", "2m").fires("ProcessRestarting", "4m", "30m").silent("ProcessRestarting", "50m")

Test("not restarting: two starts, then a long pause") \
    .of_process("process_start_time_seconds", "100x8 200x8 300x200 400x20").silent("ProcessRestarting", "10m", "57m")

Test("not restarting: its start time wobbles while the clock is set right, and once it was started anew") \
    .of_process("process_start_time_seconds", "100 101 100 99 100 101 99 100 101 100 500 501 500 499 500 501 500 501 500x40") \
    .silent("ProcessRestarting", "3m", "5m", "10m") \
    .gives("heartbeat:started_timestamp_seconds", "2m15s", (STARTED, 100)) \
    .gives("heartbeat:started_timestamp_seconds", "4m30s", (STARTED, 500))

Test("tight: it beats every 50 s, and its timeout is 60 s", evaluation="1m", interval="1m") \
    .of_process("heartbeat_interval_seconds", "50x120 20x200").of_process("heartbeat_timeout_seconds", "60x320").state("1x320", "alive", "beating") \
    .silent("ProcessTimeoutTight", "29m").fires("ProcessTimeoutTight", "30m", "2h35m").silent("ProcessTimeoutTight", "3h")

Test("not tight: one long pause among many short ones", evaluation="1m", interval="1m") \
    .of_process("heartbeat_interval_seconds", "20x60 58x4 20x120").of_process("heartbeat_timeout_seconds", "60x320").state("1x320", "alive", "beating").silent("ProcessTimeoutTight", "1h5m", "2h")

Test("not tight: the first beat after a night, and then every 20 s", evaluation="1m", interval="1m") \
    .of_process("heartbeat_interval_seconds", "20x60 30000x1 20x120").of_process("heartbeat_timeout_seconds", "60x320").state("1x320", "alive", "beating").silent("ProcessTimeoutTight", "1h5m", "1h32m", "2h")

Test("not tight: 42 s of 60") \
    .of_process("heartbeat_interval_seconds", "42x300").of_process("heartbeat_timeout_seconds", "60x300").state("1x300", "alive", "beating").silent("ProcessTimeoutTight", "70m")

Test("not tight: it beat twice, and then said good-bye") \
    .of_process("heartbeat_interval_seconds", "59x300").of_process("heartbeat_timeout_seconds", "60x300").state("1x300", "stopped", "said_stopped").silent("ProcessTimeoutTight", "70m")

Test("clock ahead by half a minute, for five minutes") \
    .of_process("heartbeat_age_seconds", "-30x20 5x40") \
    .silent("ProcessClockAhead", "1m45s").fires("ProcessClockAhead", "2m", "7m").silent("ProcessClockAhead", "7m30s")

Test("not ahead: within the tolerance of 5 s") \
    .of_process("heartbeat_age_seconds", "-5x40").silent("ProcessClockAhead", "5m")

Test("file descriptors: 900 of 1000 for ten minutes") \
    .of_process("process_open_fds", "900x40 100x60").of_process("process_max_fds", "1000x100") \
    .silent("ProcessFileDescriptorsLow", "4m45s").fires("ProcessFileDescriptorsLow", "5m", "15m").silent("ProcessFileDescriptorsLow", "15m30s")

Test("file descriptors: 850 of 1000 are enough, without a limit there is none to reach, and others' are not ours") \
    .of_process("process_open_fds", "850x60").of_process("process_max_fds", "1000x60").of_process("process_open_fds", "900000x60", "uneven") \
    .has_of({"job": "board", "instance": "board:3000"}, "process_open_fds", "900x60").has_of({"job": "board", "instance": "board:3000"}, "process_max_fds", "1000x60") \
    .silent("ProcessFileDescriptorsLow", "10m")

Test("file descriptors: of a tree whose members have few files together, one has nine tenths of its own limit; of another tree all have more together than one may have") \
    .of_process("process_worst_fd_ratio", "0.1x40 0.9x40").of_process("process_open_fds", "200x80").of_process("process_max_fds", "1000x80") \
    .of_process("process_worst_fd_ratio", "0.15x80", "uneven").of_process("process_open_fds", "1200x80", "uneven").of_process("process_max_fds", "1000x80", "uneven") \
    .silent("ProcessFileDescriptorsLow", "10m", "15m").fires("ProcessFileDescriptorsLow", "15m15s")

Test("CPU: a loop for forty minutes") \
    .of_process("process_cpu_seconds_total", "0+18x160 2880x100") \
    .silent("ProcessCPUSaturated", "29m").fires("ProcessCPUSaturated", "35m", "46m").silent("ProcessCPUSaturated", "47m")

Test("CPU: nine tenths of a core is work, and what other jobs' programs compute is not ours") \
    .of_process("process_cpu_seconds_total", "0+13.5x200").has_of({"job": "metrics", "instance": "metrics:9090"}, "process_cpu_seconds_total", "0+30x200") \
    .silent("ProcessCPUSaturated", "45m")

Test("CPU: a counter that falls again and again has not used what it seems to have") \
    .of_process("process_cpu_seconds_total", "90000+1x9 89990+1x9 89980+1x9 89970+1x9 89960+1x9 89950+1x9 89940+1x9 89930+1x9 89920+1x9 89910+1x9 89900+1x9 89890+1x9 89880+1x9 89870+1x9 89860+1x9 89850+1x9") \
    .silent("ProcessCPUSaturated", "35m", "38m")

SILENCED = "heartbeat_silenced_until_timestamp_seconds"

Test("silenced: whatever it does, until the silence ends") \
    .state("1x80", *GONE).of_process(SILENCED, "600x39 stale") \
    .state("1x80", "hung", "suspended", "mill").silence("300+15x80", process="mill").of_process(SILENCED, "600x39 stale", "mill") \
    .silent("ProcessDead", "5m", "9m45s", "10m45s").fires("ProcessDead", "11m").silent("ProcessHung", "9m45s").fires("ProcessHung", "11m")

Test("silenced: another program, another host, another job does not count") \
    .state("1x40", *GONE).of_process(SILENCED, "6000x40", "mill") \
    .has_of(BIDDER | {"instance": "web-2:9464", "host": "web-2"}, SILENCED, "6000x40").has_of(BIDDER | {"job": "elsewhere"}, SILENCED, "6000x40") \
    .fires("ProcessDead", "3m")

Test("silenced: a stop, a failure and one that was never seen wake nobody either") \
    .state("1x80", "stopped", "said_stopped").of_process(SILENCED, "6000x80") \
    .state("1x80", "never", "never_seen", "nightly").of_process(SILENCED, "6000x80", "nightly") \
    .state("1x80", *GONE, "worker").of_process("heartbeat_status", "1x80", "worker", status="failed") \
    .of_process("heartbeat_data_restarts_total", "3x80", "worker").of_process(SILENCED, "6000x80", "worker") \
    .silent("ProcessStopped", "15m").silent("ProcessNeverSeen", "15m").silent("ProcessGivenUp", "5m").silent("ProcessDead", "5m")

Test("silenced: what is slow, tight, ahead, full or busy, and what falls silent and starts again and again") \
    .of_process("heartbeat_age_seconds", "-30x300", "ahead").of_process(SILENCED, "60000x300", "ahead") \
    .of_process("process_open_fds", "900x300").of_process("process_max_fds", "1000x300").of_process("process_cpu_seconds_total", "0+18x300").of_process(SILENCED, "60000x300") \
    .silence("5x9 105+15x8 5x9 105+15x8 5x9 105+15x8 5x240", process="flaps").of_process(SILENCED, "60000x60", "flaps") \
    .of_process("process_start_time_seconds", "100x8 200x8 300x8 400x250", "starts").of_process(SILENCED, "60000x40", "starts") \
    .silent("ProcessClockAhead", "5m").silent("ProcessFileDescriptorsLow", "15m").silent("ProcessCPUSaturated", "45m") \
    .silent("ProcessFlapping", "15m", "18m").silent("ProcessRestarting", "8m", "15m")

Test("silenced: one that is forgotten, and one whose timeout is tight", evaluation="1m", interval="1m") \
    .has("heartbeat_file_up", "1x200").state("1x10 stale", "alive", "beating").of_process(SILENCED, "60000x200") \
    .of_process("heartbeat_interval_seconds", "50x120", "tight").of_process("heartbeat_timeout_seconds", "60x320", "tight").of_process(SILENCED, "60000x200", "tight") \
    .silent("ProcessForgotten", "16m", "40m").silent("ProcessTimeoutTight", "45m")
