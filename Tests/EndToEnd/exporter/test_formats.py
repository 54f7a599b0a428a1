"""The formats as Prometheus' versions ask for them, each read by somebody else's reader."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from support import entry, eventually, write_beats
from support.prometheus import Prometheus

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8; escaping="
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
UTF8_NAMES = {"heartbeat_data_http.requests", "heartbeat_data_cpu-load", 'heartbeat_data_größe "x"'}
FORMATS = [
    # What is asked for, what is answered, and the names of the three keys that are no names of old.
    (None, TEXT, {"heartbeat_data_http_requests", "heartbeat_data_cpu_load", "heartbeat_data_gr__e__x_"}),
    ("text/plain;version=1.0.0;escaping=allow-utf-8", TEXT_1 + "allow-utf-8", UTF8_NAMES),
    (
        "text/plain;version=1.0.0;escaping=dots",
        TEXT_1 + "dots",
        {"heartbeat__data__http_dot_requests", "heartbeat__data__cpu__load", "heartbeat__data__gr____e____x__"},
    ),
    (
        "application/openmetrics-text;version=1.0.0;escaping=values",
        OPENMETRICS + "values",
        {"U__heartbeat__data__http_2e_requests", "U__heartbeat__data__cpu_2d_load", "U__heartbeat__data__gr_f6__df_e_20__22_x_22_"},
    ),
    (PROMETHEUS_2, OPENMETRICS + "underscores", {"heartbeat_data_http_requests", "heartbeat_data_cpu_load", "heartbeat_data_gr__e__x_"}),
    (PROMETHEUS_3, OPENMETRICS + "allow-utf-8", UTF8_NAMES),
]


@pytest.fixture
def served(exporter, beats):
    odd = {"http.requests": 7, "cpu-load": 0.5, 'größe "x"': 3}
    write_beats(beats, {"bidder": entry(age=5, offset=140, **odd), 'odd "name"\n\\ 🫀': entry(offset=1e300)})
    return exporter()


def families(text, content_type):
    read = read_openmetrics if content_type.startswith("application/openmetrics-text") else read_text
    return {f.name: f for f in read(text)}


def samples(found):
    """The samples, but for what differs from scrape to scrape."""
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for f in found.values()
        for s in f.samples
        if s.name.startswith("heartbeat_") and not s.name.startswith(("heartbeat_exporter", "heartbeat_age", "heartbeat_data", "heartbeat__"))
    }


@pytest.mark.parametrize(("accept", "content_type", "names"), FORMATS, ids=[f[1].replace("; ", "-") for f in FORMATS])
def test_each_format_is_read_back(served, accept, content_type, names):
    plain = samples(families(served.get().text, TEXT))
    answer = served.get(headers={"Accept": accept} if accept else {})
    assert answer.headers["content-type"] == content_type
    assert "Accept" in answer.headers["vary"].split(", ")
    found = families(answer.text, content_type)
    assert samples(found) == plain
    of_data = {name for name in found if "data" in name and name not in ("heartbeat_data_offset", "heartbeat_data_info")}
    assert of_data == names
    assert sorted(found[name].samples[0].value for name in names) == [0.5, 3, 7]
    assert {s.labels["process"]: s.value for s in found["heartbeat_data_offset"].samples} == {
        "bidder": 140,
        'odd "name"\n\\ 🫀': 1e300,
    }
    packed = served.get(headers={"Accept": accept or "*/*", "Accept-Encoding": "gzip"})
    assert packed.headers["content-type"] == content_type
    assert packed.headers["content-encoding"] == "gzip"
    assert samples(families(packed.text, content_type)) == plain


def test_openmetrics_has_units_counters_and_an_end(served):
    answer = served.get(headers={"Accept": PROMETHEUS_2})
    assert answer.text.endswith("\n# EOF\n") and answer.text.count("# EOF") == 1
    found = families(answer.text, OPENMETRICS)
    assert (found["heartbeat_age_seconds"].unit, found["heartbeat_age_seconds"].type) == ("seconds", "gauge")
    assert (found["process_cpu_seconds"].unit, found["process_cpu_seconds"].type) == ("seconds", "counter")
    assert found["process_cpu_seconds"].samples[0].name == "process_cpu_seconds_total"
    assert found["process_resident_memory_bytes"].unit == "bytes"


def test_prometheus_takes_openmetrics(served, tmp_path):
    p = Prometheus(tmp_path, [served.port])
    try:
        eventually(lambda: p.value('heartbeat_data_offset{process="bidder"}') == 140, "Prometheus has the value")
        assert p.value("heartbeat_data_http_requests") == 7
        assert p.value('process_cpu_seconds_total{process="heartbeat-exporter"}') >= 0
        # Only OpenMetrics has units.
        metadata = eventually(lambda: p.api("metadata", metric="heartbeat_age_seconds"), "the metadata arrive")
        assert metadata["heartbeat_age_seconds"][0]["unit"] == "seconds"
    finally:
        p.stop()


@pytest.mark.hard
def test_styles_in_turns_say_the_same_as_alone(served, beats):
    """Four scrapers that ask for different styles, while the file changes: nobody gets another's text or an old one."""
    for n in range(20):
        write_beats(beats, {"bidder": entry(offset=n, cpu=n), "reader": entry(offset=-n)})
        for accept, content_type, _ in FORMATS:
            answer = served.get(headers={"Accept": accept} if accept else {})
            assert answer.headers["content-type"] == content_type
            found = families(answer.text, content_type)
            assert {s.labels["process"]: s.value for s in found["heartbeat_data_offset"].samples} == {"bidder": n, "reader": -n}
