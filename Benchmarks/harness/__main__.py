"""What Benchmarks/run starts: runs the parts that were asked for, and prints their tables."""

import argparse
import contextlib
import datetime
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import before, folders, growth, live, memory, others, profile, scrapes, sources, stages, start, supervised, tables
from harness.measuring import FULL, QUICK
from harness.server import Failure

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "stages": stages.run, "scrapes": scrapes.run, "live": live.run, "memory": memory.run, "start": start.run,
    "growth": growth.run, "folders": folders.run, "sources": sources.run, "supervised": supervised.run, "profile": profile.run,
    "writers": others.run_writers, "pushes": others.run_pushes, "before": before.run,
}  # fmt: skip
# These take minutes, and say nothing of the goals: they run when they are asked for.
USUAL = [name for name in PARTS if name not in ("profile", "writers", "pushes", "before")]


class Context:
    """What a part is given."""

    def __init__(self, options):
        self.bin, self.simdjson, self.before = options.bin, options.simdjson, options.before
        self.is_quick = options.quick
        self.effort = QUICK if options.quick else FULL
        # On a disk, replacing the file would wait for it, which is no work of any server here.
        self.parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

    def say(self, text):
        print(f"==> {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def folder(self):
        with tempfile.TemporaryDirectory(prefix="heartbeat-bench-", dir=self.parent) as folder:
            yield Path(folder)

    @contextlib.contextmanager
    def servers(self):
        """Gives a function that notes a server, to be stopped at the end."""
        with contextlib.ExitStack() as stack:
            yield stack.enter_context


def machine():
    """The processor, as it calls itself, and the kernel."""
    with open("/proc/cpuinfo") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{len(os.sched_getaffinity(0))} cores of {model}, Linux {platform.release().partition('-')[0]}"


def revision():
    result = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return result.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__)
    # These three are Benchmarks/run's own.
    parser.add_argument("--bin", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--simdjson", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller windows")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be repeated")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="the programs that `--only before` compares with")
    parser.add_argument("--document", action="store_true", help="also write the tables into docs/performance.md")
    options = parser.parse_args()
    if options.document and (absent := {"writers", "pushes", "before"} & set(options.only or [])):
        parser.error(f"docs/performance.md has no place for {', '.join(sorted(absent))}: it has the tables of the other parts")
    if options.check:
        return
    # To be ended is the same as Control-C: the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    context = Context(options)
    kind = "short run" if options.quick else "full run"
    note = f"{datetime.date.today()}, {machine()}, revision {revision()}, {kind}."
    print(note)
    sections = {}
    for name in options.only or USUAL:
        first = len(tables.GOALS)
        parts = []
        for title, table in PARTS[name](context):
            parts.append(f"**{title}**\n\n{table}")
            print(f"\n{parts[-1]}", flush=True)
        goals = tables.GOALS[first:]
        if goals:
            parts.append(f"**Goals**\n\n{tables.goals_table(goals)}")
        sections[name] = "\n\n".join([*parts, f"_{note}_"])
    if tables.GOALS:
        met = sum(goal.is_met for goal in tables.GOALS)
        print(f"\n**Goals: {met} of {len(tables.GOALS)} met in this run**\n\n{tables.goals_table(tables.GOALS)}")
    if options.document:
        path = ROOT / "docs/performance.md"
        text = path.read_text()
        for name, section in sections.items():
            text = tables.replace_section(text, name, section)
        path.write_text(text)
        context.say(f"wrote {path}")


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted")
