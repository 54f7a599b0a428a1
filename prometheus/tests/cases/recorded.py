"""What is recorded: availability over an hour, a day and thirty days, and how evenly a process beats."""

from .kit import BIDDER, Test

UNEVEN = BIDDER | {"process": "uneven"}
NAMED = {"__name__": "heartbeat:available"}

Test("available: in each state") \
    .state("1x8", "alive", "beating", "alive").state("1x8", "alive", "clock_ahead", "ahead").state("1x8", "hung", "silent", "hung").state("1x8", "dead", "pid_gone", "dead") \
    .state("1x8", "dead", "entry_vanished", "vanished").state("1x8", "stopped", "said_stopped", "stopped").state("1x8", "never", "never_seen", "never") \
    .gives("heartbeat:available", "2m", *((NAMED | BIDDER | {"process": p}, v) for p, v in (("alive", 1), ("ahead", 1), ("hung", 0), ("dead", 0), ("vanished", 0))))

Test("an hour of beats: one beats every minute, one after 45 and 75 seconds in turn, and hangs from the middle on") \
    .of_process("heartbeat_interval_seconds", "60x240").of_process("heartbeat_interval_seconds", " ".join(["75 75 75 45 45 45 45 45"] * 30), "uneven") \
    .state("1x240", "alive", "beating").state("1x119 stale", "alive", "beating", "uneven").state("_x120 1x120", "hung", "silent", "uneven") \
    .gives("round(heartbeat:beat_interval_seconds:avg1h)", "60m", (BIDDER, 60), (UNEVEN, 56)) \
    .gives("round(heartbeat:beat_jitter_seconds:stddev1h, 0.1)", "60m", (BIDDER, 0), (UNEVEN, 14.5)) \
    .gives("round(heartbeat:available:avg1h, 0.001)", "60m", (BIDDER, 1), (UNEVEN, 0.498))

# Hourly samples, so that thirty days are 720 evaluations.
Test("a day and thirty days: alive, then an hour dead, then alive", interval="1h", evaluation="1h") \
    .state("1x18 stale _x5 1x720", "alive", "beating").state("_x19 1 stale", "dead", "pid_gone") \
    .gives("heartbeat:available:avg1d", "24h", (BIDDER | {"__name__": "heartbeat:available:avg1d"}, 0.95)) \
    .gives("round(heartbeat:available:avg30d, 0.0001)", "700h", (BIDDER, 0.9986)) \
    .gives("heartbeat:available:avg1d", "44h", (BIDDER | {"__name__": "heartbeat:available:avg1d"}, 1))

Test("whole hours are added up: twice alive, once dead", interval="1h", evaluation="1h") \
    .state("1x1 stale _ 1x40", "alive", "beating").state("_x2 1 stale", "dead", "pid_gone") \
    .gives("heartbeat:available:sum1h", "5h", (BIDDER | {"__name__": "heartbeat:available:sum1h"}, 2)) \
    .gives("heartbeat:available:count1h", "5h", (BIDDER | {"__name__": "heartbeat:available:count1h"}, 2)) \
    .gives("round(heartbeat:available:avg30d, 0.01)", "3h", (BIDDER, 0.67))

Test("time without samples, and a planned stop, count neither way", interval="1h", evaluation="1h") \
    .state("1x8 stale _x12 1x3", "alive", "beating").state("_x9 1 stale", "dead", "pid_gone").state("_x10 1x10 stale", "stopped", "said_stopped") \
    .gives("round(heartbeat:available:avg1d, 0.0001)", "23h", (BIDDER, 0.9167))

Test("available: not while it is silenced, and again afterwards") \
    .state("1x20", "dead", "pid_gone").of_process("heartbeat_silenced_until_timestamp_seconds", "120x7 stale") \
    .state("1x20", "alive", "beating", "mill").of_process("heartbeat_silenced_until_timestamp_seconds", "6000x20", "mill") \
    .gives("heartbeat:available", "1m").gives("heartbeat:available", "2m30s", (NAMED | BIDDER, 0))
