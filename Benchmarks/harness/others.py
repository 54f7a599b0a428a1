"""The write side and the pushes, which have benchmarks of their own beside this one."""

import subprocess
from pathlib import Path

from harness.server import Failure

FOLDER = Path(__file__).resolve().parents[1]


def output(context, *command):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        raise Failure(f"{command[0]} failed: see above")
    return result.stdout.strip()


def run_writers(context):
    context.say("beats per second")
    seconds, rounds = ("0.3", "1") if context.is_quick else ("1", "3")
    command = [FOLDER / "writers/run", "--folder", context.parent, "--seconds", seconds, "--rounds", rounds]
    yield "Beats per second", f"```\n{output(context, *command)}\n```"


def run_pushes(context):
    context.say("pushes per second")
    known = ["--known", "10", "1000"] if context.is_quick else []
    command = [FOLDER / "pushes/run", "--folder", context.parent, "--seconds", "1", "--rounds", "1", *known]
    yield "Pushes per second", output(context, *command)
