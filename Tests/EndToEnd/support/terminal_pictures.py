"""Draws docs/images/monitor.png: `heartbeat monitor` of the demo, as a terminal shows it, while one process hangs.

  cd Tests/EndToEnd && ../../.build/venv/bin/python -m support.terminal_pictures

Needs tmux, and a minute and a half of the demo. `scripts/test` installs and builds the rest.
"""

import html
import re
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image

from support import ENVIRONMENT, ROOT, TOOL, eventually
from support.chromium import Chromium

COLUMNS, LINES, WIDTH = 100, 14, 980
BACK, TEXT, FAINT = "#1c2027", "#e3e6ec", "#8b929e"
# The colours of a terminal that the tool uses, by their SGR number.
COLOURS = {31: "#ff6b6b", 32: "#4cd680", 33: "#ffbd2e", 34: "#6cb6ff", 35: "#c792ea", 36: "#5fd7d7", 37: TEXT, 90: FAINT}
PAGE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;padding:22px;background:#fff">
<div style="border-radius:9px;overflow:hidden;box-shadow:0 4px 14px #0005;background:{back}">
<div style="background:#2a2f3a;color:{faint};font:13px 'DejaVu Sans';padding:9px;text-align:center;position:relative">
<span style="position:absolute;left:14px;letter-spacing:6px"><span style="color:#ff5f57">●</span><span style="color:#febc2e">●</span><span style="color:#28c840">●</span></span>{title}</div>
<pre style="margin:0;padding:16px 18px 20px;font:14px/20px 'DejaVu Sans Mono';color:{text}">{content}</pre></div></body>"""


def spans(text):
    """A terminal's text with its colours (SGR sequences) as HTML."""
    made, style = [], {}
    for part in re.split(r"(\x1b\[[\d;]*m)", text):
        if code := re.fullmatch(r"\x1b\[([\d;]*)m", part):
            for number in (int(n or 0) for n in code[1].split(";")):
                if number == 0:
                    style = {}
                elif number == 1:
                    style["font-weight"] = "bold"
                elif number == 2:
                    style["color"] = FAINT
                elif number == 22:
                    style.pop("font-weight", None)
                elif number == 39:
                    style.pop("color", None)
                elif number in COLOURS:
                    style["color"] = COLOURS[number]
        elif part:
            inside = ";".join(f"{k}:{v}" for k, v in style.items())
            made.append(f'<span style="{inside}">{html.escape(part)}</span>')
    return "".join(made)


def draw(title, content, path, folder):
    """A window with this text."""
    browser = Chromium(folder, width=WIDTH)
    try:
        page = folder / "page.html"
        page.write_text(PAGE.format(back=BACK, faint=FAINT, text=TEXT, title=html.escape(title), content=spans(content)))
        browser.resize(WIDTH, 100)
        browser.open(page.as_uri())
        browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=browser.evaluate("document.documentElement.scrollHeight"), deviceScaleFactor=2, mobile=False)
        browser.screenshot(folder / "page.png")
        Image.open(folder / "page.png").convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
    finally:
        browser.stop()


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tmux = ["tmux", "-S", folder / "tmux", "-f", "/dev/null"]
        file = folder / "heartbeat_status.json"

        def screen(*flags):
            return subprocess.run([*tmux, "capture-pane", "-p", *flags, "-t", "0"], capture_output=True, text=True, check=True).stdout

        demo = subprocess.Popen([TOOL, "simulate", "--scenario", "demo", "--file", file], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        try:
            eventually(file.exists, "the demo beats")
            command = f"TERM=xterm-256color {TOOL} monitor --file {file} --config.file {ROOT / 'examples' / 'heartbeat.yml'} --interval 1s"
            subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), command], env=ENVIRONMENT, check=True)
            eventually(lambda: " hung " in screen(), "one hangs", 240)
            time.sleep(4)
            content = screen("-e").rstrip()
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)
            demo.terminate()
            demo.wait()
        draw("heartbeat monitor", content, ROOT / "docs" / "images" / "monitor.png", folder)


if __name__ == "__main__":
    main()
