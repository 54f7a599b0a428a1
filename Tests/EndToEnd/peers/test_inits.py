"""`heartbeat run` in every situation of `support/situations.py`, and the table in docs/inits.md of what its peers do in them.

`GOLDEN=write scripts/test e2e -k inits` plays them to all, in half a minute, and writes the table anew: on a machine that does nothing else.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import ROOT
from support.inits import INITS, Heartbeat, missing, version
from support.situations import NOT_ITS, SITUATIONS

PAGE = ROOT / "docs" / "inits.md"
BEGIN, END = "<!-- table: begin -->\n\n", "\n<!-- table: end -->"


def play(situation, init, folder):
    played = init(folder / f"{situation.__name__}-{init.__name__}")
    try:
        return situation(played)
    finally:
        played.close()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.__name__)
def test_ours_is_right(situation, tmp_path):
    assert play(situation, Heartbeat, tmp_path) is None


def cell(answer):
    if answer is None:
        return "yes"
    return "–" if answer == NOT_ITS else answer if answer.startswith("only ") else f"**no**: {answer}"


def table(folder):
    played = [(situation, init) for situation in SITUATIONS for init in INITS]
    with ThreadPoolExecutor(6) as threads:
        answers = dict(zip(played, threads.map(lambda pair: play(*pair, folder), played)))
    rows = [["", *(f"{init.name} {version(init)}" for init in INITS)], ["---"] * (1 + len(INITS))]
    rows += [[s.text, *(cell(answers[s, init]) for init in INITS)] for s in SITUATIONS]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_table_of_the_page(tmp_path):
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    if os.environ.get("GOLDEN") == "write":
        assert not missing()
        PAGE.write_text(before + BEGIN + table(tmp_path) + END + after)
        page = PAGE.read_text()
    rows = [re.split(r" ?\| ?", line)[1:3] for line in page.split(BEGIN)[1].split(END)[0].splitlines()[2:]]
    assert rows == [[situation.text, "yes"] for situation in SITUATIONS], "GOLDEN=write writes it anew"
