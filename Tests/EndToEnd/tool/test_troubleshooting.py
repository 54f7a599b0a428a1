"""docs/troubleshooting.md: its commands are run as they stand there, and say what it says that they say."""

import getpass
import json
import re
import subprocess

from support import BIN, ENVIRONMENT, LIMIT, ROOT, eventually

TEXT = (ROOT / "docs" / "troubleshooting.md").read_text()


def commands():
    """[(command, what it prints)] of the boxes."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.S):
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            found.append((command, output))
    return found


def same(text):
    """Ages, pids and the width of columns differ from run to run."""
    text = re.sub(r"\b\d+(\.\d+)?s\b", "AGE", text.replace(getpass.getuser(), "root"))
    return [re.sub(r"\b\d+\b", "N", " ".join(line.split())) for line in text.splitlines()]


def test_the_commands_say_what_the_document_says(tmp_path):
    environment = ENVIRONMENT | {"PATH": f"{BIN}:{ENVIRONMENT['PATH']}"}
    found = commands()
    assert len(found) >= 6
    for command, expected in found:
        result = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT)
        assert same(result.stdout + result.stderr) == same(expected), command


def test_the_status_page_and_the_log_lead_to_what_to_do(exporter, beats, chromium):
    """In a browser: each link that the page shows has its paragraph, in the page that the exporter itself serves."""
    gone = {"last_heartbeat": 1.7e9, "pid": 4194303}
    beats.write_text(json.dumps({"processes": {"gone": gone, "odd": {"last_heartbeat": "x"}}}))
    served = exporter(f"--heartbeat.file={beats.parent / 'absent.json'}")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: page.evaluate("document.querySelectorAll('tr.process').length") == 1, "the page is live")
    page.evaluate("document.querySelector('tr.process td.name button').click()")
    shown = "[...document.querySelectorAll('a[href^=\\'/troubleshooting#\\']')].filter(a => a.offsetParent).map(a => a.getAttribute('href'))"
    eventually(lambda: len(page.evaluate(shown)) == 3, "the file, what is left out, and the dead process")
    links = page.evaluate(shown)
    text = served.get("/troubleshooting").text
    for link in links:
        assert f'id="{link.partition("#")[2]}"' in text, link
    page.open(f"http://127.0.0.1:{served.port}{links[0]}")
    eventually(lambda: page.evaluate("document.querySelector(':target')?.textContent"), "the browser goes to the paragraph")
    assert page.complaints == []
    helps = re.findall(r"help=docs/troubleshooting\.md#([\w-]+)", served.stderr)
    assert sorted(set(helps)) == ["beats-are-missing", "the-file-cannot-be-read"]
