"""Simulates two processes in threads; their last beat says that they stopped."""

import signal
import sys
import threading

from heartbeat_manager import send_heartbeat

name, pause = sys.argv[1], float(sys.argv[2])
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())


def simulate(process):
    count = 0
    while not ended.wait(pause):
        count += 1
        send_heartbeat(process, {"status": "running", "count": count})
    send_heartbeat(process, {"status": "stopped", "final": True})


threads = [threading.Thread(target=simulate, args=(f"{name}-{number}",)) for number in (1, 2)]
[thread.start() for thread in threads]
while not ended.wait(0.1):
    pass
[thread.join() for thread in threads]
