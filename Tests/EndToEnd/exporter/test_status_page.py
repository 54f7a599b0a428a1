"""The live page in a headless Chromium, on live data. Screenshots for people are left in .build/screenshots."""

import json
import os
import re
import runpy
import signal
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest

from support import LIMIT, ROOT, TOOL, entry, eventually, write_beats
from support.chromium import Chromium

SCREENSHOTS = ROOT / ".build" / "screenshots"


@pytest.fixture
def chromium(tmp_path):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    started = []

    def start(**options):
        started.append(Chromium(tmp_path, **options))
        return started[-1]

    yield start
    for c in started:
        c.stop()


@pytest.fixture
def worker():
    """`worker()` starts a process that only sleeps, and gives its pid."""
    started = []

    def start():
        started.append(subprocess.Popen(["sleep", "1000"]))
        return started[-1].pid

    yield start
    for p in started:
        p.kill()
        p.wait()


def rows(page):
    """{name: state} as the table shows them, in its order."""
    return dict(
        page.evaluate(
            "[...document.querySelectorAll('tr.process')].map(r => "
            "[r.querySelector('td.name button').textContent, r.querySelector('td.state').textContent])"
        )
    )


def shown(page, name, column):
    return page.evaluate(
        f"[...document.querySelectorAll('tr.process')].find(r => r.querySelector('td.name button').textContent == {name!r})"
        f".querySelector('td.{column}').textContent"
    )


def connection(page):
    return page.evaluate("document.getElementById('connection').dataset.state")


def counts(page):
    return page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#states button')]"
        ".map(b => [b.dataset.state, Number(b.querySelector('b').textContent)]))"
    )


HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def mixed(exporter, beats, tmp_path, worker):
    """Every state at once, and what somebody hostile could write."""
    pids = {name: worker() for name in ("bidder", "hung-one", "websocket-reader")}
    write_beats(
        beats,
        {
            "bidder": entry(pid=pids["bidder"], age=1, offset=140, memory_usage={"heapTotal": 29253632}),
            "websocket-reader": entry(pid=pids["websocket-reader"], age=2, status="scanning"),
            # Silent for longer than its timeout, and no younger than its process.
            "hung-one": entry(pid=pids["hung-one"], age=1),
            "gone": entry(pid=4194303, age=3),
            "far-away": entry(pid=1, age=3, host="web-2") | {"note": "<img src=x onerror=alert(2)>"},
            "done": entry(age=4000) | {"status": "stopped"},
            HOSTILE: entry(age=3) | {"status": "<b>bold</b>"},
        },
    )
    config = tmp_path / "config.yml"
    config.write_text("processes:\n  nightly-backup:\n    display_name: Nightly backup\n    timeout: 36h\n  hung-one:\n    timeout: 500ms\n")
    # Long enough for the slowest machine: who is alive at the beginning of a test is so at its end.
    return exporter(f"--config.file={config}", "--heartbeat.timeout=1h"), pids


