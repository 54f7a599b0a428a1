#!/usr/bin/env python3
"""Plays the scenarios of scenarios/ and makes promtool's unit tests of them, and the table of docs/alerting.md.

  python3 prometheus/tests/truth.py EXPORTER              records all with this program, and writes truth/*.yml and the table
  python3 prometheus/tests/truth.py EXPORTER --record     the same without the table: nothing is measured
  python3 prometheus/tests/truth.py EXPORTER --check      says what EXPORTER serves otherwise than was recorded; needs PyYAML
  python3 prometheus/tests/truth.py EXPORTER --only TEXT  plays those whose name has TEXT, and says what fires when

Needs a C compiler (for the scripted clock) and promtool. The tests themselves need promtool alone.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path.insert(0, str(ROOT))
from prometheus.tests import generate  # noqa: E402
from prometheus.tests.scenarios import healthy, ends, silences, jobs, around, kit, world  # noqa: E402, F401, I001

PAGE = ROOT / "docs" / "alerting.md"
BEGIN, END = "<!-- table: python3 prometheus/tests/truth.py -->\n", "<!-- end of table -->\n"
FIRING = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
WHO = "alertname, process, instance"
# How many scenarios a file has: each file is one run of promtool.
AT_ONCE = 8


def clock(folder):
    """The library with the scripted clock."""
    library = Path(folder) / "clock.so"
    compiler = shutil.which("cc") or "clang"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, FOLDER / "scenarios" / "clock.c", "-ldl"], check=True)
    return library


def series_of(scenarios, exporter):
    """[{series: values}] of each."""
    with tempfile.TemporaryDirectory() as folder:
        library = clock(folder)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda s: world.record(s, exporter, library) if s.script else s.series, scenarios))


def yaml_of(pairs, checks_of):
    """A file of scenarios; `checks_of`: [(expression, time, [(labels, value)])] of one."""
    lines = ["# Made by prometheus/tests/truth.py of scenarios/, recorded from the exporter: change it there.",
             'rule_files: [../../rules/*.yml]', "evaluation_interval: 15s", "group_eval_order:"]  # fmt: skip
    lines += [f"  - {g}" for g in generate.groups()] + ["tests:"]
    for s, series in pairs:
        lines += [f"  - name: {json.dumps(f'{s.group}: {s.name}')}", f"    interval: {s.interval}", "    input_series:"]
        for name, values in series.items():
            lines += [f"      - series: {json.dumps(name)}", f"        values: {json.dumps(values)}"]
        lines.append("    promql_expr_test:")
        for expression, time, samples in checks_of(s):
            lines += [f"      - expr: {json.dumps(expression)}", f"        eval_time: {time}"]
            lines.append("        exp_samples:" if samples else "        exp_samples: []")
            for labels, value in samples:
                inside = ",".join(f"{k}={json.dumps(v)}" for k, v in labels.items() if v)
                lines.append(f"          - {{ labels: {json.dumps('{' + inside + '}')}, value: {value} }}")
    return "\n".join(lines) + "\n"


def seconds(text):
    return int(world.seconds(text))


def duration(number):
    return "".join(f"{n}{u}" for n, u in ((number // 3600, "h"), (number // 60 % 60, "m"), (number % 60, "s")) if n) or "0s"


def labels_of(e):
    return {"alertname": e.alert, "instance": e.instance, "process": e.process}


def checks(s):
    """What must hold: who ever fired, who fires in time and not too early, and who does not fire any more."""
    everybody = f"group by ({WHO}) (count_over_time({FIRING}[{s.end}]))"
    found = [(everybody, s.end, sorted(((labels_of(e), 1) for e in s.expects), key=str))]
    for e in s.expects:
        chosen = f'ALERTS{{alertstate="firing",alertname="{e.alert}",process="{e.process}",instance="{e.instance}"}}'
        if seconds(e.after) > 1:
            found.append((f"group by ({WHO}) (count_over_time({chosen}[{s.end}]))", e.after, []))
        found.append((f"group by ({WHO}) ({chosen})", duration(seconds(e.after) + seconds(e.within)), [(labels_of(e), 1)]))
        if e.over:
            found.append((f"group by ({WHO}) ({chosen})", e.over, []))
    return found


def first_fired(pairs):
    """[{(alert, process, instance): seconds since the beginning}] of each scenario, as promtool finds it."""
    def ask(pair):
        s, _ = pair
        expression = f"min by ({WHO}) (min_over_time(timestamp({FIRING})[{s.end}:15s]))"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tests.yml"
            text = yaml_of([pair], lambda _: [(expression, s.end, [({"nobody": "nowhere"}, 1)])])
            path.write_text(text.replace("../../rules/*.yml", str(generate.RULES / "*.yml")))
            _, output = generate.promtool(path)
        got = re.search(r"got: ?(.*)", output)
        if not got:
            raise RuntimeError(f"{s.name}: {output}")
        found = {}
        for inside, value in re.findall(r"\{([^}]*)\} ([\d.E+]+)", got[1]):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', inside))
            found[labels.get("alertname", ""), labels.get("process", ""), labels.get("instance", "")] = int(float(value))
        return found

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(ask, pairs))


def faults_of(s, fired):
    """Sentences about what fired and should not have, or did not in time."""
    wanted = {(e.alert, e.process, e.instance): e for e in s.expects}
    found = [f"{s.name}: {' '.join(filter(None, k))} fires after {duration(t)}, and should not" for k, t in fired.items() if k not in wanted]
    for key, e in wanted.items():
        after = fired.get(key)
        if after is None:
            found.append(f"{s.name}: {' '.join(filter(None, key))} does not fire")
        elif not seconds(e.after) <= after + (seconds(e.after) <= 1) <= seconds(e.after) + seconds(e.within):
            found.append(f"{s.name}: {' '.join(filter(None, key))} fires after {duration(after)}, not within {e.within} of {e.after}")
    return found


def table(rows):
    """The table of docs/alerting.md."""
    text = ["| what happens | what fires | after | at most |", "| --- | --- | --- | --- |"]
    group = None
    for s, fired in rows:
        if s.group != group:
            group = s.group
            text.append(f"| **{group}** | | | |")
        told = [f"`{e.alert}`{f' ({e.process})' if e.process and len(s.expects) > 1 else ''}" for e in s.expects]
        took = [duration(max(0, fired[e.alert, e.process, e.instance] - (seconds(e.after) if seconds(e.after) > 1 else 0))) for e in s.expects]
        text.append(f"| {s.name} | {'<br>'.join(told) or 'nothing'} | {'<br>'.join(took)} | {'<br>'.join(e.within for e in s.expects)} |")
    return "\n".join(text) + "\n"


def put_table(text):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    return before + BEGIN + text + END + rest.split(END)[1]


def files(pairs):
    """{path: text} of the tests."""
    made = {}
    groups = {}
    for pair in pairs:
        groups.setdefault(pair[0].group, []).append(pair)
    for group, members in groups.items():
        for number in range(0, len(members), AT_ONCE):
            name = group.replace(" ", "-") + (f"-{number // AT_ONCE + 1}" if len(members) > AT_ONCE else "")
            made[FOLDER / "truth" / f"{name}.yml"] = yaml_of(members[number : number + AT_ONCE], checks)
    return made


def write(made):
    (FOLDER / "truth").mkdir(exist_ok=True)
    for path in set((FOLDER / "truth").glob("*.yml")) - set(made):
        path.unlink()
    for path, text in made.items():
        path.write_text(text)


def main():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("exporter", type=Path, metavar="EXPORTER")
    flags.add_argument("--check", action="store_true")
    flags.add_argument("--record", action="store_true")
    flags.add_argument("--only", metavar="TEXT", default="")
    given = flags.parse_args()
    order = list(dict.fromkeys(s.group for s in kit.SCENARIOS))
    chosen = sorted((s for s in kit.SCENARIOS if given.only in s.name), key=lambda s: order.index(s.group))
    pairs = list(zip(chosen, series_of(chosen, given.exporter.resolve()), strict=True))
    if given.check:
        stale = [p for p, text in files(pairs).items() if not p.exists() or p.read_text() != text]
        stale += [p for p in (FOLDER / "truth").glob("*.yml") if p not in files(pairs)]
        for path in stale:
            print(f"{path} is not what is recorded now", file=sys.stderr)
            before = path.read_text().splitlines() if path.exists() else []
            print(*list(difflib.unified_diff(before, files(pairs).get(path, "").splitlines(), "recorded", "now", n=1))[:40], sep="\n", file=sys.stderr)
        return 1 if stale else 0
    if given.record:
        write(files(pairs))
        return 0
    fired = first_fired(pairs)
    faults = [fault for (s, _), f in zip(pairs, fired, strict=True) for fault in faults_of(s, f)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if given.only:
        for (s, series), f in zip(pairs, fired, strict=True):
            print(s.name, {" ".join(filter(None, k)): duration(t) for k, t in f.items()}, *(f"  {k} {v}" for k, v in series.items()), sep="\n")
        return 0
    if faults:
        return 1
    write(files(pairs))
    PAGE.write_text(put_table(table([(s, f) for (s, _), f in zip(pairs, fired, strict=True)])))
    print(f"{len(pairs)} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())
