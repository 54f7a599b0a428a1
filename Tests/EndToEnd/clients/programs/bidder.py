"""Scans and sleeps: beats once a round, and says when it ends."""

import signal
import sys
import time

from heartbeat_manager import send_heartbeat

name, pause = sys.argv[1], float(sys.argv[2])
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
offset, seen = 0, set()
while not ended:
    offset = (offset + 20) % 200
    seen.add(offset)
    send_heartbeat(name, {"status": "scanning", "debug_mode": False, "offset": offset, "seen_projects": len(seen), "beats": time.time()})
    time.sleep(pause)
send_heartbeat(name, {"status": "stopped", "final": True})
