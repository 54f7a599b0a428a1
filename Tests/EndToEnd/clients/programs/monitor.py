"""Prints the table of all processes again and again."""

import signal
import sys
import time

from heartbeat_manager import HeartbeatManager

pause = float(sys.argv[2])
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
manager = HeartbeatManager()
while not ended:
    for name, status in manager.get_all_processes_status().items():
        word = "RUNNING" if status["is_alive"] else "DEAD"
        print(f"{name:<20} {word:<8} {status['pid']:<8} {status['time_since_formatted']} ago ({status['time_since_heartbeat']:.1f}) {status['status']}")
    time.sleep(pause)
