"""The documents lead where they say: each link between them, with the heading that it names."""

import re
import subprocess
import sys

import pytest

from support import LIMIT, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").glob("*/README.md"), *(ROOT / "Benchmarks").glob("**/README.md")])


def anchors(text):
    """What GitHub makes of headings."""
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    headings = re.findall(r"(?m)^#+ +(.*?) *$", text)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def links(text):
    text = re.sub(r"(?ms)^```.*?^```|`[^`\n]*`", "", text)
    return [t for t in re.findall(r"\]\(<?([^)\s>]+)>?\)", text) if not re.match(r"[a-z]+:", t)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = page.read_text()
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no {target}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"{link}: no such heading"


def test_every_document_can_be_found_from_the_readme():
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page.read_text()) if link.partition("#")[0]]
    assert set((ROOT / "docs").rglob("*.md")) - seen == set()


TROUBLES = ROOT / "docs" / "troubleshooting.md"
MAKER = ROOT / "scripts" / "troubleshooting-page"


def test_what_the_exporter_serves_is_the_document():
    checked = subprocess.run([sys.executable, MAKER, "--check"], capture_output=True, text=True, timeout=LIMIT)
    assert checked.returncode == 0, checked.stderr


def test_the_programs_lead_to_paragraphs_that_are_there():
    """The status page by links into the page that the exporter serves, the log by help=, the alerts by their runbooks."""
    there = anchors(TROUBLES.read_text())
    assets = ROOT / "Sources" / "Exporter" / "StatusPage" / "Assets"
    served = set(re.findall(r'<h2 id="([^"]+)"', (assets / "troubleshooting.html").read_text()))
    assert served == there - {"troubleshooting"}
    page = {a for name in ("status.js", "status.html") for a in re.findall(r"/troubleshooting#([\w-]+)", (assets / name).read_text())}
    swift = (ROOT / "Sources" / "Monitoring" / "Troubleshooting.swift").read_text()
    log = dict(re.findall(r'case (\w+) = "(.*)"', swift))
    sources = "".join(f.read_text() for f in (ROOT / "Sources" / "Exporter").rglob("*.swift"))
    assert set(re.findall(r"Troubleshooting\.(\w+)\.place", sources)) == set(log), "each is said somewhere"
    runbooks = {a for f in (ROOT / "docs" / "runbooks").iterdir() for a in re.findall(r"\]\(\.\./troubleshooting\.md#([\w-]+)\)", f.read_text())}
    assert len(page) == 5 and len(log) == 6 and len(runbooks) == 9
    for found in (page, set(log.values()), runbooks):
        assert found <= served
    assert served <= page | set(log.values()) | runbooks | {"a-dashboard-is-empty"}, "something leads to each"


# A runbook that says all there is to say: what is wrong with a host, or with a job's own work.
COMPLETE = re.compile(r"host\w+|jobfailed|joboverdue|process(stopped|restarting|memorygrowth|filedescriptorslow|cpusaturated)|heartbeatseriesdropped")


@pytest.mark.parametrize("runbook", sorted((ROOT / "docs" / "runbooks").iterdir()), ids=lambda p: p.stem)
def test_an_alert_leads_on_to_its_paragraph(runbook):
    assert ("../troubleshooting.md#" in runbook.read_text()) != bool(COMPLETE.fullmatch(runbook.stem))
