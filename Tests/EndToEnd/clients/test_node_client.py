"""The Node client: into the one file by the tool, from a loop or a timer, and harmless to the program."""

import json
import os
import select
import subprocess
import time

import pytest

from support import ENVIRONMENT, LIMIT, ROOT, TOOL, run
from support.clients import NODE, node
from support.hanging import HangingFolder

THROWS = "const m = new h.HeartbeatManager(process.env.F, { throws: true });"


@pytest.fixture(params=["one file", "a folder", "an exporter"])
def place(request, tmp_path):
    """Where beats go, and a function that reads the entries there."""
    if request.param == "a folder":
        folder = tmp_path / "beats.d"
        folder.mkdir()
        return str(folder), lambda: {p.name[:-5]: json.loads(p.read_text()) for p in folder.glob("*.json")}
    file = tmp_path / "heartbeat_status.json"
    where = file
    if request.param == "an exporter":
        where = tmp_path / "push.sock"
        request.getfixturevalue("exporter")(f"--push.socket={where}")
    return str(where), lambda: json.loads(file.read_text())["processes"]


def test_it_beats_and_reads(place):
    where, entries = place
    printed = node(
        """
        console.log(await h.getHeartbeatStatus('web'), await h.isProcessAlive('web'));
        await h.sendHeartbeat('web', { requests: 3, memory: { rss: 1.5 }, on: true, none: null, status: 'busy' }, { interval: 30 });
        console.log((await h.getHeartbeatStatus('web')).pid === process.pid, await h.isProcessAlive('web', 600));
        await h.sendHeartbeat('word', { status: 'stopped', final: true }, { status: 'failed' });
        """,
        env={"HEARTBEAT_FILE": where},
    )
    assert printed.split("\n") == ["null false", "true true"]
    found = entries()
    assert (found["web"]["status"], found["word"]["status"]) == ("busy", "failed")
    assert found["web"]["additional_data"] == {"requests": 3, "memory": {"rss": 1.5}, "on": True, "none": None}


def test_without_the_program_it_beats_into_a_folder_and_to_an_exporter(place):
    where, entries = place
    printed = node(THROWS + "await m.sendHeartbeat('web');", env={"F": where, "HEARTBEAT_TOOL": "/nowhere/heartbeat"})
    if where.endswith(".json"):
        assert "HEARTBEAT_TOOL" in printed and "a folder or an exporter" in printed
    else:
        assert printed == "" and "web" in entries()


def test_from_a_loop_one_beat_in_many_goes_out(place):
    where, entries = place
    node(
        """
        const beat = h.heartbeat('bidder', { every: 3600, interval: 60 });
        let called = 0;
        for (let n = 0; n < 1000; n++) beat(() => ({ n, called: ++called }));
        await beat.stop({ n: -1, called });
        """,
        env={"HEARTBEAT_FILE": where},
    )
    entry = entries()["bidder"]
    assert (entry["status"], entry["additional_data"]) == ("stopped", {"n": -1, "called": 1})
    if where.endswith(".d"):
        assert entry["interval"] == 60


def test_every_change_of_the_status_goes_out_at_once(place):
    where, entries = place
    code = """
    const beat = h.heartbeat('bidder');
    const until = async (word) => { while ((await h.getHeartbeatStatus('bidder'))?.status !== word) await new Promise((r) => setTimeout(r, 5)); };
    beat({ o: 1 });
    beat(undefined, 'waiting');
    await until('waiting');
    for (let n = 3; n < 100; n++) beat(undefined, `change-${n}`); // but not more than ten in a second, of which that one was the first
    await until('change-11');
    await new Promise((r) => setTimeout(r, 1100));
    beat(undefined, 'change-99');
    await until('change-99');
    """
    node(code, env={"HEARTBEAT_FILE": where})
    assert entries()["bidder"]["additional_data"] == {"o": 1}


def test_a_tick_that_comes_late_is_not_written_over_the_last_word(place):
    where, entries = place
    code = """
    const stop = h.startHeartbeat('web', { interval: 3600, maxSilence: 0.05 });
    while ((await h.getHeartbeatStatus('web'))?.status !== 'stalled') await new Promise((r) => setTimeout(r, 5));
    await stop('stopped');
    stop.tick();
    await h.startHeartbeat('never', { interval: 3600, maxSilence: 0 })();
    await h.sendHeartbeat('after');
    """
    node(code, env={"HEARTBEAT_FILE": where})
    assert {name: entry["status"] for name, entry in entries().items()} == {"web": "stopped", "never": "alive", "after": "alive"}


