"""Tables as they are printed and as docs/performance.md has them, and the goals."""

import dataclasses

GOALS = []


@dataclasses.dataclass
class Goal:
    what: str
    wanted: str
    found: str
    is_met: bool


def goal(what, wanted, found, is_met):
    GOALS.append(Goal(what, wanted, found, is_met))


def factor(value):
    """How many times: two digits are enough."""
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"


def figure(value):
    """A number with some three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def less(ratio):
    """How many times less a thing is than another of which it is one part in `ratio`."""
    return f"{factor(ratio)} less" if ratio >= 1 else f"{factor(1 / ratio)} more"


def table(header, rows, words=1):
    """A Markdown table whose columns are as wide as they must be: the first `words` columns are text, the others numbers."""
    cells = [list(map(str, row)) for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row):
        padded = [cell.ljust(width) if place < words else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if place < words else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join([line(cells[0]), f"| {' | '.join(rule)} |", *map(line, cells[1:])])


def goals_table(goals):
    rows = [(g.what, g.wanted, g.found, "yes" if g.is_met else "**no**") for g in goals]
    return table(["work", "goal", "this run", "met"], rows, words=4)


def replace_section(document, name, text):
    """Puts `text` between the marks of the section `name` of a Markdown document."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in document or end not in document:
        raise ValueError(f"there is no '{begin}' with '{end}' below it")
    before, _, rest = document.partition(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
