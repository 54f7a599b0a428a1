"""Draws docs/images/status-page.png: the exporter's page in a browser, of programs in every state, one of them silenced.

  cd Tests/EndToEnd && ../../.build/venv/bin/python -m support.status_page_pictures

Needs chromium, and a minute and a half of beats. `scripts/test` installs and builds the rest.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from support import BIN, ENVIRONMENT, LIMIT, ROOT, TOOL, eventually, free_port
from support.chromium import Chromium

WIDTH, HEIGHT = 1280, 620
# Beats every so many seconds, with a number of its own, until somebody stops it.
PROGRAM = """
import os, subprocess, sys, time
tool, name, every, status = sys.argv[1:]
number = 0
while True:
    number += 7
    subprocess.run([tool, "send", name, "--pid", str(os.getpid()), "--status", status, "--data", f"offset={number}"], check=True)
    time.sleep(float(every))
"""
CONFIGURATION = {
    "processes": {
        "vue-frontend": {"timeout": "10s"},
        "websocket-reader": {"timeout": "10s"},
        "restore-test": {"every": "24h"},
        "report": {"display_name": "Nightly report", "timeout": "36h"},
    }
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        file, configuration = folder / "heartbeat_status.json", folder / "heartbeat.yml"
        configuration.write_text(json.dumps(CONFIGURATION))
        environment = ENVIRONMENT | {"HEARTBEAT_FILE": str(file)}
        port = free_port()
        children = {}

        def tool(*arguments):
            subprocess.run([TOOL, *arguments], check=True, env=environment, timeout=LIMIT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def starts(name, every, status):
            command = [sys.executable, "-c", PROGRAM, TOOL, name, every, status]
            children[name] = subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        browser = None
        try:
            for name, every, status in (("bidder", 5, "scanning"), ("vue-frontend", 3, "alive"), ("websocket-reader", 1, "alive"),
                                        ("mailer", 6, "sending"), ("importer", 4, "importing")):  # fmt: skip
                starts(name, every, status)
            tool("send", "exporter-2", "--status", "stopped")
            tool("job", "start", "restore-test")
            tool("job", "fail", "restore-test", "--exit-code", "3")
            flags = [f"--heartbeat.file={file}", f"--config.file={configuration}", f"--web.listen-address=127.0.0.1:{port}"]
            children[""] = subprocess.Popen([BIN / "heartbeat-exporter", *flags], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
            browser = Chromium(folder, width=WIDTH, height=HEIGHT)

            def is_there():
                browser.open(f"http://127.0.0.1:{port}/")
                return browser.evaluate("document.getElementById('connection')?.textContent") == "live" or time.sleep(0.3)

            eventually(is_there, "the page is live")
            time.sleep(30)
            # One hangs, one dies, and one is under repair.
            tool("silence", "importer", "--for", "2h", "--comment", "a new disk")
            children["vue-frontend"].send_signal(19)
            for name in ("mailer", "importer"):
                children[name].kill()
                children.pop(name).wait()
            time.sleep(20)
            browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=browser.evaluate("document.documentElement.scrollHeight"), deviceScaleFactor=1, mobile=False)
            browser.screenshot(folder / "page.png")
            path = ROOT / "docs" / "images" / "status-page.png"
            Image.open(folder / "page.png").convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
        finally:
            if browser:
                browser.stop()
            for child in children.values():
                child.kill()
                child.wait()


if __name__ == "__main__":
    main()