def test_it_says_why_and_when_a_job_is_due(exporter, beats, tmp_path, chromium):
    now = time.time()
    ran = {"started": now - 700, "ended": now - 600, "runs": 40, "failures": 2}
    write_beats(
        beats,
        {
            "gone": entry(pid=4194303),
            "failed": {"last_heartbeat": now - 600, "status": "failed", "job": ran | {"exit_code": 3, "last_success": now - 4000}},
            "late": {"last_heartbeat": now - 600, "status": "succeeded", "job": ran | {"exit_code": 0, "last_success": now - 201600}},
            "fine": {"last_heartbeat": now - 600, "status": "succeeded", "job": ran | {"exit_code": 0, "last_success": now - 600}},
        },
    )
    (tmp_path / "none.json").write_text('{"name": "not a heartbeat"}')
    config = tmp_path / "config.yml"
    config.write_text("processes:\n  failed: {every: 25h}\n  late: {every: 24h}\n  fine: {every: 96h}\n")
    served = exporter(f"--config.file={config}", f"--heartbeat.file={tmp_path / 'none.json'}")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")

    def why(name):
        row = f"[...document.querySelectorAll('tr.process')].find(r => r.querySelector('td.name button').textContent == {name!r})"
        return page.evaluate(f"{row}.querySelector('td.name .why').textContent")

    assert why("gone") == "its process is gone"
    assert why("failed") == "its last run failed, due in 24 h"
    assert why("late") == "it did not succeed in time, due since 32 h"
    assert why("fine") == "due in 4 d"
    assert shown(page, "late", "status") == "succeeded"
    lines = "Object.fromEntries([...document.querySelectorAll('tr.process')].map(r => [r.querySelector('td.name button').textContent, getComputedStyle(r.querySelector('svg')).visibility]))"
    assert page.evaluate(lines) == {"gone": "visible", "failed": "hidden", "late": "hidden", "fine": "hidden"}, "a job has no timeout to draw"
    said = page.evaluate("document.getElementById('file-problem').innerText")
    assert said.startswith("1 of 2 heartbeat files cannot be read.") and "no heartbeat in it" in said


def test_the_page_has_the_words_of_the_states_and_their_reasons():
    """They stand in Swift for the other views; a reason that is new there must not be missing here."""
    swift = (ROOT / "Sources/Monitoring/State/ProcessState.swift").read_text()
    script = (ROOT / "Sources/Exporter/StatusPage/Assets/status.js").read_text()
    states, reasons = (re.findall(r"^  case (\w+)(?: = \"(\w+)\")?$", part, re.M) for part in swift.split("public enum StateReason")[:2])
    assert sorted(re.search(r"STATES = \[(.*?)\]", script)[1].replace("'", "").split(", ")) == sorted(name for name, _ in states)
    explained = dict(re.findall(r"^    case \.(\w+): \"(.*)\"$", swift.split("var explanation")[1], re.M))
    wanted = {raw or name: explained[name] for name, raw in reasons}
    assert len(wanted) >= 15
    assert dict(re.findall(r"^  (\w+): '(.*)',$", script.split("const REASONS = {")[1].split("};")[0], re.M)) == wanted


def test_alerts_and_dashboards_have_the_words_and_signs_of_the_states():
    """An alert must have a sentence for each reason for which a process is dead or hangs: without one it would say none, or be an old one's."""
    swift = (ROOT / "Sources/Monitoring/State/ProcessState.swift").read_text()
    model = SimpleNamespace(**runpy.run_path(ROOT / "prometheus/source/model.py"))
    names = re.findall(r"^  case (\w+)$", swift.split("public enum StateReason")[0], re.M)
    signs = dict(re.findall(r'^    case \.(\w+): "(.)"$', swift.split("var sign")[1].split("}\n")[0], re.M))
    assert sorted(names) == sorted(signs) and len(signs) == 5
    assert {state.word: state.sign for state in model.STATES} == signs
    worst = re.search(r"worstFirst: \[ProcessState\] = \[(.*?)\]", swift)[1].replace(".", "").split(", ")
    assert [state.word for state in sorted(model.STATES, key=lambda state: -state.rank)] == worst
    situations = json.loads((ROOT / "Tests/Fixtures/situations/situations.json").read_text())
    for word, sentences in (("dead", model.DEAD_BECAUSE), ("hung", model.HUNG_BECAUSE)):
        reasons = {s["reason"] for s in situations if s["state"] == word and not s["reason"].startswith("job_")}
        assert set(sentences) == reasons, word