def test_the_time_and_the_host_of_a_beat_are_told(place):
    where, entries = place
    at = round(time.time() - 500, 3)
    code = THROWS + f"""
    await m.beat('old', null, {{ at: {at}, host: 'c1', pid: 0 }});
    await m.beat('none', null, {{ at: {at}, status: 'running', pid: 0, job: {{ word: 'start' }} }});
    await m.beat('backup', null, {{ at: {at}, status: 'running', job: {{ word: 'start' }} }});
    await m.beat('backup', null, {{ at: {at + 5}, status: 'succeeded', pid: 0, job: {{ word: 'success', exitCode: 0, duration: 5 }} }});
    """
    node(code, env={"F": where})
    found = entries()
    assert (found["old"]["last_heartbeat"], found["old"]["host"]) == (at, "c1")
    assert "pid" not in found["old"] and "pid" not in found["none"]
    job = found["backup"]["job"]
    assert (found["backup"]["last_heartbeat"], job["started"], job["ended"], round(job["duration_seconds"], 3)) == (at + 5, at, at + 5, 5)


def test_stalled_is_no_sign_of_life(place):
    where, entries = place
    code = """
    const m = new h.HeartbeatManager(process.env.F, { timeout: 60 });
    const began = Date.now() / 1000;
    const stop = m.startHeartbeat('web', { interval: 3600, maxSilence: 1 });
    let found;
    do {
      await new Promise((r) => setTimeout(r, 5));
      found = await m.getHeartbeatStatus('web');
    } while (found?.status !== 'stalled');
    console.log(found.last_heartbeat - began < 0.9);
    await stop();
    """
    assert node(code, env={"F": where}) == "true"


def test_a_tool_of_before_gets_the_beat_without_what_it_does_not_know(tmp_path):
    tool, said = tmp_path / "tool", tmp_path / "said"
    tool.write_text('#!/bin/sh\nfor a in "$@"; do case "$a" in --at=*|--host=*|--interval=*) echo "unknown flag ${a%%=*}" >&2; exit 2;; esac; done\necho "$@" >>' + f"{said}\n")
    tool.chmod(0o755)
    code = f"""
    const m = new h.HeartbeatManager('beats.json', {{ tool: {str(tool)!r}, throws: true }});
    for (let n = 0; n < 2; n++) await m.beat(`p${{n}}`, null, {{ at: 1700000000, host: 'c1', interval: 30 }});
    await m.beat('job', null, {{ at: 1700000000, job: {{ word: 'start' }}, pid: 7 }});
    """
    node(code)
    assert [line.split()[-1] for line in said.read_text().splitlines()] == ["p0", "p1", "job"]


# The status as it is handed over, and as the entry has it.
STATUSES = {
    "text": ("'waiting'", "waiting"), "object": ("{ status: 'waiting' }", "waiting"), "flag": ("'--file'", "--file"), "one-dash": ("{ status: '-x' }", "-x"),
    "equals": ("'a=b c'", "a=b c"), "zero": ("'a\\0b'", "a\0b"), "empty": ("''", "alive"), "list": ("['x']", "alive"), "time": ("{ at: 'x' }", "alive"),
}  # fmt: skip


def test_a_status_is_taken_as_it_is_and_costs_no_beat(place):
    where, entries = place
    code = THROWS + "".join(f"await m.sendHeartbeat({name!r}, {{ a: 1 }}, {given}); await h.sendHeartbeat({name!r}, null, {given});" for name, (given, _) in STATUSES.items())
    assert node(code, env={"F": where, "HEARTBEAT_FILE": where}) == ""
    assert {name: (entry["status"], entry["additional_data"]) for name, entry in entries().items()} == {name: (word, {"a": 1}) for name, (_, word) in STATUSES.items()}


