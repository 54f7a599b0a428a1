"""The exporter and its peers, each started with the same processes and numbers."""

import http.client
import shutil
import sys

from harness.server import Client, Failure, Server, free_port

# Reads the file at each scrape, as a small exporter of one's own would.
PYTHON = """
import json, sys, threading, time
from prometheus_client import start_http_server, REGISTRY, PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR
from prometheus_client.core import GaugeMetricFamily

for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
    REGISTRY.unregister(collector)

class Heartbeats:
    def collect(self):
        with open(sys.argv[1]) as file:
            processes = json.load(file)["processes"]
        families, now = {}, time.time()
        def add(family, process, value):
            if family not in families:
                families[family] = GaugeMetricFamily(family, family, labels=["process"])
            families[family].add_metric([process], value)
        for process, beat in processes.items():
            age = now - beat["last_heartbeat"]
            add("heartbeat_age_seconds", process, age)
            add("heartbeat_alive", process, -5 <= age < 60)
            add("heartbeat_last_timestamp_seconds", process, beat["last_heartbeat"])
            add("heartbeat_timeout_seconds", process, 60)
            add("heartbeat_pid", process, beat["pid"])
            for key, value in beat["additional_data"].items():
                add("heartbeat_data_" + key, process, value)
        return families.values()

REGISTRY.register(Heartbeats())
start_http_server(int(sys.argv[2]), addr="127.0.0.1")
threading.Event().wait()
"""

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr; user root;
events {{}}
http {{
  access_log off; default_type text/plain; sendfile on; keepalive_timeout 1h; keepalive_requests 1000000;
  gzip on; gzip_types text/plain; gzip_comp_level 1;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def exporter_command(bin, file):
    # The limits are above their defaults for 100,000 processes: what it held back would make the scrape cheaper than it is.
    return [bin / "heartbeat-exporter", f"--heartbeat.file={file.path}", "--web.listen-address=127.0.0.1:{port}",
            "--heartbeat.max-series=2000000", "--heartbeat.max-processes=1000000"]  # fmt: skip


def exporter(bin, file, folder):
    return Server("this exporter", exporter_command(bin, file), folder, file)


def pushgateway(file, folder):
    """With its check of consistency each push costs more the more groups there are: they are filled in without it."""
    # Debian's one keeps what it was pushed in /var/lib unless it is told otherwise.
    command = ["prometheus-pushgateway", "--web.listen-address=127.0.0.1:{port}", "--persistence.file=",
               "--push.disable-consistency-check"]  # fmt: skip
    server = Server("Pushgateway", command, folder)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for process, beat in file.processes().items():
        series = {"age_seconds": 12.5, "alive": 1, "last_timestamp_seconds": beat["last_heartbeat"], "timeout_seconds": 60}
        series["pid"] = beat["pid"]
        series |= {f"data_{key}": value for key, value in beat["additional_data"].items()}
        body = "".join(f"heartbeat_{name} {value!r}\n" for name, value in series.items())
        connection.request("PUT", f"/metrics/job/heartbeat/process/{process}", body)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise Failure(f"Pushgateway takes no pushes: {answer.status} {answer.read()[:200]}")
        answer.read()
    connection.close()
    return server


def node_exporter(text, folder):
    """Its textfile collector, with the text that the exporter itself serves: it reads and parses it at each scrape."""
    (folder / "textfile").mkdir()
    (folder / "textfile/heartbeat.prom").write_bytes(text)
    return textfile_collector(folder / "textfile", folder)


def textfile_collector(texts, folder, file=None):
    command = ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults",
               "--collector.textfile", f"--collector.textfile.directory={texts}", "--web.disable-exporter-metrics",
               "--log.level=error"]  # fmt: skip
    return Server("node_exporter", command, folder, file)


def prometheus_client(file, folder):
    return Server("prometheus_client", [sys.executable, "-c", PYTHON, file.path, "{port}"], folder, file)


def nginx(text, folder):
    """The text that the exporter itself serves, as a static file: what sending and compressing cost, and nothing else."""
    (folder / "metrics").write_bytes(text)
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port))
    # Debian has it where only root looks for programs.
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return Server("nginx, static", [program, "-c", configuration, "-p", folder], folder, port=port)


def process_exporter(name, folder, *flags):
    """A group for each process that is called `sleep`, as the exporter shows each process by itself."""
    configuration = folder / "process-exporter.yml"
    configuration.write_text('process_names:\n  - name: "{{.PID}}"\n    comm: [sleep]\n')
    command = ["prometheus-process-exporter", "-web.listen-address", "127.0.0.1:{port}", "-config.path", configuration, *flags]
    return Server(name, command, folder)


def scraped_text(server):
    client = Client(server)
    client.get()
    client.close()
    return client.text()