def test_it_shows_every_state_and_updates_when_a_process_dies(mixed, chromium):
    served, pids = mixed
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")
    assert rows(page) == {
        "gone": "dead",
        "hung-one": "hung",
        "Nightly backup": "never",
        "done": "stopped",
        HOSTILE: "alive",
        "bidder": "alive",
        "far-away": "alive",
        "websocket-reader": "alive",
    }
    assert counts(page) == {"alive": 4, "stopped": 1, "never": 1, "hung": 1, "dead": 1}
    assert page.evaluate("document.title") == "(2) Heartbeats"
    assert page.evaluate("[...document.querySelectorAll('td.name .host')].map(h => h.textContent).filter(Boolean)") == ["web-2"]
    assert re.fullmatch(r"\d+ MiB|\d+(\.\d)? (KiB|MiB)", shown(page, "bidder", "memory"))
    page.screenshot(SCREENSHOTS / "mixed.png")

    os.kill(pids["bidder"], signal.SIGKILL)
    eventually(lambda: rows(page)["bidder"] == "dead", "the page shows that the process died")
    assert counts(page)["dead"] == 2
    # It moves up: the worst come first. The ages go on without a reload.
    assert list(rows(page))[0] == "bidder"
    before = shown(page, "hung-one", "age")
    eventually(lambda: shown(page, "hung-one", "age") != before, "the ages grow", 200)
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1

    # Nothing from elsewhere, nothing that the policy forbids, no error, and no markup out of anybody's name.
    assert {u.split("/")[2] for u in page.requests} == {f"127.0.0.1:{served.port}"}
    assert page.complaints == []
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert page.evaluate("document.querySelectorAll('#rows b, #rows img').length") == 0
    # The policy itself: an inline script is not run.
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hacked = 1'}))")
    assert page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in str(c) for c in page.complaints)


def test_sorting_filtering_and_unfolding_by_keyboard(mixed, chromium):
    served, _ = mixed
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live" and rows(page), "the page is live")

    def focus(selector):
        """Goes there with Tab alone."""
        for _ in range(60):
            if page.evaluate(f"document.activeElement.matches({selector!r})"):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
            page.press("Tab")
        raise AssertionError(f"Tab never comes to {selector}")

    focus("th:nth-child(2) button")
    page.press("Enter")
    names = list(rows(page))
    assert names == sorted(names, key=str.lower) and len(names) == 8
    assert page.evaluate("document.querySelector('th:nth-child(2)').getAttribute('aria-sort')") == "ascending"
    page.press("Enter")
    assert list(rows(page)) == names[::-1]
    assert page.evaluate("document.querySelector('th:nth-child(2)').getAttribute('aria-sort')") == "descending"

    focus("tr.process:nth-child(1) button")
    first = page.evaluate("document.activeElement.textContent")
    page.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    details = page.evaluate("document.querySelector('tr.details').textContent")
    assert first in details and "last beat" in details
    # It stays open, and the focus where it is, while the table goes on living.
    before = page.evaluate("generated")
    eventually(lambda: page.evaluate("generated") > before + 2, "news come")
    assert page.evaluate("document.querySelectorAll('tr.details').length") == 1
    assert page.evaluate("document.activeElement.textContent") == first
    page.press("Enter")
    assert page.evaluate("document.querySelectorAll('tr.details').length") == 0

    page.evaluate("document.getElementById('filter').focus()")
    for letter in "WEB-":
        page.press(letter)
    assert set(rows(page)) == {"far-away"}, "by host, whatever the case"
    page.evaluate("f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
    page.evaluate("document.querySelector('#states button[data-state=hung]').click()")
    assert set(rows(page)) == {"hung-one"}
    assert page.evaluate("document.querySelector('#states button[data-state=hung]').getAttribute('aria-pressed')") == "true"
    page.evaluate("document.querySelector('#states button[data-state=hung]').click()")
    assert len(rows(page)) == 8
    assert page.complaints == []


def test_the_data_of_a_process_unfold_on_a_click(mixed, chromium):
    served, _ = mixed
    page = chromium(dark=True)
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live" and rows(page), "the page is live")
    page.evaluate("[...document.querySelectorAll('tr.process')].find(r => r.textContent.includes('bidder')).click()")
    details = page.evaluate("document.querySelector('tr.details').innerText")
    assert "memory_usage.heapTotal" in details and "29253632" in details and "offset" in details
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    page.screenshot(SCREENSHOTS / "dark.png")
    page.resize(768, 800)
    assert page.evaluate("document.querySelector('.table').scrollWidth <= document.querySelector('.table').clientWidth")
    page.screenshot(SCREENSHOTS / "tablet.png")
    page.resize(375, 800)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(SCREENSHOTS / "phone.png")


def test_polling_bridges_broken_events_and_a_lost_connection_is_said(exporter, beats, chromium):
    write_beats(beats, {"bidder": entry(n=1)})
    patient = "--heartbeat.timeout=1h"
    served = exporter("--web.max-watchers=0", patient)
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "polling" and rows(page) == {"bidder": "alive"}, "the page asks by itself")
    write_beats(beats, {"bidder": entry(n=1), "reader": entry()})
    eventually(lambda: len(rows(page)) == 2, "what it asks for is shown")
    assert served.stop() == 0
    eventually(lambda: connection(page) == "lost", "the page says that the exporter is gone")
    assert "no connection since" in page.evaluate("document.getElementById('connection').textContent")
    # And it comes back by itself, live again.
    again = exporter(patient, port=served.port)
    eventually(lambda: connection(page) == "live", "the page is live again")
    assert len(rows(page)) == 2
    again.stop()


