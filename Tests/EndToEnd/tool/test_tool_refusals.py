"""What the tool does not take, or takes with a word: texts that are no Unicode, numbers that JSON has not, the exporter's own name."""

import json
import subprocess

import pytest
from support import ENVIRONMENT, LIMIT, TOOL, entry, run, write_beats
from support.clients import as_user

BYTES = b"n\xff\xfe"


def run_bytes(*arguments, env=None, input=b""):
    """As `run`, with arguments that need not be text."""
    environment = {k.encode(): v if isinstance(v, bytes) else v.encode() for k, v in (ENVIRONMENT | (env or {})).items()}
    return subprocess.run([a if isinstance(a, bytes) else str(a).encode() for a in arguments], input=input, capture_output=True, env=environment, timeout=LIMIT)


@pytest.mark.parametrize("arguments", [
    ["send", BYTES], ["send", "--", BYTES], ["send", "a", "--status", BYTES], ["send", "a", b"--status=" + BYTES], ["send", "a", "--data", BYTES + b"=1"],
    ["send", "a", "--data", b"k=" + BYTES], ["send", "a", "--json", b'{"k\xff":1}'], ["job", "start", BYTES], ["run", "--name", BYTES, "--", "true"],
    ["run", "--", b"/nowhere/" + BYTES], ["prune", BYTES], ["silence", BYTES, "--for", "1h"],
])  # fmt: skip
def test_what_is_no_unicode_is_refused_and_nothing_is_written(arguments, tmp_path):
    result = run_bytes(TOOL, arguments[0], "--file", tmp_path, *arguments[1:])
    assert result.returncode == 2 and b"UTF-8" in result.stderr, result
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_no_unicode_is_not_taken_for_another_one(tmp_path):
    for env, arguments in ({}, ["--file", bytes(tmp_path / "x") + BYTES]), ({"HEARTBEAT_FILE": bytes(tmp_path / "x") + BYTES}, []):
        result = run_bytes(TOOL, "send", "a", *arguments, env=env)
        assert result.returncode == 2 and b"UTF-8" in result.stderr, result
        assert list(tmp_path.iterdir()) == []
    # One that nobody asks for is nobody's business.
    assert run_bytes(TOOL, "send", "a", "--file", tmp_path / "b.json", env={"HEARTBEAT_FILE": BYTES, "OTHER": BYTES}).returncode == 0


def test_standard_input_that_is_no_unicode_is_refused(tmp_path):
    result = run_bytes(TOOL, "send", "a", "--file", tmp_path, "--json", "-", input=b'{"k\xff": 1, "k\xfe": 2}')
    assert result.returncode == 2 and b"standard input: expected UTF-8" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_program_gets_its_words_as_they_are(tmp_path):
    result = run_bytes(TOOL, "run", "--name", "a", "--file", tmp_path, "--", "printf", "%s", BYTES)
    assert (result.returncode, result.stdout, result.stderr) == (0, BYTES, b"")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_json_has_not_is_left_out_and_named(number, beats):
    result = run(TOOL, "send", "a", "--file", beats, "--json", '{"free": {"disk": %s}, "b": 1}' % number)
    assert result.returncode == 0 and '"free.disk"' in result.stderr and "left out" in result.stderr, result
    assert json.loads(beats.read_text())["processes"]["a"]["additional_data"] == {"free": {}, "b": 1}


@pytest.mark.parametrize("value, word", [("3", "3"), ("true", "true"), ('"busy"', "busy"), ("2.5", "2.5")])
def test_a_status_in_the_data_is_the_entrys_own(value, word, beats):
    assert run(TOOL, "send", "a", "--file", beats, "--json", '{"status": %s, "n": 1}' % value).returncode == 0
    entry = json.loads(beats.read_text())["processes"]["a"]
    assert (entry["status"], entry["additional_data"]) == (word, {"n": 1})


@pytest.mark.parametrize("arguments", [["send", "heartbeat-exporter"], ["job", "start", "heartbeat-exporter"], ["run", "--name", "heartbeat-exporter", "true"]])
def test_who_takes_the_exporters_name_is_told(arguments, beats):
    result = run(TOOL, arguments[0], "--file", beats, *arguments[1:])
    assert result.returncode == 0
    assert result.stderr == 'heartbeat: "heartbeat-exporter" is the exporter\'s own name, so it leaves this entry out: give it another one\n'
    checked = run(TOOL, "check", beats)
    assert checked.returncode == 1 and "the exporter's own" in checked.stdout, checked


def test_a_program_that_cannot_be_run_is_not_alive_any_more(beats):
    assert run(TOOL, "send", "svc", "--file", beats).returncode == 0
    result = run(TOOL, "run", "--name", "svc", "--file", beats, "--", "/no/such/program")
    assert result.returncode == 127 and result.stderr.count("\n") == 1 and "cannot run /no/such/program" in result.stderr, result
    entry = json.loads(beats.read_text())["processes"]["svc"]
    assert (entry["status"], entry["additional_data"]["last_exit_code"]) == ("failed", 127) and "pid" not in entry


@pytest.mark.parametrize("arguments", [["send", "a"], ["job", "start", "a"], ["prune", "x"]])
def test_a_limit_of_file_sizes_is_an_error_and_no_end_by_a_signal(arguments, beats):
    write_beats(beats, {"x": entry(), "y": entry()})
    before = beats.read_bytes()
    result = run("prlimit", "--fsize=16", "--", TOOL, *arguments, "--file", beats)
    assert result.returncode == 1 and "File too large" in result.stderr, result
    assert beats.read_bytes() == before and not list(beats.parent.glob("*tmp*"))


def test_prune_names_whose_files_it_may_not_remove(common):
    place = common / "beats.d"
    place.mkdir()
    place.chmod(0o1777)
    hers, his = as_user(64_201), as_user(64_202)
    for user, name in ((hers, "hers"), (his, "his")):
        assert run(*user, TOOL, "send", name, "--file", place).returncode == 0
    result = run(*hers, TOOL, "prune", "--older-than", "0s", "--file", place)
    assert (result.returncode, result.stdout) == (1, 'removed "hers"\n') and "his.json\": it belongs to user 64202\n" in result.stderr, result
    result = run(*hers, TOOL, "prune", "his", "--file", place)
    assert (result.returncode, result.stdout) == (1, "") and "cannot remove" in result.stderr, result
    assert run(TOOL, "prune", "--older-than", "0s", "--file", place).stdout == 'removed "his"\n'
