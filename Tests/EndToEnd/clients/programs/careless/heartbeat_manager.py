"""A heartbeat_manager as programs out there have it, written anew: no lock, the file truncated and written in place."""

import json
import os
import sys
import time


class HeartbeatManager:
    def __init__(self, heartbeat_file="heartbeat_status.json"):
        self.heartbeat_file = heartbeat_file
        self.ensure_heartbeat_file_exists()

    def ensure_heartbeat_file_exists(self):
        if not os.path.exists(self.heartbeat_file):
            with open(self.heartbeat_file, "w") as file:
                json.dump({"last_updated": time.time(), "processes": {}}, file)

    def read_heartbeat_data(self):
        try:
            with open(self.heartbeat_file) as file:
                return json.load(file)
        except Exception as error:
            print(f"Error reading heartbeat data: {error!r}", file=sys.stderr, flush=True)
            return {"last_updated": time.time(), "processes": {}}

    def send_heartbeat(self, process_name, additional_data=None):
        data = self.read_heartbeat_data()
        entry = {
            "last_heartbeat": time.time(), "last_heartbeat_formatted": time.strftime("%Y-%m-%d %H:%M:%S"), "pid": os.getpid(), "status": "alive",
        }  # fmt: skip
        entry.update(additional_data or {})
        data["processes"][process_name] = entry
        data["last_updated"] = time.time()
        with open(self.heartbeat_file, "w") as file:
            json.dump(data, file, indent=2)

    def get_all_processes_status(self):
        found = {}
        for name, entry in self.read_heartbeat_data()["processes"].items():
            since = time.time() - entry["last_heartbeat"]
            found[name] = {**entry, "time_since_heartbeat": since, "time_since_formatted": f"{int(since)}s", "is_alive": since < 60}
        return found


heartbeat_manager = HeartbeatManager()


def send_heartbeat(process_name, additional_data=None):
    heartbeat_manager.send_heartbeat(process_name, additional_data)