def test_an_interval_of_a_part_of_a_second_is_told(place):
    where, entries = place
    code = THROWS + "for (const interval of [0.5, 30, 0.0001, 1.5]) await m.sendHeartbeat(`every-${interval}`, null, { interval });"
    assert node(code, env={"F": where}) == ""
    # The tool takes whole milliseconds.
    assert {name: max(entry["interval"], 0.001) for name, entry in entries().items()} == {"every-0.5": 0.5, "every-30": 30, "every-0.0001": 0.001, "every-1.5": 1.5}


def test_a_name_that_the_program_cannot_be_told_is_said(tmp_path):
    assert "a folder in the place of the file" in node("await new h.HeartbeatManager('f.json', { throws: true }).sendHeartbeat('a\\0b');", cwd=tmp_path)


def test_background_beats_end_when_stopped(place):
    where, _ = place
    printed = node(
        """
        let n = 0;
        const stop = h.startHeartbeat('web', { interval: 0.01, data: () => ({ n: ++n }) });
        while (n < 3) await new Promise((r) => setTimeout(r, 5));
        await stop();
        const beaten = n;
        await new Promise((r) => setTimeout(r, 50));
        console.log(n === beaten, (await h.getHeartbeatStatus('web')).additional_data.n === n);
        await h.startHeartbeat('web', { interval: 3600 })('stopped');
        console.log((await h.getHeartbeatStatus('web')).status);
        """,
        env={"HEARTBEAT_FILE": where},
    )
    assert printed == "true true\nstopped"


def test_a_timer_whose_work_hangs_says_so_and_falls_silent(place):
    where, entries = place
    printed = node(
        """
        const status = async () => (await h.getHeartbeatStatus('web'))?.status;
        const until = async (word) => { while (await status() !== word) await new Promise((r) => setTimeout(r, 5)); };
        const stop = h.startHeartbeat('web', { interval: 0.01, maxSilence: 0.3 });
        await until('stalled');
        const stalled = JSON.stringify(await h.getHeartbeatStatus('web'));
        await new Promise((r) => setTimeout(r, 100));
        console.log(JSON.stringify(await h.getHeartbeatStatus('web')) === stalled);
        const ticks = setInterval(stop.tick, 10);
        await until('alive');
        clearInterval(ticks);
        await stop();
        """,
        env={"HEARTBEAT_FILE": where},
    )
    assert printed == "true"


HARMS = {
    "no folder": "const m = new h.HeartbeatManager('none/beats.json');",
    "a wrong address": "const m = new h.HeartbeatManager('ftp://host/x');",
    "nobody listens": "const m = new h.HeartbeatManager('none.sock');",
    "no folder of own files": "const m = new h.HeartbeatManager('none.d');",
    "no program": "const m = new h.HeartbeatManager('f', { tool: '/nowhere' });",
    "a handler that throws": "const m = new h.HeartbeatManager('none.d', { onError: () => { throw new Error('of its own'); } });",
    "a handler that rejects": "const m = new h.HeartbeatManager('none.d', { onError: async () => { throw new Error('of its own'); } });",
    "a NUL": "const m = new h.HeartbeatManager('a\\0b');",
}


@pytest.mark.parametrize("harm", HARMS)
def test_nothing_ends_the_program(harm, tmp_path):
    code = HARMS[harm] + """
    m.sendHeartbeat('floating');
    h.heartbeat('loop', { manager: m, every: 0 })(() => { throw new Error('of its own'); });
    h.heartbeat('loop', { manager: m, every: 0, onError: () => { throw new Error('of its own'); } })();
    h.heartbeat('loop', { manager: m, every: 0, onError: async () => { throw new Error('of its own'); } })();
    m.startHeartbeat('timer', { interval: 0.2, data: async () => { throw new Error('of its own'); }, onError: () => { throw null; } });
    m.startHeartbeat('timer', { interval: 0.2, onError: async () => { throw undefined; } });
    for (const name of ['', 3, null, undefined, {}]) m.sendHeartbeat(name, 7, { status: Symbol('x'), pid: 'y', interval: NaN });
    console.log(await m.sendHeartbeat('a'), await m.getHeartbeatStatus('a'), await m.isProcessAlive('a'), Object.keys(await m.allHeartbeats()));
    await new Promise((r) => setTimeout(r, 300));
    console.log('on');
    """
    assert node(code, cwd=tmp_path) == "undefined null false []\non"


