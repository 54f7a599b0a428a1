"""Draws docs/images/dashboard-*.png: each dashboard of grafana/, from its own queries, after a while of the tests' scene.

  cd Tests/EndToEnd && ../../.build/venv/bin/python -m support.dashboard_pictures [--minutes 15]

These are not screenshots of Grafana. `scripts/test` installs and builds what this needs.
"""

import argparse
import html
import tempfile
import time
from pathlib import Path

from PIL import Image

from support import ROOT
from support.chromium import Chromium
from support.dashboard_drawing import FAINT, TEXT, Drawer
from support.dashboards import NAMES, Scene, View, load

WIDTH, CELL, GAP, TOP = 1280, 38, 8, 52
CHOSEN = {"process": {"process": "websocket-reader"}, "host": {"instance": "web-1:9464"}}
NOTE = "drawn from the dashboard's queries, not by Grafana"


def marks(view):
    """[(moment, colour)] of the annotations: where the value is the time, or where a series begins."""
    found = []
    for annotation, query in view.annotations():
        if not annotation["enable"]:
            continue
        for series in query.result:
            if annotation.get("useValueForTime"):
                moments = {float(v) / 1000 for _, v in series["values"]}
            else:
                times = [t for t, v in series["values"] if float(v) > 0]
                moments = {t for before, t in zip([0, *times], times, strict=False) if t - before > 1.5 * view.step}
            found += [(m, annotation["iconColor"]) for m in moments]
    colours = {"red": "#F2495C", "blue": "#5794F2"}
    return sorted((m, colours.get(c, c)) for m, c in set(found))


def place(view):
    """[(panel, queries, x, y, width, height)] in pixels; what a repeated panel needs more pushes the rest down, as in Grafana."""
    placed, pushed, last, repeated = [], 0, None, 0
    for panel, queries in view.panels():
        g = panel["gridPos"]
        repeated = repeated + 1 if panel.get("repeat") and panel["id"] == last else 0
        column, extra = repeated % panel.get("maxPerRow", 1), repeated // panel.get("maxPerRow", 1)
        if repeated and column == 0:
            pushed += g["h"]
        if panel["id"] != last:
            extra = 0
        last = panel["id"]
        x, y = (g["x"] + column * g["w"], g["y"] + pushed) if panel.get("repeat") else (g["x"], g["y"] + pushed)
        unit = (WIDTH - 2 * GAP + GAP) / 24
        placed.append((panel, queries, GAP + round(x * unit), TOP + y * CELL, round(g["w"] * unit) - GAP, g["h"] * CELL - GAP))
    return placed


def page(view, chosen=()):
    """(HTML, height in pixels)."""
    drawer, panels = Drawer(view, marks(view)), place(view)
    height = max(y + h for *_, y, _, h in panels) + GAP
    shown = []
    for variable in view.dashboard["templating"]["list"]:
        value = view.values.get(variable["name"], "Prometheus")
        value = "All" if variable.get("includeAll") and variable["name"] not in chosen else value
        shown.append(f'<span class=k>{html.escape(variable.get("label") or variable["name"])}</span><span class=v>{html.escape(str(value))}</span>')
    body = "".join(
        f'<div style="left:{x}px;top:{y}px">{drawer.draw(panel, queries, w, h)}</div>' for panel, queries, x, y, w, h in panels
    )
    minutes = f"{time.strftime('%H:%M', time.gmtime(drawer.start))} to {time.strftime('%H:%M', time.gmtime(drawer.end))} UTC"
    return f"""<!DOCTYPE html><meta charset=utf-8><style>
body {{ margin: 0; background: #111217; color: {TEXT}; font-family: "DejaVu Sans", sans-serif; height: {height}px; position: relative }}
body > div {{ position: absolute }} svg {{ display: block; font-family: "DejaVu Sans", sans-serif }}
header {{ display: flex; align-items: center; height: {TOP}px; padding: 0 {GAP + 4}px; font-size: 12px; white-space: nowrap }}
b {{ font-size: 16px; margin-right: 18px }} .k {{ color: #6e9fff; padding: 5px 7px; background: #22252b }}
.v {{ padding: 5px 9px; background: {'#181b1f'}; margin-right: 7px }} i {{ margin-left: auto; color: {FAINT}; font-size: 11px; text-align: right; font-style: normal }}
</style><header><b>{html.escape(view.dashboard["title"])}</b>{"".join(shown)}<i>{minutes}<br>{NOTE}</i></header>{body}""", height


def draw(prometheus, seconds, folder, interval):
    """Writes dashboard-NAME.png of each dashboard."""
    with tempfile.TemporaryDirectory() as scratch:
        browser = Chromium(Path(scratch), width=WIDTH)
        try:
            for name in NAMES:
                chosen = CHOSEN.get(name, {})
                text, height = page(View(load(name), prometheus, seconds, chosen, step=interval, interval=interval), chosen)
                path = Path(scratch) / f"{name}.html"
                path.write_text(text)
                browser.resize(WIDTH, height)
                browser.open(path.as_uri())
                picture = folder / f"dashboard-{name}.png"
                browser.screenshot(picture)
                # So many colours are enough for it, and make it a quarter as large.
                Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
        finally:
            browser.stop()


def main():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--minutes", type=int, default=15)
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(folder, pace=5, timeout=30)
        try:
            end = time.monotonic() + given.minutes * 60
            while time.monotonic() < end:
                time.sleep(20)
                scene.push_both()
            draw(scene.prometheus, given.minutes * 60, ROOT / "docs" / "images", scene.pace)
        finally:
            scene.stop()


if __name__ == "__main__":
    main()
