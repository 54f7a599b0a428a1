"""What people read: mails and Slack messages, taken from a real Alertmanager with our routes, inhibitions and templates."""

import pytest

from support import eventually
from support.alert_messages import ENDED, OUTSIDE, Desk, as_prometheus_sends_it
from support.alert_rules import ALERTS
from support.chromium import Chromium

pytestmark = pytest.mark.peers
RUNBOOKS = "http://prometheus.example:9090/consoles/docs/runbooks"
DEAD = (
    "Its process is gone. Last beat 14 Nov 22:13:20 UTC (1m 20s ago), status \"scanning\". Memory 93.46MiB, CPU 1.75%. "
    "First: read the end of its log, then start it."
)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.stop()
    print(desk.logs())


def test_a_process_dies_and_comes_back(desk):
    """Mail and Slack, word for word."""
    alert = as_prometheus_sends_it("ProcessDead")
    desk.post(alert)
    eventually(lambda: desk.mails() and desk.slacks(), "mail and Slack tell of it")
    (mail,), (slack,) = desk.mails(), desk.slacks()
    assert mail["Subject"] == "🔴 bidder on web-1 is dead"
    assert (mail["From"], mail["To"]) == ("heartbeat@example.org", "oncall@example.org")
    assert mail.get_body(("plain",)).get_content().splitlines() == [
        "bidder on web-1 is dead",
        DEAD,
        "Since 20 Dec 15:30 UTC",
        f"What to do: {RUNBOOKS}/processdead.md#processdead",
        "",
        f"Alerts and silences: {OUTSIDE}",
    ]
    page = mail.get_body(("html",)).get_content()
    for text in ("<title>🔴 bidder on web-1 is dead</title>", f'<a href="{RUNBOOKS}/processdead.md#processdead"', f'<a href="{OUTSIDE}"', "#c62828"):
        assert text in page, text
    (attachment,) = slack["attachments"]
    assert slack["channel"] == "#alerts" and attachment["color"] == "#c62828"
    assert attachment["title"] == attachment["fallback"] == "🔴 bidder on web-1 is dead"
    assert attachment["text"] == f"{DEAD}\nSince 20 Dec 15:30 UTC · <{RUNBOOKS}/processdead.md#processdead|What to do>"
    assert attachment["title_link"].startswith(OUTSIDE)

    desk.post(alert | {"endsAt": ENDED})
    eventually(lambda: len(desk.mails()) == 2 and len(desk.slacks()) == 2, "mail and Slack tell that it is over")
    mail, (attachment,) = desk.mails()[1], desk.slacks()[1]["attachments"]
    assert mail["Subject"] == attachment["title"] == attachment["fallback"] == "✅ Resolved: bidder on web-1 is dead"
    assert mail.get_body(("plain",)).get_content().splitlines() == [
        "Resolved: bidder on web-1 is dead",
        "Over since 15:43 UTC, it took 12m34s",
        "",
        f"Alerts and silences: {OUTSIDE}",
    ]
    page = mail.get_body(("html",)).get_content()
    assert "#2e7d32" in page and "What to do" not in page
    assert attachment["text"] == "Over since 15:43 UTC, it took 12m34s" and attachment["color"] == "#2e7d32"


def test_several_alerts_of_a_process_are_one_message(desk):
    dead, restarting = as_prometheus_sends_it("ProcessDead"), as_prometheus_sends_it("ProcessForgotten")
    restarting["labels"] = {**dead["labels"], "alertname": "ProcessForgotten"}
    desk.post(dead, restarting, as_prometheus_sends_it("ProcessDead", process="vue-frontend"))

    def titles():
        return {m["attachments"][0]["title"]: m["attachments"][0]["text"] for m in desk.slacks()}

    expected = {"🔴 bidder on web-1 is dead (2 alerts)", "🔴 vue-frontend on web-1 is dead"}
    eventually(lambda: expected <= set(titles()), "one message for each process")
    # Where the machine is slow the second alert comes a message late; it never has one to itself.
    assert set(titles()) <= expected | {"🔴 bidder on web-1 is dead"}
    text = titles()["🔴 bidder on web-1 is dead (2 alerts)"]
    assert text.split("\n\n") == [
        f"*{a['annotations']['summary']}*\n{a['annotations']['description']}\n"
        f"Since 20 Dec 15:30 UTC · <{a['annotations']['runbook_url']}|What to do>"
        for a in (dead, restarting)
    ]


def test_a_name_from_outside_calls_nobody_and_breaks_nothing(desk):
    name = "<!channel> & <b>x</b>"
    alert = as_prometheus_sends_it("ProcessDead", process=name)
    # The status word is theirs too.
    alert["annotations"]["description"] = alert["annotations"]["description"].replace("scanning", name)
    desk.post(alert)
    eventually(lambda: desk.mails() and desk.slacks(), "mail and Slack tell of it")
    (mail,), (slack,) = desk.mails(), desk.slacks()
    assert mail["Subject"] == f"🔴 {name} on web-1 is dead"
    assert "<b>" not in mail.get_body(("html",)).get_content()
    told = slack["attachments"][0]
    for field in ("title", "fallback", "text"):
        assert "&lt;!channel&gt; &amp; &lt;b&gt;x&lt;/b&gt;" in told[field]
        assert "<!" not in told[field] and "<b" not in told[field]