# Each is odd in its own way; none may end the program, nor cost the beat.
ODD_OPTIONS = {
    "times": "h.heartbeat('times', { every: Symbol('x'), interval: {} })(); await h.startHeartbeat('times2', { interval: Symbol('x'), maxSilence: 'x' })();",
    "functions": "h.heartbeat('functions', { onError: 3 })(() => { throw 1; }); await h.startHeartbeat('functions2', { onError: {}, data: 7 })();",
    "manager": "h.heartbeat('manager', { manager: 'x' })(); await h.job('manager2', () => 1, { manager: 3 });",
    "null": "h.heartbeat('null', null)(); await h.startHeartbeat('null2', null)();",
    "none": "h.heartbeat('none', 'x')(); await h.sendHeartbeat('none2', null, 3);",
    "getters": "const o = { get every() { throw 1; }, get interval() { throw 1; }, get manager() { throw 1; } }; h.heartbeat('getters', o)(); await h.startHeartbeat('getters2', o)();",
    "no text": "const no = () => { throw Object.create(null); }; h.heartbeat('no text')(no); await h.startHeartbeat('no text2', { data: async () => no() })();",
    "its own": "const own = new h.HeartbeatManager(process.env.HEARTBEAT_FILE, { timeout: 'x', retention: {}, onError: 3, tool: process.env.HEARTBEAT_TOOL });"
    "await own.sendHeartbeat('its own'); await own.sendHeartbeat('its own2');",
}  # fmt: skip


def test_odd_options_end_nothing_and_cost_no_beat(place):
    where, entries = place
    more = "await h.heartbeat('last').stop(); console.log(await h.isProcessAlive('last', Symbol('x')) !== undefined, await h.isProcessAlive(Symbol('x'), {}));"
    assert node("".join(ODD_OPTIONS.values()) + more, env={"HEARTBEAT_FILE": where}) == "true false"
    assert set(entries()) == {"last", *ODD_OPTIONS, *(name + "2" for name in ODD_OPTIONS)}


def test_what_is_no_place_is_said_and_raises_nothing(tmp_path):
    code = """
    for (const file of [3, Symbol('x'), {}, [], () => 1, true, '', 0, false]) {
      const m = new h.HeartbeatManager(file);
      await m.sendHeartbeat('a');
      console.log(Object.keys(await m.allHeartbeats()).length);
      try { new h.HeartbeatManager(file, { throws: true }); } catch (e) { console.log(e.code); }
    }
    """
    assert node(code, cwd=tmp_path) == "\n".join(["0", "invalid"] * 9)
    assert not list(tmp_path.iterdir())


def test_data_that_never_come_cost_only_themselves(tmp_path):
    (tmp_path / "beats.d").mkdir()
    program = f"""
    const h = require({str(NODE)!r});
    const never = () => new Promise(() => {{}});
    (async () => {{
      const beat = h.heartbeat('loop', {{ every: 0 }});
      for (let n = 0; n < 3; n++) beat(never);
      await Promise.all([h.startHeartbeat('timer', {{ interval: 3600, data: never }})(), beat.stop(never)]);
      console.log('stopped');
    }})();
    """
    result = run("node", "-e", program, cwd=tmp_path, env={"HEARTBEAT_FILE": "beats.d"})
    assert (result.returncode, result.stdout) == (0, "stopped\n"), result.stderr
    assert json.loads((tmp_path / "beats.d/loop.json").read_text())["status"] == "stopped"
    assert (tmp_path / "beats.d/timer.json").exists()
    lines = result.stderr.splitlines()
    assert len(lines) == len(set(lines)) == 2 and all("took more than 5 s" in line for line in lines), result.stderr


def test_data_that_throw_when_they_are_looked_at_cost_only_themselves(place):
    where, entries = place
    code = """
    const { proxy: revoked, revoke } = Proxy.revocable({}, {}); revoke();
    await m.sendHeartbeat('keys', new Proxy({}, { ownKeys() { throw new Error('no'); } }), { status: 'busy' });
    await m.sendHeartbeat('kind', new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 1; } }), { status: 'busy' });
    await m.sendHeartbeat('revoked', revoked, { status: 'busy' });
    """
    assert node(THROWS + code, env={"F": where}) == ""
    assert {name: found["status"] for name, found in entries().items()} == {"keys": "busy", "kind": "busy", "revoked": "busy"}


