"""A real Prometheus as a child process, and its query API."""

import json
import signal
import subprocess
import urllib.parse
import urllib.request

from support import LIMIT, free_port


class Prometheus:
    """A running Prometheus that scrapes `targets` (ports of 127.0.0.1) each second, or does what the text `config` says."""

    def __init__(self, folder, targets=(), config=None, flags=(), agent=False, every="1s"):
        self.port = free_port()
        path = folder / "prometheus.yml"
        path.write_text(
            config
            or f"global: {{ scrape_interval: {every}, scrape_timeout: {every} }}\n"
            "scrape_configs:\n"
            "  - job_name: heartbeat\n"
            "    static_configs:\n"
            f"      - targets: {json.dumps([f'127.0.0.1:{t}' for t in targets])}\n"
        )
        self.log = folder / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={path}",
                    *(["--enable-feature=agent", f"--storage.agent.path={folder / 'agent'}"] if agent else []),
                    *([] if agent else [f"--storage.tsdb.path={folder / 'tsdb'}"]),
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--log.level=warn",
                    *flags,
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
            )

    def api(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.load(response)["data"]
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return None

    def query(self, expression):
        """[(labels, value)] of an instant query; empty while Prometheus is starting."""
        data = self.api("query", query=expression)
        return [(s["metric"], float(s["value"][1])) for s in data["result"]] if data else []

    def value(self, expression):
        found = self.query(expression)
        return found[0][1] if len(found) == 1 else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=LIMIT)