def test_an_exporter_that_hangs_is_no_live_one(exporter, beats, chromium):
    write_beats(beats, {"bidder": entry()})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")
    page.evaluate("void (window.first = source)")
    served.signal(signal.SIGSTOP)
    try:
        eventually(lambda: connection(page) == "lost", "the page says that nobody answers")
        eventually(lambda: page.evaluate("source !== window.first"), "it no longer trusts the open connection")
    finally:
        served.signal(signal.SIGCONT)
    eventually(lambda: connection(page) == "live", "the page is live again")
    assert page.evaluate("window.first !== undefined"), "without a reload"


def test_a_page_that_nobody_looks_at_holds_no_connection(exporter, beats, chromium):
    write_beats(beats, {"bidder": entry()})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, value: true }); document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: connection(page) == "polling", "the page only asks")
    assert page.evaluate("source.readyState === EventSource.CLOSED")
    write_beats(beats, {"bidder": entry(), "gone": entry(pid=4194303)})
    eventually(lambda: page.evaluate("document.title") == "(1) Heartbeats", "its title goes on telling")
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: connection(page) == "live", "the page is live again")


def test_the_tab_says_when_nobody_knows(exporter, beats, chromium):
    """Who has many tabs open sees titles and icons only: a green one beside what nobody knows would be wrong."""
    write_beats(beats, {"bidder": entry(), "reader": entry()})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")

    def tab():
        title, icon, drawn = page.evaluate(
            "[document.title, document.getElementById('icon').href.split('/').pop(), document.body.dataset.worst]"
        )
        return title.removesuffix("Heartbeats").strip(), icon.removesuffix(".svg"), drawn

    def becomes(*expected):
        eventually(lambda: tab() == expected, f"the tab is {expected}")

    well, unknown = ("", "icon", "alive"), ("(?)", "unknown", "unknown")
    becomes(*well)
    beats.write_text("{")
    becomes(*unknown)
    page.screenshot(SCREENSHOTS / "file-broken.png")
    write_beats(beats, {"bidder": entry(), "reader": entry(pid=4194303)})
    becomes("(1)", "trouble", "dead")
    beats.write_text("{")
    becomes("(1?)", "trouble", "dead")
    write_beats(beats, {"bidder": entry(), "reader": entry(), "odd": {"last_heartbeat": "yesterday"}})
    becomes(*unknown)
    # A part of what it says is left out: how it does is known.
    write_beats(beats, {"bidder": entry(), "reader": {**entry(), "pid": 0}})
    becomes(*well)
    eventually(lambda: page.evaluate("!document.getElementById('left-out').hidden"), "it is said all the same")
    write_beats(beats, {"bidder": entry(), "reader": entry()})
    becomes(*well)
    # Stopped, nobody answers; and as soon as somebody does, all is well again.
    served.signal(signal.SIGSTOP)
    try:
        becomes(*unknown)
        page.screenshot(SCREENSHOTS / "no-connection.png")
    finally:
        served.signal(signal.SIGCONT)
    becomes(*well)
    assert page.complaints == []


