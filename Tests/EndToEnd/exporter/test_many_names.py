"""Folders with very many names, which anybody may make where others beat: what beats there is served at each scrape."""

import json
import os
import time

from support import entry, eventually, write_beats

COUNT = 60_000
STRANGER = 64217


def fill(folder, names):
    for name in names:
        os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY, 0o644))


def replace(file, text):
    new = file.with_name(".new")
    new.write_text(text)
    new.rename(file)


def test_names_that_match_nothing_or_too_much_blind_nobody(exporter, beats, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    replace(spool / "a.beat", json.dumps({"ts": time.time(), "n": 0}))
    e = exporter(f"--heartbeat.file={spool}/*.beat", "--heartbeat.max-files=10")

    def look(e, n):
        write_beats(beats, {"other": entry(n=n)})
        replace(spool / "a.beat", json.dumps({"ts": time.time(), "n": n}))
        samples = e.metrics()
        assert samples.of("heartbeat_data_n") == {"a": n, "other": n}
        assert samples.of("heartbeat_file_up")[str(spool / "a.beat")] == 1
        return samples

    look(e, 1)
    fill(spool, (f"x{n:06}.dat" for n in range(COUNT)))
    for n in range(2, 8):
        look(e, n)
    # Who is started with all of them sees it as soon as they were looked at once, and that is not begun anew each time.
    e = exporter(f"--heartbeat.file={spool}/*.beat", "--heartbeat.max-files=10")
    eventually(lambda: "a" in e.metrics().of("heartbeat_data_n"), "it is found among them")
    for n in range(8, 12):
        look(e, n)
    fill(spool, (f"y{n:06}.beat" for n in range(COUNT)))
    numbers = iter(range(12, 1_000_000))

    def left_out():
        return look(e, next(numbers)).of("heartbeat_pattern_files_left_out")[f"{spool}/*.beat"]

    # Beside the file that is no pattern nine have room; an empty one is a beat as well.
    eventually(lambda: left_out() == COUNT + 1 - 9, "all that match are counted")
    assert "too many files match" in e.stderr


def test_empty_files_of_a_stranger_keep_nobody_out_of_a_shared_folder(exporter, tmp_path):
    folder = tmp_path / "heartbeat.d"
    folder.mkdir()
    folder.chmod(0o1777)
    names = [f"a{n:06}.json" for n in range(COUNT)]
    fill(folder, names)
    for name in names:
        os.chown(folder / name, STRANGER, STRANGER)

    def look(e, n):
        replace(folder / "bot.json", json.dumps({"last_heartbeat": time.time(), "additional_data": {"n": n}}))
        samples = e.metrics()
        assert samples.of("heartbeat_data_n") == {"bot": n}
        return samples

    for most in ([], ["--heartbeat.max-processes=100"]):
        # It is started with them, and they come first. On a busy machine their reading may take long.
        e = exporter(f"--heartbeat.file={folder}", "--heartbeat.read-timeout=60s", *most, default_file=True)
        for n in range(1, 5):
            samples = look(e, n)
        assert samples.of("heartbeat_file_up") == {str(folder): 1}
        left = COUNT + 1 - (100 if most else 50_000)
        assert samples.of("heartbeat_entries_skipped_total")["too_many_entries"] >= left
        assert "too many files in a folder of heartbeats" in e.stderr and f"{STRANGER} ({left})" in e.stderr
        problems = json.loads(e.get("/api/v1/heartbeats").body)["problems"]
        assert problems and all(p["process"].startswith("a") for p in problems)
        e.stop()