def test_the_same_mishap_is_said_once(tmp_path):
    program = f"const h = require({str(NODE)!r}); (async () => {{ for (let n = 0; n < 5; n++) await h.sendHeartbeat('a'); }})()"
    result = run("node", "-e", program, cwd=tmp_path, env={"HEARTBEAT_FILE": "none.d"})
    assert result.returncode == 0 and result.stderr.count("heartbeat:") == result.stderr.count("install -d -m 1777") == 1


def test_it_does_not_keep_a_program_running(place):
    # Neither a timer nor an open connection: `node` waits for its end, but not for an hour.
    code = "h.startHeartbeat('s', { interval: 3600, maxSilence: 3600 }); h.heartbeat('b')(); await h.isProcessAlive('x');"
    node(code, env={"HEARTBEAT_FILE": place[0]})
    assert {"s", "b"} <= set(place[1]())


def test_beats_that_cannot_be_sent_do_not_pile_up(tmp_path):
    printed = node(
        """
        const m = new h.HeartbeatManager(process.cwd() + '/beats.d', { throws: true });
        const all = await Promise.allSettled(Array.from({ length: 1000 }, (_, n) => m.sendHeartbeat('a', { n })));
        console.log(all.filter((one) => one.status === 'fulfilled').length, all.at(-1).reason?.code, (await m.getHeartbeatStatus('a')).additional_data.n);
        """,
        cwd=(tmp_path / "beats.d").mkdir() or tmp_path,
    )
    assert printed == "100 busy 99"