def test_a_process_that_was_never_seen_is_unknown(exporter, beats, tmp_path, chromium):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  backup:\n    timeout: 36h\n")
    write_beats(beats, {"bidder": entry()})
    page = chromium()
    served = exporter(f"--config.file={config}", "--heartbeat.timeout=1h")
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: page.evaluate("document.title") == "(?) Heartbeats", "the tab says that nobody knows")
    write_beats(beats, {"bidder": entry(), "backup": entry()})
    eventually(lambda: page.evaluate("document.title") == "Heartbeats", "all is well")


def test_changes_alone_keep_the_page_true(exporter, beats, chromium):
    """After the first picture only what has changed is sent: what comes, goes, beats, or only grows older."""
    write_beats(beats, {"bidder": entry(), "reader": entry(), "silent": entry(age=100)})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live" and len(rows(page)) == 3, "the page is live")
    page.evaluate("void (source.addEventListener('status', () => { window.whole = true; }))")
    age = lambda name: page.evaluate(f"programs.get({name!r}).told.age_seconds")
    before = age("silent")
    eventually(lambda: age("silent") > before + 1, "its age grows")
    write_beats(beats, {"bidder": entry(status="busy"), "writer": entry(), "silent": entry(age=100)})
    eventually(lambda: set(rows(page)) >= {"bidder", "writer"} and shown(page, "bidder", "status") == "busy", "what changed is shown")
    told = json.loads(served.get("/api/v1/heartbeats").text)["heartbeats"]
    eventually(lambda: rows(page) == {one["name"]: one["state"] for one in told}, "the page shows what the API says")
    assert page.evaluate("window.whole") is not True, "by changes alone"
    assert page.complaints == []


def test_the_line_of_ages_tells_what_was_before_the_page(exporter, beats, chromium):
    now = time.time()
    write_beats(beats, {"quick": entry(age=0), "silent": entry(age=7000), "ahead": entry(age=-7000)})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")

    def line(name):
        """The points of a process's line, x from 0 to 96 and y from 1 (the highest age) to 21 (0 s)."""
        path = page.evaluate(f"programs.get({name!r}).view.line.getAttribute('d')")
        return [tuple(map(float, point.split())) for point in path[1:].split("L")]

    # Silent for longer than the minute that is shown: as high as can be, over the whole width.
    silent = line("silent")
    assert silent[0][0] == 0 and silent[-1] == (96, 1) and all(1 <= y < 2 for _, y in silent)
    assert line("ahead")[-1] == (96, 21), "an age below 0 is drawn as 0"
    # The one of a moment ago begins where it beat, with age 0.
    elapsed = time.time() - now
    start = line("quick")[0]
    assert start[1] == 21 or elapsed > 55
    write_beats(beats, {"quick": entry(age=0)})
    eventually(lambda: [y for _, y in line("quick")].count(21) == 2, "a beat brings the line down")
    assert page.complaints == []


def test_empty_and_healthy(exporter, beats, tmp_path, chromium):
    served = exporter("--heartbeat.timeout=10m")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: connection(page) == "live", "the page is live")
    assert "Nothing has beaten yet" in page.evaluate("document.getElementById('nothing').innerText")
    assert "there is no such file yet" in page.evaluate("document.getElementById('file-problem').innerText")
    page.screenshot(SCREENSHOTS / "empty.png")
    simulated = subprocess.Popen([TOOL, "simulate", "--file", beats, "--interval", "1s"], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: counts(page)["alive"] == 3, "the simulated processes are alive")
        eventually(lambda: page.evaluate("document.querySelector('svg.ages path:not(.area)').getAttribute('d').length") > 60, "lines grow")
        assert page.evaluate("document.title") == "Heartbeats"
        page.screenshot(SCREENSHOTS / "healthy.png")
    finally:
        simulated.terminate()
        simulated.wait(timeout=LIMIT)
    assert page.complaints == []