def test_every_alert_makes_a_message_that_fits_a_phone(desk, tmp_path):
    """By mail and Slack as its severity says; the subject is read in a list, the page is as wide as the screen."""
    names = [n for n in ALERTS if n != "Watchdog"]
    # One after the other on hosts of their own, or some would silence others.
    sent = {n: as_prometheus_sends_it(n, instance=f"host-{i}:9464", host=f"host-{i}") for i, n in enumerate(names)}
    desk.post(*sent.values())
    critical = {n for n in names if sent[n]["labels"]["severity"] == "critical"}
    eventually(lambda: (len(desk.mails()), len(desk.slacks())) == (len(critical), len(names)), "all messages are there")
    marks = {"critical": "🔴 ", "warning": "🟠 ", "info": "🔵 "}
    expected = {n: marks[a["labels"]["severity"]] + a["annotations"]["summary"] for n, a in sent.items()}
    told = {m["attachments"][0]["title"]: m["attachments"][0] for m in desk.slacks()}
    assert set(told) == set(expected.values())
    assert {m["Subject"] for m in desk.mails()} == {expected[n] for n in critical}
    for name, title in expected.items():
        assert len(title) <= 80, title
        assert told[title]["text"].startswith(sent[name]["annotations"]["description"] + "\n"), name
        assert told[title]["text"].endswith(f"<{sent[name]['annotations']['runbook_url']}|What to do>"), name

    browser = Chromium(tmp_path, width=360, height=640)
    try:
        for mail in desk.mails():
            page = tmp_path / "mail.html"
            page.write_text(mail.get_body(("html",)).get_content())
            browser.open(page.as_uri())
            assert browser.evaluate("document.documentElement.scrollWidth") <= 360, mail["Subject"]
            assert browser.evaluate("document.body.innerText").startswith(mail["Subject"][2:])
        assert all(r.startswith("file:") for r in browser.requests), "a mail loads something from elsewhere"
    finally:
        browser.stop()


def test_who_silences_whom(desk):
    """The table of docs/alerting.md, on one host; another host is not concerned."""
    hung, dead = as_prometheus_sends_it("ProcessHung"), as_prometheus_sends_it("ProcessDead")
    desk.post(hung, dead, as_prometheus_sends_it("ProcessHung", process="vue-frontend"))
    here, other = "web-1:9464", "web-2:9464"

    def silenced():
        return {k for k, state in desk.states().items() if state == "suppressed"}

    eventually(lambda: silenced() == {("ProcessHung", here, "bidder")}, "dead silences hung, of the same process only")

    # One whose clock is ahead, too, is told when it hangs.
    desk.post(as_prometheus_sends_it("ProcessClockAhead", process="vue-frontend"))
    file, full, filling = (as_prometheus_sends_it(n) for n in ("HeartbeatFileUnreadable", "HostDiskFull", "HostDiskFilling"))
    desk.post(full, filling)
    disk = {("ProcessHung", here, "bidder"), ("HostDiskFilling", here, None)}
    eventually(lambda: silenced() == disk, "a full disk is not also filling")

    far = dict(instance=other, host="web-2")
    desk.post(file, as_prometheus_sends_it("HeartbeatFileStale"), *(as_prometheus_sends_it(n, process="worker") for n in (
        "ProcessHung", "ProcessFlapping", "ProcessForgotten", "ProcessDead")), as_prometheus_sends_it("HeartbeatFileStale", **far))  # fmt: skip
    unread = disk | {("HeartbeatFileStale", here, None), ("ProcessHung", here, "vue-frontend")}
    unread |= {(f"Process{w}", here, "worker") for w in ("Hung", "Flapping", "Forgotten")}
    fourth = dict(instance="web-4:9464", host="web-4")
    desk.post(*(as_prometheus_sends_it(n, **fourth) for n in ("HeartbeatFileUnreadable", "ProcessHung")),
              as_prometheus_sends_it("ProcessForgotten", process="worker", **fourth))  # fmt: skip
    unread |= {("ProcessForgotten", "web-4:9464", "worker")}
    eventually(lambda: silenced() == unread, "without a file its writers look gone; one of another file that hangs, or does not run, is told all the same")

    third = dict(instance="web-3:9464", host="web-3")
    desk.post(*(as_prometheus_sends_it(n, **third) for n in ("HeartbeatFileStale", "ProcessHung", "ProcessFlapping", "ProcessTimeoutTight")),
              as_prometheus_sends_it("ProcessFlapping", process="worker", **third))  # fmt: skip
    shared = unread | {(n, "web-3:9464", "bidder") for n in ("ProcessHung", "ProcessFlapping", "ProcessTimeoutTight")}
    eventually(lambda: silenced() == shared, "a file that nobody writes silences those that hang, and these that they flap")

    desk.post(
        as_prometheus_sends_it("HeartbeatExporterDown"), as_prometheus_sends_it("Watchdog"),
        as_prometheus_sends_it("ProcessDead", **far), as_prometheus_sends_it("HeartbeatTargetsMissing"),
    )  # fmt: skip
    eventually(
        lambda: {k for k, s in desk.states().items() if s == "active"}
        == {("HeartbeatExporterDown", here, None), ("Watchdog", None, None), ("HeartbeatTargetsMissing", None, None),
            ("ProcessDead", other, "bidder"), ("HeartbeatFileStale", other, None), ("HeartbeatFileStale", "web-3:9464", None),
            ("ProcessFlapping", "web-3:9464", "worker"), ("HeartbeatFileUnreadable", "web-4:9464", None), ("ProcessHung", "web-4:9464", "bidder")},
        "of a host without an exporter only that is told",
    )  # fmt: skip


def test_the_dead_mans_switch_is_called_again_and_again(desk):
    desk.post(as_prometheus_sends_it("Watchdog"))
    eventually(lambda: len(desk.pings()) >= 3, "three calls")
    assert {a["labels"]["alertname"] for p in desk.pings() for a in p["alerts"]} == {"Watchdog"}
    assert (desk.mails(), desk.slacks()) == ([], [])