# What stands for the value, and what becomes of it; ... when it is left out.
ODD = {
    "bigint": ("7n", 7), "huge": ("10n ** 400n", ...), "undefined": ("undefined", ...), "nan": ("NaN", ...), "infinity": ("-Infinity", ...),
    "function": ("() => 1", ...), "symbol": ("Symbol('x')", ...), "date": ("new Date(0)", "1970-01-01T00:00:00.000Z"), "no_date": ("new Date(NaN)", ...),
    "map": ("new Map([['a', 1], [2, 3]])", {"a": 1, "2": 3}), "set": ("new Set([1])", [1]), "typed": ("new Uint8Array([1, 2])", [1, 2]),
    "boxed": ("new Number(5)", 5), "items": ("[1, NaN, () => 1, undefined, 2]", [1, None, None, None, 2]), "getter": ("{ get x() { throw 1 }, y: 2 }", {"y": 2}),
    "proxy": ("new Proxy({}, { ownKeys() { throw new Error('no') } })", ...), "toJSON": ("{ toJSON() { throw new Error('no') } }", ...), "loop": ("loop", {"inner": 1}),
    "surrogate": ("'\\ud800'", str), "proto": ("JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}), "memory": ("process.memoryUsage()", dict),
    "bare": ("Object.assign(Object.create(null), { a: 1 })", {"a": 1}), "word": ("new String('x')", "x"), "buffer": ("Buffer.from('a')", {"type": "Buffer", "data": [97]}),
}  # fmt: skip


def test_an_odd_value_costs_only_itself(place):
    where, entries = place
    spelt = ", ".join(f"{name}: {value}" for name, (value, _) in ODD.items() if name != "loop" and value != "undefined")
    code = f"""
    const loop = {{ inner: 1 }}; loop.self = loop;
    const odd = {{ {spelt}, loop, undefined: undefined }};
    for (const [name, value] of Object.entries(odd)) await m.sendHeartbeat(name, {{ before: 1, odd: value, after: 3, below: {{ odd: value, near: 2 }} }});
    let deep = 1; for (let n = 0; n < 100000; n++) deep = {{ deep }};
    await m.sendHeartbeat('deep', {{ before: 1, deep }});
    await m.sendHeartbeat('large', {{ text: 'é'.repeat(600000) }});
    await m.sendHeartbeat('nearly', {{ text: 'x'.repeat(1048560) }});
    await m.sendHeartbeat('list', [1, 2]);
    """
    assert node(THROWS + code, env={"F": where}) == ""
    found = entries()
    for name, (_, expected) in ODD.items():
        data = found[name]["additional_data"]
        assert (data["before"], data["after"], data["below"]["near"]) == (1, 3, 2), name
        for holder in (data, data["below"]):
            assert type(holder["odd"]) is expected if expected in (dict, str) else holder.get("odd", ...) == expected, name
    # What fits by itself does not fit beside the rest of a push.
    assert found["nearly"]["additional_data"] == ({} if where.endswith(".sock") else {"text": "x" * 1048560})
    assert found["deep"]["additional_data"]["before"] == 1 and found["large"]["additional_data"] == {} and "list" in found


# Each takes seconds, or the memory, where nobody counts what it comes to; the value beside it goes out.
HEAVY = {
    "everybody knows everybody": "const all = Array.from({ length: 9 }, () => ({})); for (const one of all) all.forEach((other, n) => { one[`k${n}`] = other; }); return all",
    "twenty levels of two": "let d = { v: 1 }; for (let n = 0; n < 20; n++) d = { a: d, b: d }; return d",
    "a sparse array": "const a = []; a[3e7] = 1; return a", "a buffer": "return Buffer.alloc(3e7)", "a set": "return new Set(Array(1e6).keys())",
    "a map": "return new Map(Array.from({ length: 1e6 }, (_, n) => [n, n]))", "a million values that are none": "return Array(1e6).fill(() => 1)", "text": "return 'x'.repeat(2e6)",
}  # fmt: skip


def test_a_value_that_comes_to_more_than_fits_costs_only_itself(tmp_path):
    (tmp_path / "beats.d").mkdir()
    made = ", ".join(f"{json.dumps(name)}: () => {{ {code} }}" for name, code in HEAVY.items())
    program = f"""
    const h = require({str(NODE)!r});
    (async () => {{
      for (const [name, heavy] of Object.entries({{ {made} }})) await h.sendHeartbeat(name, {{ before: 1, heavy: heavy(), after: 2 }});
    }})();
    """
    result = run("node", "--max-old-space-size=128", "-e", program, cwd=tmp_path, env={"HEARTBEAT_FILE": "beats.d"})
    assert result.returncode == 0, result
    for name in HEAVY:
        assert json.loads((tmp_path / "beats.d" / f"{name}.json").read_text())["additional_data"] == {"before": 1, "after": 2}, name
        assert f"the beat of {name} goes out without some of its data: heavy" in result.stderr, name
    assert result.stderr.count("heavy: more than 1048576 bytes") >= len(HEAVY) - 2


def test_whatever_is_left_out_is_named(tmp_path):
    (tmp_path / "beats.d").mkdir()
    program = f"""
    const h = require({str(NODE)!r});
    (async () => {{
      await h.sendHeartbeat('kinds', {{ error: new Error('x'), promise: Promise.resolve(), weak: new WeakMap(), map: new Map([[Object.create(null), 1], ['k', 2]]), none: {{}}, bare: Object.create(null) }});
      await h.sendHeartbeat('forgotten', Promise.resolve({{ n: 1 }}));
      await h.sendHeartbeat('many', Object.fromEntries(Array.from({{ length: 25 }}, (_, n) => [`k${{n}}`, () => 1])));
    }})();
    """
    result = run("node", "-e", program, cwd=tmp_path, env={"HEARTBEAT_FILE": "beats.d"})
    assert result.returncode == 0, result
    assert json.loads((tmp_path / "beats.d" / "kinds.json").read_text())["additional_data"] == {"map": {"k": 2}, "none": {}, "bare": {}}
    kinds, forgotten, many = result.stderr.splitlines()
    assert all(part in kinds for part in ("error: a Error cannot", "promise: a Promise cannot", "weak: a WeakMap cannot", "map.?: its key has no text"))
    assert "data: a Promise cannot be written as JSON" in forgotten
    assert many.count("a function cannot be written as JSON") == 10 and many.endswith("; and 15 more")


def test_both_ways_of_importing_give_the_same(tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "heartbeat").symlink_to(NODE)
    names = "HeartbeatError, HeartbeatManager, getHeartbeatStatus, heartbeat, isProcessAlive, sendHeartbeat, startHeartbeat"
    (tmp_path / "p.mjs").write_text(
        f"import {{ {names} }} from 'heartbeat'; import whole from 'heartbeat'; import * as every from 'heartbeat';"
        f"import {{ sendHeartbeat as direct }} from '{NODE}/heartbeat.js';"
        "import { createRequire } from 'node:module'; const required = createRequire(import.meta.url)('heartbeat');"
        "console.log(Object.keys(required).sort().join() === Object.keys(every).filter((n) => n !== 'default').sort().join(),"
        " whole === required, required.sendHeartbeat === sendHeartbeat, direct === sendHeartbeat);"
        "await heartbeat('x').stop(); console.log((await getHeartbeatStatus('x')).status);"
    )
    (tmp_path / "beats.d").mkdir()
    result = run("node", "p.mjs", cwd=tmp_path, env={"HEARTBEAT_FILE": "beats.d"})
    assert result.stdout == "true true true true\nstopped\n", result.stderr


def test_the_two_line_change_of_a_program_that_wrote_the_file_itself(tmp_path):
    """The example of the README: what it replaces and what it puts there, both run."""
    text = (ROOT / "clients" / "node" / "README.md").read_text()
    diff = text.split("```diff\n")[1].split("```")[0]
    before = "".join(line[1:] + "\n" for line in diff.splitlines() if line[:1] in "- ")
    after = "".join(line[1:] + "\n" for line in diff.splitlines() if line[:1] in "+ ")
    assert sum(line.startswith("+") for line in diff.splitlines()) == 2
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "heartbeat").symlink_to(NODE)
    for number, program in enumerate((before, after)):
        (tmp_path / "index.js").write_text(
            "let activeRequests = 0; const port = 5002; const fs = require('fs');\n" + program + "\nsetTimeout(() => process.exit(0), 1500);"
        )
        file = tmp_path / f"file-{number}" if number else tmp_path / "heartbeat_status.json"
        result = run("node", "index.js", cwd=tmp_path, env={"HEARTBEAT_FILE": str(file), "HEARTBEAT_TOOL": str(TOOL)})
        assert (result.returncode, result.stderr) == (0, "")
        entry = json.loads(file.read_text())["processes"]["vue-frontend"]
        data = entry.get("additional_data", entry)
        assert data["port"] == 5002 and data["memory_usage"]["rss"] > 0 and entry["pid"] > 0 and entry["status"] == "alive"


