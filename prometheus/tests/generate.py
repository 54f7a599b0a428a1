#!/usr/bin/env python3
"""Makes the rules' unit tests, *.yml beside this file, of cases/. Needs promtool, which says what each alert says.

  python3 prometheus/tests/generate.py            writes them; read the texts of alerts in their difference
  python3 prometheus/tests/generate.py --check    says which differ, and ends with 1 if any does; needs PyYAML, and not promtool
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
RULES = FOLDER.parent / "rules"
sys.path.insert(0, str(FOLDER.parent.parent))
from prometheus.tests.cases import exporter, host, jobs, kit, once, processes, recorded, trends  # noqa: E402

# Where Prometheus is for people: links in alerts begin with it.
OUTSIDE = "http://prometheus.example:9090"
MADE = "Made by prometheus/tests/generate.py of cases/: change it there."


def groups(files=None):
    """The names of the rules' groups, what is recorded first, so that alerts see it in the same evaluation."""
    files = sorted(files or RULES.glob("*.yml"), key=lambda p: p.name != "recording.yml")
    return [name for f in files for name in re.findall(r"(?m)^  - name: (\S+)$", f.read_text())]


def needed(tests):
    """The files of rules that these tests are about: promtool evaluates all that it is given, at each step. No rule looks at an alert of another file."""
    asked = {alert for t in tests for alert, _, _ in t.alerts} | {name for t in tests for e, _, _ in t.samples for name in re.findall(r"heartbeat:[\w:]+", e)}
    return [f for f in sorted(RULES.glob("*.yml")) if f.name == "recording.yml" or asked & set(re.findall(r"(?m)^ +- (?:alert|record): ([\w:]+)$", f.read_text()))]


# promtool makes much garbage of little memory: most of what its collector does is for nothing.
PROMTOOL = os.environ | {"GOGC": "400"}


def promtool(*paths):
    done = subprocess.run(["promtool", "test", "rules", *map(str, paths)], env=PROMTOOL, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def text_of(labels):
    return "{ " + ", ".join(f"{k}: {json.dumps(str(v), ensure_ascii=False)}" for k, v in labels.items()) + " }"


def yaml_of(test, said, rules):
    """One file's text; `said`: {(alert, time): [(labels, annotations)]}; `rules`: where the rules are."""
    files = needed(test)
    lines = [f"rule_files: {json.dumps([f'{rules}/{f.name}' for f in files])}", f"evaluation_interval: {test[0].evaluation}", "group_eval_order:"]
    lines += [f"  - {g}" for g in groups(files)] + ["tests:"]
    for number, t in enumerate(test):
        lines += [""] * bool(number) + [f"  - name: {json.dumps(t.name)}", f"    interval: {t.interval}", f"    external_url: {OUTSIDE}"]
        lines.append("    input_series:" if t.series else "    input_series: []")
        for series, values in t.series.items():
            lines += [f"      - series: {json.dumps(series, ensure_ascii=False)}", f"        values: {json.dumps(values)}"]
        lines += ["    alert_rule_test:"] if t.alerts else []
        for alert, time, fires in t.alerts:
            expected = said.get((t.name, alert, time), [])
            lines += [f"      - eval_time: {time}", f"        alertname: {alert}"]
            lines.append("        exp_alerts:" if expected else "        exp_alerts: []")
            for labels, annotations in expected:
                lines += [f"          - exp_labels: {text_of(labels)}", "            exp_annotations:"]
                lines += [f"              {k}: {json.dumps(v, ensure_ascii=False)}" for k, v in annotations.items()]
        lines += ["    promql_expr_test:"] if t.samples else []
        for expression, time, samples in t.samples:
            lines += [f"      - expr: {json.dumps(expression)}", f"        eval_time: {time}"]
            lines.append("        exp_samples:" if samples else "        exp_samples: []")
            for labels, value in samples:
                inside = ",".join(f"{k}={json.dumps(v)}" for k, v in labels.items() if k != "__name__")
                lines.append(f"          - {{ labels: {json.dumps(labels.get('__name__', '') + '{' + inside + '}')}, value: {value} }}")
    return "\n".join(lines) + "\n"


PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')


def said_by(tests):
    """{(test, alert, time): [(labels, annotations)]} of what should fire, as promtool says it."""
    said, faults = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for number, t in enumerate(tests):
            path = Path(folder) / f"{number}.yml"
            path.write_text(yaml_of([t], {}, str(RULES)))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            outputs = list(pool.map(lambda n: promtool(Path(folder) / f"{n}.yml")[1], range(len(tests))))
        for t, output in zip(tests, outputs, strict=True):
            found = {}
            for alert, time, got in re.findall(r"alertname: (\w+), time: (\S+), ?\n\s*exp:\[.*?\], ?\n\s*got:\[(.*?)\n            \]", output, re.S):
                pairs = re.findall(r"Labels:\{(.*)\}\n\s*Annotations:\{(.*)\}", got)
                found[alert, seconds(time)] = [
                    ({k: json.loads(v) for k, v in PAIR.findall(labels) if k != "alertname"}, {k: json.loads(v) for k, v in PAIR.findall(annotations)})
                    for labels, annotations in pairs
                ]
            for alert, time, fires in t.alerts:
                got = found.get((alert, seconds(time)), [])
                if bool(got) != fires:
                    faults.append(f"{t.name!r}: {alert} {'does not fire' if fires else 'fires'} at {time}")
                said[t.name, alert, time] = got
            if "expr:" in output:
                faults.append(f"{t.name!r}: {output}")
    return said, faults


def seconds(text):
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([dhms])", text))


def said_before(paths):
    """What the tests say that alerts say; whether it is so, promtool finds out when it runs them."""
    import yaml

    said = {}
    for path in filter(Path.exists, paths):
        for t in yaml.safe_load(path.read_text())["tests"]:
            for c in t.get("alert_rule_test", []):
                said[t["name"], c["alertname"], c["eval_time"]] = [(e["exp_labels"], e["exp_annotations"]) for e in c["exp_alerts"]]
    return said


def files(asks):
    """({path: text} of everything that is made, the expectations that do not hold). `asks`: promtool, for the texts of alerts."""
    made, faults = {}, []
    for module in (processes, jobs, recorded, exporter, host, trends, once):
        name = module.__name__.rsplit(".", 1)[1]
        # promtool has one evaluation interval for a file.
        mine = [t for t in kit.TESTS if t.module == module.__name__]
        said, wrong = said_by(mine) if asks else (said_before(FOLDER.glob("*.yml")), [])
        faults += wrong
        for evaluation in dict.fromkeys(t.evaluation for t in mine):
            suffix = "" if evaluation == "15s" else f"-{evaluation}"
            text = f"# {module.__doc__.splitlines()[0]}\n# {MADE}\n"
            made[FOLDER / f"{name}{suffix}.yml"] = text + yaml_of([t for t in mine if t.evaluation == evaluation], said, "../rules")
    return made, faults


def main():
    is_check = "--check" in sys.argv[1:]
    made, faults = files(asks=not is_check)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        return 1
    if is_check:
        stale = [p for p, text in made.items() if not p.exists() or p.read_text() != text]
        stale += [p for p in FOLDER.glob("*.yml") if p not in made]
        for path in stale:
            print(f"{path} is not what generate.py makes", file=sys.stderr)
        return 1 if stale else 0
    for path, text in made.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
