"""Reads messages in a thread and beats from the main one, by name of the arguments."""

import signal
import sys
import threading
import time

from heartbeat_manager import send_heartbeat

name, pause = sys.argv[1], float(sys.argv[2])
messages, ended = [0], threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())


def read():
    while not ended.is_set():
        messages[0] += 1
        time.sleep(0.01)


threading.Thread(target=read, daemon=True).start()
while not ended.is_set():
    data = {"browser_status": "connected", "cdp_status": "ok", "consecutive_failures": 0, "messages_processed": messages[0]}
    send_heartbeat(process_name=name, additional_data=data)
    ended.wait(pause)
send_heartbeat(name, {"status": "stopped", "final": True, "messages_processed": messages[0]})
