"""The dashboards of grafana/, a scene that they can look at, and their queries as Grafana would send them."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from support import ENVIRONMENT, EXPORTER, LIMIT, ROOT, TOOL, entry, eventually, free_port, write_beats
from support.prometheus import Prometheus

FOLDER = ROOT / "grafana"
NAMES = ("overview", "process", "host", "alerts", "exporter")


def load(name, folder="dashboards"):
    return json.loads((FOLDER / folder / f"{name}.json").read_text())


class Scene:
    """Five hosts, web-1 to web-5, and a Prometheus with our rules that scrapes them.

    On web-1 the demo runs, and there are a process of each state and two jobs; on web-2 processes hang, on web-3 they crash; web-4 has
    no heartbeat file, and web-5 no exporter. `pace` is the interval of scrapes and beats in seconds, `timeout` what the scenarios are made for.
    """

    def __init__(self, folder, pace=1, timeout=3):
        self.folder, self.pace, self.started, self.children = Path(folder), pace, time.time(), []
        self.port = free_port()
        try:
            self.populate(timeout)
            self.prometheus = Prometheus(self.folder, config=self.configuration())
            self.children.append(self.prometheus.process)
        except BaseException:
            self.stop()
            raise

    def populate(self, timeout):
        for number, (scenario, processes) in enumerate((("demo", 3), ("hang", 4), ("crash", 5), (None, 0)), 1):
            home = self.folder / f"web-{number}"
            home.mkdir()
            (home / "heartbeat.yml").write_text("processes: { nightly-report: { timeout: 1h, match: [no-such-report] }, backup: { every: 24h }, restore-test: { every: 168h } }\n" if number == 1 else "processes: {}\n")
            (home / "web.yml").write_text("")
            if number == 1:  # its pid is of nobody any more
                gone = subprocess.Popen(["true"])
                gone.wait()
                write_beats(home / "beats.json", {"mailer": entry(pid=gone.pid, sent=128)})
            if number == 3:
                # Without a beat that is right it would be taken for a file of somebody else.
                write_beats(home / "beats.json", {"half-hearted": {"last_heartbeat": "yesterday"}, "bidder": entry()})
            self.start(EXPORTER, f"--web.listen-address=127.0.0.{number}:{self.port}", "--heartbeat.file=beats.json",
                       "--config.file=heartbeat.yml", "--web.config.file=web.yml", f"--heartbeat.timeout={timeout}s", "--heartbeat.string-keys=rate_limit_status",
                       "--web.enable-push", "--push.allow-unauthenticated", home=home)  # fmt: skip
            if scenario:
                self.start(TOOL, "simulate", f"--scenario={scenario}", f"--processes={processes}", f"--interval={self.pace}s",
                           f"--timeout={timeout}s", "--file=beats.json", home=home)  # fmt: skip
        self.push_both()
        for run in ("backup/start", "backup/success", "restore-test/start", "restore-test/fail?exit_code=3"):
            assert self.push(run, {}) == 204
        # Somebody works on it.
        silence = [TOOL, "silence", "importer", "--for=2h", "--comment=a new disk", f"--file={self.folder / 'web-1' / 'beats.json'}"]
        subprocess.run(silence, check=True, timeout=LIMIT, env=ENVIRONMENT, stdout=subprocess.DEVNULL)

    def push_both(self):
        """A beat over the network that is taken, of a process that says good-bye, and one that is not."""
        assert self.push("importer", {"status": "stopped", "additional_data": {"rows": 4711}}) == 204
        assert self.push("mailer", {"timestamp": "yesterday"}) == 422

    def start(self, *command, home):
        with open(home / f"{Path(command[0]).name}.log", "wb") as log:
            self.children.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home, env=ENVIRONMENT))

    def push(self, name, beat):
        """Beats on web-1 over the network; the status of the answer."""
        url = f"http://127.0.0.1:{self.port}/api/v1/heartbeats/{name}"
        request = urllib.request.Request(url, json.dumps(beat).encode(), {"Content-Type": "application/json"})

        def status():
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status
            except urllib.error.HTTPError as refusal:
                return None if refusal.code == 503 else refusal.code  # the file's lock is not free: try again
            except OSError:
                return None  # not yet listening

        return eventually(status, "the exporter answers a push")

    def api(self, number):
        """What the exporter of a host says of its processes."""
        with urllib.request.urlopen(f"http://127.0.0.{number}:{self.port}/api/v1/heartbeats", timeout=10) as answer:
            return json.load(answer)

    def configuration(self):
        """Our rules, quick enough for a test: what must hold for minutes holds at once."""
        rules = []
        for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
            text = re.sub(r"(?m)^ +(?:for|keep_firing_for): .*\n", "", path.read_text())
            copy = self.folder / path.name
            copy.write_text(re.sub(r"(?m)^(\s*)interval: .*$", rf"\1interval: {self.pace}s", text))
            rules.append(str(copy))
        hosts = [
            {"targets": [f"127.0.0.{n}:{self.port}"], "labels": {"instance": f"web-{n}:9464"}} for n in (1, 2, 3, 4, 5)
        ]
        return json.dumps(
            {
                "global": {"scrape_interval": f"{self.pace}s", "scrape_timeout": f"{self.pace}s", "evaluation_interval": f"{self.pace}s"},
                "rule_files": rules,
                # The temporary file systems of the machine at hand are not what one wants to see in a picture.
                "scrape_configs": [
                    {
                        "job_name": "heartbeat",
                        "static_configs": hosts,
                        "metric_relabel_configs": [{"source_labels": ["fstype"], "regex": "tmpfs", "action": "drop"}],
                    }
                ],
            }
        )

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(timeout=LIMIT)


@dataclass
class Query:
    """One question of a dashboard: of a panel, a variable, or an annotation."""

    place: str
    expression: str
    instant: bool
    legend: str = ""
    ref: str = "A"
    values: dict = field(default_factory=dict)
    result: list = field(default_factory=list)


class View:
    """A dashboard as somebody looks at it: the variables have values, the queries are asked."""

    def __init__(self, dashboard, prometheus, seconds, chosen=None, step=None, interval=1):
        self.dashboard, self.prometheus, self.end = dashboard, prometheus, time.time()
        self.seconds, self.step = seconds, step or max(interval, seconds // 300)
        self.values, self.texts, self.options, self.variable_queries = {}, {}, {}, []
        self.built_in = {"__rate_interval": f"{max(4 * interval, 2 * self.step)}s", "__interval": f"{self.step}s", "__range": f"{seconds}s"}
        for variable in dashboard["templating"]["list"]:
            self.choose(variable, (chosen or {}).get(variable["name"]))

    def choose(self, variable, wanted):
        name = variable["name"]
        if variable["type"] == "custom":
            self.values[name] = variable["current"]["value"]
            return
        if variable["type"] == "datasource":
            return
        asked = self.substitute(variable["query"]["query"])
        found = self.label_values(asked)
        self.variable_queries.append(Query(f"variable {name}", asked, True, result=found))
        options = []
        for value in found:
            if variable.get("regex"):
                # What Grafana does with the named groups `value` and `text`.
                match = re.search(variable["regex"].strip("/").replace("(?<", "(?P<"), value)
                if match:
                    options.append((match["value"], match["text"]))
            else:
                options.append((value, value))
        self.options[name] = options
        if wanted is not None:
            self.values[name] = wanted
        elif variable.get("includeAll"):
            every = "|".join(re.escape(v).replace("/", "\\/") for v, _ in options)
            self.values[name] = variable.get("allValue") or f"({every})".replace("\\", "\\\\")
        else:
            self.values[name] = options[0][0] if options else ""

    def label_values(self, asked):
        match = re.fullmatch(r"label_values\((.+), *(\w+)\)", asked, re.S)
        assert match, f"no label_values(selector, label): {asked}"
        parameters = {"match[]": match[1], "start": self.end - self.seconds, "end": self.end}
        return sorted(self.prometheus.api(f"label/{match[2]}/values", **parameters) or [])

    def substitute(self, text, extra=None):
        known = self.built_in | self.values | (extra or {})

        def value(match):
            name = match[1] or match[2]
            assert name in known, f"${name} is no variable of {self.dashboard['title']}: {text}"
            return str(known[name])

        return re.sub(r"\$\{(\w+)\}|\$(\w+)", value, text)

    def ask(self, query):
        if query.instant:
            data = self.prometheus.api("query", query=query.expression, time=self.end)
        else:
            start = self.end - self.seconds
            data = self.prometheus.api("query_range", query=query.expression, start=start, end=self.end, step=self.step)
        assert data is not None, f"{self.dashboard['title']}, {query.place}: Prometheus refuses {query.expression}"
        query.result = data["result"]
        return query

    def panels(self):
        """[(panel, its queries)]; a repeated panel comes once per value, with the value as its title."""
        found = []
        for panel in self.dashboard["panels"]:
            repeats = [({}, panel.get("title", ""))]
            if panel.get("repeat"):
                repeats = [({panel["repeat"]: v}, text) for v, text in self.options[panel["repeat"]]]
            for extra, title in repeats:
                found.append(
                    (
                        panel | {"title": title},
                        [
                            self.ask(Query(
                                f"panel {panel['title']!r} {t['refId']}", self.substitute(t["expr"], extra), bool(t.get("instant")),
                                t.get("legendFormat", ""), t["refId"], extra))
                            for t in panel.get("targets", [])
                        ],
                    )
                )  # fmt: skip
        return found

    def annotations(self):
        marks = [a for a in self.dashboard["annotations"]["list"] if not a.get("builtIn")]
        return [(a, self.ask(Query(f"annotation {a['name']!r}", self.substitute(a["expr"]), False))) for a in marks]