def test_errors_say_what_to_do(tmp_path):
    code = "await new h.HeartbeatManager(%s, { throws: true }).sendHeartbeat(%s);"
    assert "HeartbeatError invalid" in node(code % ("'f'", "''"), cwd=tmp_path)
    missing = node(code % ("'none/file'", "'a'"), cwd=tmp_path)
    assert "HeartbeatError write" in missing and "make the folder" in missing
    (tmp_path / "bad").write_text("{")
    reading = "await new h.HeartbeatManager('%s', { throws: true }).getHeartbeatStatus('a');"
    assert "HeartbeatError corrupt" in node(reading % "bad", cwd=tmp_path)
    run("mkfifo", tmp_path / "pipe")
    assert "HeartbeatError not_a_file" in node(reading % "pipe", cwd=tmp_path)
    (tmp_path / "nan").write_text('{"processes": {"a": {"last_heartbeat": 5, "x": NaN, "y": "NaN \\" Infinity"}}}')
    printed = node("console.log(JSON.stringify(await new h.HeartbeatManager('nan').getHeartbeatStatus('a')));", cwd=tmp_path)
    assert json.loads(printed) == {"last_heartbeat": 5, "x": None, "y": 'NaN " Infinity'}


def test_a_quota_that_is_used_up_is_called_so(tmp_path):
    """As Node gives it: libuv has no name for EDQUOT."""
    code = """
    const fs = require('node:fs/promises');
    const m = new h.HeartbeatManager(args[0], { throws: true });
    await m.sendHeartbeat('mill', { n: 1 });
    fs.rename = () => Promise.reject(Object.assign(new Error("Unknown system error -122: Unknown system error -122, rename 'x' -> 'y'"), { errno: -122, code: 'Unknown system error -122' }));
    await m.sendHeartbeat('mill', { n: 2 });"""
    said = node(code, tmp_path)
    assert "EDQUOT: disk quota exceeded; this user's quota is used up" in said and "Unknown" not in said
    assert json.loads((tmp_path / "mill.json").read_text())["additional_data"] == {"n": 1} and os.listdir(tmp_path) == ["mill.json"]


