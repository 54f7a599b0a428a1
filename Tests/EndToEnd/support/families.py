"""The families of docs/metrics.md: what the tests of goldens, dashboards and alerts hold themselves to."""

import itertools
import re

from support import ROOT

# What a process's own numbers are called, in lists of families: nobody can name them all.
OF_DATA = "heartbeat_data_*"


def spelt(token):
    """The families of one entry such as `system_{load1,uptime_seconds}` or `process_up{process}`: behind a `_` stand alternatives, else labels."""
    name = re.sub(r"(?<!_)\{[^{}]*\}$", "", token)
    parts = re.split(r"(?<=_)\{([^{}]*)\}", name)
    choices = [part.split(",") if place % 2 else [part] for place, part in enumerate(parts)]
    return {"".join(chosen) for chosen in itertools.product(*choices)}


def documented():
    """{family} of every table of metrics in docs/metrics.md; each is written out there, so that who looks for a name finds it."""
    found, in_table = set(), False
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        in_table = line.startswith("| metric |") or in_table and line.startswith("|")
        if not in_table or line.startswith(("| metric |", "| --- |")):
            continue
        tokens = re.findall(r"`([^`]+)`", line.split(" | ")[0])
        assert tokens, line
        for token in tokens:
            found |= {OF_DATA} if token.startswith("heartbeat_data_<key>") else spelt(token)
    unlike = {name for name in found - {OF_DATA} if not re.fullmatch(r"(heartbeat|process|system)_[a-z0-9_]+[a-z0-9]", name)}
    assert not unlike, f"docs/metrics.md: no names of families: {unlike}"
    return found


def family(name):
    """The family as `documented` has it: a process's own numbers are one."""
    return OF_DATA if re.match("heartbeat_data_(?!info$)", name) else name