def test_a_thousand_processes_stay_a_page(exporter, beats, chromium):
    write_beats(beats, {f"worker-{n:04}": entry(n=n) for n in range(1000)})
    served = exporter("--heartbeat.timeout=1h")
    page = chromium()
    page.open(f"http://127.0.0.1:{served.port}/")
    eventually(lambda: counts(page)["alive"] == 1000, "all are counted")
    assert len(rows(page)) == 300
    page.evaluate("document.querySelector('#more button').click()")
    assert len(rows(page)) == 1000
    assert page.complaints == []


@pytest.mark.hard
def test_watchers_are_limited_and_end_with_the_exporter(exporter, beats):
    write_beats(beats, {"bidder": entry()})
    served = exporter("--web.max-watchers=2")
    watching = [
        subprocess.Popen(["curl", "-sN", f"http://127.0.0.1:{served.port}/api/v1/events"], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for w in watching:
        assert w.stdout.readline() == b"retry: 2000\n"
    assert served.get("/api/v1/events").status == 503
    assert served.get("/api/v1/events", method="HEAD").status in (200, 503)
    watching[0].terminate()
    watching[0].wait()
    third = None

    def has_room():
        nonlocal third
        third = subprocess.Popen(["curl", "-sNf", f"http://127.0.0.1:{served.port}/api/v1/events"], stdout=subprocess.PIPE)
        return third.stdout.readline() == b"retry: 2000\n"

    eventually(has_room, "who has left makes room")
    assert served.stop() == 0
    for w in (watching[1], third):
        w.stdout.read()
        w.wait(timeout=LIMIT)


@pytest.mark.hard
@pytest.mark.parametrize(
    "flags, under, room",
    # Of 80 descriptors 48 are not for connections, and 4 only for those that are refused.
    [(["--web.max-connections=8"], [], 2), ([], ["prlimit", "--nofile=80:80"], 7), (["--web.max-connections=1"], [], 0)],
)
def test_watchers_leave_connections_to_who_scrapes(exporter, beats, flags, under, room):
    write_beats(beats, {})
    served = exporter(*flags, under=under)
    watching, refused = [], False
    try:
        while not refused:
            s = socket.create_connection(("127.0.0.1", served.port), timeout=LIMIT)
            watching.append(s)
            s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            refused = s.recv(4096).startswith(b"HTTP/1.1 503 ")
        assert len(watching) == room + 1
        if room:
            assert [served.get("/metrics").status for _ in range(5)] == [200] * 5
    finally:
        for s in watching:
            s.close()


def test_the_page_is_sent_once(exporter):
    served = exporter("--web.telemetry-path=/m")
    page = served.get("/")
    assert page.status == 200 and 'href="/m"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert served.get("/", headers={"If-None-Match": page.headers["etag"]}).status == 304
    script = served.get("/assets/status.js", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert script.body == (ROOT / "Sources/Exporter/StatusPage/Assets/status.js").read_bytes()
    for path in ("/assets/", "/assets/../status.js", "/assets/%2e%2e/x", "/status.js", "//"):
        assert served.get(path).status in (400, 404), path


def test_the_status_page_and_the_log_lead_to_what_to_do(exporter, beats, chromium):
    """In a browser: each link that the page shows has its paragraph, in the page that the exporter itself serves."""
    gone = {"last_heartbeat": 1.7e9, "pid": 4194303}
    write_beats(beats, {"gone": gone, "odd": {"last_heartbeat": "x"}})
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