def test_no_free_descriptor_costs_beats_and_not_the_program(place):
    where, entries = place
    program = f"""
    const fs = require('fs');
    const m = new (require({str(NODE)!r}).HeartbeatManager)(process.env.F);
    console.error(''); // its own descriptors are there
    (async () => {{
      const open = [];
      try {{ for (;;) open.push(fs.openSync('/dev/null')); }} catch {{}}
      for (let n = 0; n < 3; n++) await m.sendHeartbeat('during');
      await new Promise((resolve) => setTimeout(resolve, 100)); // an event of it that comes later
      open.forEach((file) => fs.closeSync(file));
      await m.sendHeartbeat('after');
      console.log('works on');
    }})();
    """
    result = run("prlimit", "--nofile=64", "node", "-e", program, env={"F": where, "HEARTBEAT_TOOL": str(TOOL)})
    assert (result.returncode, result.stdout) == (0, "works on\n"), result.stderr
    assert result.stderr.count("EMFILE") == 1 and "TypeError" not in result.stderr
    assert set(entries()) == {"after"}


# What the beats of a program go to when nothing answers there: the program itself goes on, and its own files can be read.
HANGS = """
const said = new Set();
const make = (timeout) => new h.HeartbeatManager(process.argv[1], { timeout, onError: (error) => said.add(error.code) });
const until = async (isSo) => { while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20)); };
(async () => {
  for (let n = 0; n < 8; n++) for (const m of [make(), make(0.5)]) [m.sendHeartbeat('during'), m.getHeartbeatStatus('during'), m.allHeartbeats()];
  await until(() => said.has('hung'));
  said.clear();
  await make().sendHeartbeat('at once');
  await Promise.all([1, 2, 3, 4, 5].map(() => require('node:fs/promises').readFile('/etc/hosts')));
  console.log('works on', ...said);
  const m = make();
  await until(async () => { await m.sendHeartbeat('after'); return said.has('unreachable') || await m.isProcessAlive('after', 600); });
  console.log('beats again');
})();
"""


@pytest.mark.parametrize("name", ["heartbeat_status.json", "beats", "beats.d", "push.sock", "unix:push.sock"])
def test_a_path_that_hangs_costs_beats_and_not_the_program(tmp_path, name):
    folder = HangingFolder(tmp_path)
    try:
        if name.startswith("beats"):
            (folder.behind / name).mkdir()
        folder.hang()
        scheme, _, last = name.rpartition(":")
        where = f"{scheme}:{folder.folder / last}" if scheme else folder.folder / name
        program = f"const h = require({str(NODE)!r}); {HANGS}"
        command = [*folder.under, "env", f"HEARTBEAT_TOOL={TOOL}", "node", "-e", program, where]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, bufsize=0) as process:
            try:
                assert select.select([process.stdout], [], [], LIMIT)[0], "the program hangs with it"
                assert process.stdout.readline() == b"works on hung\n"
                folder.go_on()
                assert process.stdout.read() == b"beats again\n"
            except BaseException:
                folder.go_on()
                process.kill()
                raise
        assert process.returncode == 0
    finally:
        folder.close()


def test_a_text_without_an_end_in_anothers_file_does_not_stop_the_program(tmp_path):
    """A reader that tries each quote as a beginning takes the square of its length: hours."""
    folder = tmp_path / "beats.d"
    folder.mkdir()
    (folder / "evil.json").write_text('{"last_heartbeat": 1.0, "a": "' + '\\"' * 500_000)
    os.utime(folder / "evil.json", (4e9, 4e9))
    printed = node(
        "const m = new h.HeartbeatManager(process.env.F, { throws: true }); await m.sendHeartbeat('web'); console.log(Object.keys(await m.allHeartbeats()));",
        env={"F": str(folder)}, timeout=30,
    )  # fmt: skip
    assert "web" in printed, printed
