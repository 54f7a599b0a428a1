"""Draws docs/images/alert-mail.png: mails as a phone shows them, taken from a real Alertmanager.

  cd Tests/EndToEnd && ../../.build/venv/bin/python -m support.alert_message_pictures

`scripts/test` installs and builds what this needs.
"""

import re
import tempfile
from pathlib import Path

from PIL import Image

from support import ROOT, eventually
from support.alert_messages import ENDED, Desk, as_prometheus_sends_it
from support.chromium import Chromium

WIDTH = 380


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        desk = Desk(folder)
        browser = Chromium(folder, width=WIDTH)
        try:
            dead, full = as_prometheus_sends_it("ProcessDead"), as_prometheus_sends_it("HostDiskFull")
            # The tests' clock began elsewhere.
            said = dead["annotations"]["description"]
            dead["annotations"] |= {"description": re.sub(r"Last beat .* UTC", "Last beat 20 Dec 15:29:08 UTC", said)}
            desk.post(dead)
            eventually(lambda: len(desk.mails()) == 1, "the first mail")
            desk.post(dead | {"endsAt": ENDED})
            eventually(lambda: len(desk.mails()) == 2, "the second")
            desk.post(full)
            eventually(lambda: len(desk.mails()) == 3, "the third")
            shots = []
            for number, mail in enumerate(desk.mails()):
                page = folder / f"{number}.html"
                page.write_text(mail.get_body(("html",)).get_content())
                browser.resize(WIDTH, 100)
                browser.open(page.as_uri())
                browser.resize(WIDTH, browser.evaluate("document.documentElement.scrollHeight"))
                browser.screenshot(folder / f"{number}.png")
                shots.append(Image.open(folder / f"{number}.png").convert("RGB"))
            gap = 12
            height = max(s.height for s in shots)
            sheet = Image.new("RGB", (len(shots) * (WIDTH + gap) - gap, height), "#ffffff")
            for number, shot in enumerate(shots):
                sheet.paste("#f2f3f5", (number * (WIDTH + gap), 0, number * (WIDTH + gap) + WIDTH, height))
                sheet.paste(shot, (number * (WIDTH + gap), 0))
            sheet.quantize(64, dither=Image.Dither.NONE).save(ROOT / "docs" / "images" / "alert-mail.png", optimize=True)
        finally:
            browser.stop()
            desk.stop()


if __name__ == "__main__":
    main()
