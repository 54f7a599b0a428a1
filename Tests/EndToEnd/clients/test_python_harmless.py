"""The Python client does its host no harm: forks, threads, signals, the end of the program, data that are odd."""

import json
import os
import random
import sys

import pytest

from support.clients import python

COMMON = """
import json, os, signal, sys, threading, time
from heartbeat_manager import *
def entries(file=os.environ["HEARTBEAT_FILE"]):
    try: return json.load(open(file))["processes"]
    except (OSError, ValueError): return {}
def until(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline: print("never:", condition, flush=True); os._exit(1)
        time.sleep(0.01)
"""


@pytest.fixture(params=["one file", "a folder", "an exporter"])
def place(request, tmp_path):
    """Where beats go, and a function that reads the entries there."""
    if request.param == "a folder":
        folder = tmp_path / "beats.d"
        folder.mkdir()
        yield str(folder), lambda: {p.name[:-5]: json.loads(p.read_text()) for p in folder.glob("*.json")}
    else:
        file = tmp_path / "heartbeat_status.json"
        where = file
        if request.param == "an exporter":
            exporter = request.getfixturevalue("exporter")
            where = tmp_path / "push.sock"
            exporter(f"--push.socket={where}")
        yield str(where), lambda: json.loads(file.read_text())["processes"] if file.exists() else {}


def harmless(code, env):
    result = python(COMMON + code, env=env)
    assert result.returncode == 0, result
    return result


def test_forked_children_beat_and_the_parent_goes_on(place):
    where, entries = place
    code = """
sender = HeartbeatSender("master", interval=0.002).start()
for n in range(30):
    pid = os.fork()
    if pid == 0:
        HeartbeatManager(raises=True).send_heartbeat("worker-%d" % n)
        heartbeat_manager.send_heartbeat("shared")
        sender.stop("stopped")  # not this process's to stop
        os._exit(0)
    deadline = time.monotonic() + 240
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, 9); print("hangs"); sys.exit(1)
        time.sleep(0.001)
last = HeartbeatManager(raises=True)
mine = lambda: last.get_process_status("master")["last_heartbeat"]
before = mine()
until(lambda: mine() > before)
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == ""
    found = entries()
    assert {f"worker-{n}" for n in range(30)} < set(found) and "shared" in found
    assert found["master"]["status"] == "alive"


def test_a_child_takes_the_beats_over_when_it_ticks_or_when_its_parent_becomes_a_daemon(tmp_path):
    file = tmp_path / "f.json"
    code = """
sender = HeartbeatSender("d", interval=0.01).start()
until(lambda: "d" in entries())
pid = os.fork()
if pid == 0:
    time.sleep(0.5)
    assert entries()["d"]["pid"] == os.getppid()  # the parent lives: its beats are its own
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
pid = os.fork()
if pid == 0:
    sender.tick()
    until(lambda: entries()["d"]["pid"] == os.getpid())
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        until(lambda: entries()["d"]["pid"] == os.getpid())
        os.write(write, b"goes on")
        os._exit(0)
    os._exit(0)
if os.fork() == 0:
    sender.stop()
    os.close(write)
    print(os.read(read, 10).decode(), flush=True)  # the daemon's word, after this program has ended
    os._exit(0)
os._exit(0)
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(file)}).stdout == "goes on\n"


def test_a_child_that_becomes_no_daemon_has_no_thread_of_its_parents_sender(tmp_path):
    """With a second thread it could not have a namespace of its own: unshare and setns refuse."""
    code = """
import multiprocessing, subprocess
read, write = os.pipe()
def tell(): os.write(write, b"%d " % len(os.listdir("/proc/self/task")))
def ticks(sender):
    tell()
    sender.tick()
    until(lambda: entries()["master"]["pid"] == os.getpid())
with HeartbeatSender("master", interval=0.01) as sender:
    until(lambda: "master" in entries())
    subprocess.run(["true"], preexec_fn=tell, check=True)
    child = multiprocessing.get_context("fork").Process(target=ticks, args=(sender,))
    child.start(); child.join()
    assert child.exitcode == 0
    pid = os.fork()
    if pid == 0:
        sender.stop()
        until(lambda: len(os.listdir("/proc/self/task")) == 1)
        tell()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
print(os.read(read, 100).decode())
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")}).stdout == "1 1 1 \n"


def test_no_beat_imports_a_module(place):
    """A child that is forked while another thread imports waits for ever where it needs the same module."""
    where, _ = place
    code = """
managers = [HeartbeatManager(), HeartbeatManager("http://localhost:1"), HeartbeatManager("https://localhost:1")]
before = set(sys.modules)
for manager in managers:
    manager.send_heartbeat("main", {"n": 1, "word": "\\u00e9", "none": object()})
    manager.get_all_processes_status()
    manager.prune()
print(sorted(set(sys.modules) - before))
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == "[]\n"


def test_multiprocessing_and_a_pool_do_not_hang(tmp_path):
    code = """
import multiprocessing
def work(n):
    heartbeat_manager.send_heartbeat("pool", {"n": n})
    return n
if __name__ == "__main__":
    with HeartbeatSender("master", interval=0.005):
        with multiprocessing.get_context("fork").Pool(4) as pool:
            assert pool.map(work, range(200)) == list(range(200))
    assert "pool" in entries() and "master" in entries()
    print("done")
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")}).stdout == "done\n"


def test_a_signal_handler_may_beat_in_the_middle_of_a_beat(place):
    where, entries = place
    code = """
manager = HeartbeatManager(raises=True, timeout=60)
rounds = [0]
def handler(*_):
    rounds[0] += 1
    manager.send_heartbeat("handler", {"rounds": rounds[0]})
signal.signal(signal.SIGALRM, handler)
for n in range(100):
    signal.setitimer(signal.ITIMER_REAL, 0.0001 * (n % 10 + 1))
    manager.send_heartbeat("main", {"n": n})
time.sleep(0.01)
last = rounds[0]
manager.send_heartbeat("main", {"n": 0})
assert manager.get_process_status("handler")["rounds"] == last, (last, manager.get_process_status("handler"))
"""
    harmless(code, {"HEARTBEAT_FILE": where})
    assert entries()["main"]["additional_data"] == {"n": 0}


def test_a_signal_handler_may_raise_at_any_moment_of_a_beat(place):
    where, entries = place
    code = """
import random
seed = int(os.environ["HEARTBEAT_SEED"]); random.seed(seed)
managers = [HeartbeatManager(raises=True, timeout=60, lock_timeout=60) for _ in range(2)]
is_exporter = os.environ["HEARTBEAT_FILE"].endswith(".sock")
class Stop(Exception): pass
def ends(*_):
    random.choice(managers).send_heartbeat("main", status="stopped")
    raise Stop
signal.signal(signal.SIGALRM, ends)
signal.signal(signal.SIGVTALRM, ends)
def send():
    managers[0].send_heartbeat("main")
begun = time.monotonic()
for _ in range(20): send()
duration = (time.monotonic() - begun) / 20
before = len(os.listdir("/proc/self/fd"))
for n in range(60 if is_exporter else 300):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 3 * duration))
            if n % 3 == 0: signal.setitimer(signal.ITIMER_VIRTUAL, random.uniform(0.00002, duration))
            while True: send()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Stop: pass
    # The last word, not the beat that it came into; at an exporter the request that was given up may arrive behind it.
    status = managers[1].get_process_status("main")["status"]
    assert status == "stopped" or is_exporter, (status, n, seed)
managers[0].send_heartbeat("main", status="stopped")
import gc; gc.collect()
where = os.environ["HEARTBEAT_FILE"]
left = [name for name in os.listdir(where if os.path.isdir(where) else os.path.dirname(where)) if "tmp-" in name]
assert left == [], (left, seed)
if not is_exporter:
    after = len(os.listdir("/proc/self/fd"))  # of the exporter's connections some are kept
    assert after == before, (before, after, seed)
"""
    harmless(code, {"HEARTBEAT_FILE": where, "HEARTBEAT_SEED": str(random.randrange(1 << 32))})
    assert entries()["main"]["status"] == "stopped"


def test_what_a_signal_handler_raises_is_the_programs_own(place):
    where, _ = place
    code = """
import functools
class Late(Exception): pass
def late(wanted, *_): raise Late("late")
manager = HeartbeatManager()
for handler in (functools.partial(late, 1), lambda *_: late(1)):
    signal.signal(signal.SIGALRM, handler)
    for n in range(20):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            while True: manager.send_heartbeat("main", {"n": n})
        except Late: continue
        finally: signal.setitimer(signal.ITIMER_REAL, 0)
print("each")
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == "each\n"


def test_what_a_handler_raises_that_works_once_is_the_programs_own(place):
    """When it is looked for among the handlers, another one stands in its place."""
    where, _ = place
    code = """
import functools
class Late(Exception): pass
def once(number, frame): signal.signal(number, signal.SIG_IGN); raise Late("late")
def last(number, frame): signal.signal(number, signal.SIG_IGN); raise OSError("late")
manager = HeartbeatManager()
for handler in (once, functools.partial(lambda _, number, frame: once(number, frame), 1), lambda *both: once(*both), last):
    for n in range(20):
        signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            while signal.getsignal(signal.SIGALRM) is handler: manager.send_heartbeat("main", {"n": n})
            print("lost", n, handler)
        except (Late, OSError): pass
"""
    result = harmless(code, {"HEARTBEAT_FILE": where})
    assert result.stdout == result.stderr == ""


@pytest.mark.parametrize("beats", ["HeartbeatManager(lock_timeout=600).send_heartbeat", "Heartbeat('b', manager=HeartbeatManager(lock_timeout=600))"])
@pytest.mark.parametrize("kind", ["JobTimeout", "TimeoutError", "SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_what_is_set_into_a_thread_from_outside_ends_its_work(kind, beats, tmp_path):
    """As libraries do it that give work a time: the error has no frame but those in which the thread was."""
    code = f"""
import ctypes, fcntl
class JobTimeout(Exception): pass
beat = {beats}
with open(os.environ["HEARTBEAT_FILE"] + ".lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    said = []
    def work():
        try: beat("b") if "send" in str(beat) else beat({{}})
        except BaseException as error: said.append(type(error).__name__)
        else: said.append("lost")
    thread = threading.Thread(target=work)
    thread.start()
    def waits():
        frame, names = sys._current_frames().get(thread.ident), []
        while frame is not None: names.append(frame.f_code.co_filename.rpartition("/")[2]); frame = frame.f_back
        return "_lock.py" in names
    until(waits)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object({kind})) == 1
    thread.join(60)
    print(*said, flush=True)
    os._exit(0)
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")}).stdout == f"{kind}\n"


@pytest.mark.parametrize("kind", ["Own", "OSError", "RuntimeError"])
def test_what_stands_in_the_way_of_a_beat_and_raises_by_itself_is_only_said(kind, place):
    """A patch of the system's calls, as test libraries and green threads bring it, is no handler."""
    where, _ = place
    code = f"""
class Own(Exception): pass
def broken(*_, **__): raise {kind}("not today")
os.stat = os.fstat = os.open = broken
import socket; socket.socket.connect = broken
send_heartbeat("a"); Heartbeat("b")(lambda: broken())
"""
    assert "not today" in harmless(code, {"HEARTBEAT_FILE": where}).stderr


def test_what_a_signal_handler_raises_is_lost_at_the_entry_of_no_function(place):
    """Python drops what is raised in the `close` of an object that nobody has any more."""
    where, _ = place
    code = """
import inspect
class Late(Exception): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
manager = HeartbeatManager()
def interrupted(at):
    left, place = at, None
    def look(frame, *_):
        nonlocal left, place
        if frame.f_code.co_flags & inspect.CO_GENERATOR: return  # that one ends is told as an entry, but no handler runs there
        left -= 1
        if left == 0:
            place = frame.f_code.co_name, frame.f_back.f_code.co_name
            late()
    manager.send_heartbeat("main")  # so that the next one finds a connection
    sys.settrace(look)
    try: manager.send_heartbeat("main", {"n": at})
    except Late: return True
    finally: sys.settrace(None)
    if left <= 0: print("lost in", *place)
    return left <= 0
at = 1
while interrupted(at): at += 1
assert at > 50, at
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == ""


def test_threads_lose_nobodys_beat(place):
    where, entries = place
    code = """
manager = HeartbeatManager(raises=True, timeout=60, lock_timeout=60)
def work(name):
    for n in range(1, 41): manager.send_heartbeat(name, {"n": n})
threads = [threading.Thread(target=work, args=("t%d" % k,)) for k in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
"""
    harmless(code, {"HEARTBEAT_FILE": where})
    assert {name: e["additional_data"]["n"] for name, e in entries().items()} == {f"t{k}": 40 for k in range(8)}


@pytest.mark.parametrize("end", ["pass", "sys.exit(0)", "raise SystemExit(0)", "threading.Thread(target=lambda: time.sleep(0.2)).start()"])
def test_the_program_ends_when_it_wants_to(end, place):
    where, entries = place
    code = f"""
HeartbeatSender("s", interval=0.001).start()
HeartbeatSender("t", interval=3600).start()
time.sleep(0.2)
{end}
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stderr == ""
    assert set(entries()) == {"s", "t"}


def test_asyncio(place):
    where, entries = place
    code = """
import asyncio
def seen(name):
    where = os.environ["HEARTBEAT_FILE"]
    if os.path.isdir(where): return os.path.exists(f"{where}/{name}.json")
    return name in entries(where.replace("push.sock", "heartbeat_status.json"))
async def main():
    beat = AsyncHeartbeat("reader", every=3600)
    for n in range(100):
        await beat({"n": n})
    async with AsyncHeartbeat("turning", every=0.01, on_error=print):
        while not seen("turning"): await asyncio.sleep(0.01)
    await beat.stop({"n": 7})
    # The loop turns while a beat waits for its file.
    import fcntl
    file = os.environ["HEARTBEAT_FILE"]
    if file.endswith(".json"):
        with open(file + ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = asyncio.ensure_future(AsyncHeartbeat("waits", manager=HeartbeatManager(lock_timeout=60))())
            await asyncio.sleep(0.2)
            assert not waiting.done()
            fcntl.flock(lock, fcntl.LOCK_UN)
        await waiting
        assert "waits" in entries()
asyncio.run(main())
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == ""
    found = entries()
    assert (found["reader"]["status"], found["reader"]["additional_data"]) == ("stopped", {"n": 7})
    assert found["turning"]["status"] == "alive"


BUSY = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
free = threading.Event()
def threads(count, busy=0):
    pool = ThreadPoolExecutor(count)
    asyncio.get_running_loop().set_default_executor(pool)
    for _ in range(busy): asyncio.get_running_loop().run_in_executor(None, free.wait)
    return pool
async def turns(count=20):
    for _ in range(count): await asyncio.sleep(0)
"""


def test_a_beat_that_was_begun_is_written_though_nobody_waits_for_it_any_more(place):
    where, entries = place
    code = BUSY + """
patient = HeartbeatManager(lock_timeout=240, timeout=240)
async def leave(*work):
    async with AsyncHeartbeat("left-%d" % len(work), manager=patient):
        for one in work: await one
async def main():
    with threads(1, busy=1):  # each beat waits for a thread
        left = [asyncio.ensure_future(leave(*work)) for work in ([], [asyncio.sleep(0)])]
        waiting = asyncio.ensure_future(AsyncHeartbeat("cancelled", manager=patient)({"n": 1}))
        await turns()
        waiting.cancel()
        await turns()
        free.set()
        await asyncio.wait(left + [waiting])
    assert waiting.cancelled() and not any(task.exception() for task in left)
asyncio.run(main())
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stderr == ""
    assert {name: entry["status"] for name, entry in entries().items()} == dict.fromkeys(["left-0", "left-1", "cancelled"], "alive")
    assert entries()["cancelled"]["additional_data"] == {"n": 1}


@pytest.mark.parametrize("patience", [240, 0.01])
def test_an_older_beat_is_never_written_over_the_last_word(tmp_path, patience):
    """The older one hangs in its function of the data. A patient last word comes behind it, another one overtakes it."""
    code = f"patience = {patience}" + BUSY + """
begun = threading.Event()
def data():
    begun.set(); free.wait(); return {"n": 1}
async def main():
    with threads(2):
        beat = AsyncHeartbeat("order", manager=HeartbeatManager(lock_timeout=patience, timeout=patience))
        older = asyncio.ensure_future(beat(data))
        while not begun.is_set(): await asyncio.sleep(0.01)
        older.cancel()
        last = asyncio.ensure_future(beat.stop())
        await asyncio.wait([last], timeout=0.5 if patience > 1 else 240)
        free.set()
        await last
asyncio.run(main())
"""
    file = tmp_path / "heartbeat_status.json"
    assert harmless(code, {"HEARTBEAT_FILE": str(file)}).stderr == ""
    entry = json.loads(file.read_text())["processes"]["order"]
    assert entry["status"] == "stopped"
    assert entry["additional_data"] == ({"n": 1} if patience > 1 else {})


def test_who_leaves_a_block_waits_no_longer_than_a_beat_may_take(tmp_path):
    code = BUSY + """
async def main():
    with threads(1, busy=1):
        async with AsyncHeartbeat("left", manager=HeartbeatManager(lock_timeout=0.01, timeout=0.01)): pass
        assert not entries()
        free.set()
    assert "left" in entries()
asyncio.run(main())
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "heartbeat_status.json")}).stderr == ""


@pytest.mark.parametrize("kind", ["RuntimeError", "SystemExit", "GeneratorExit"])
def test_a_handler_or_a_function_of_the_data_that_raises_ends_nothing(place, kind):
    where, entries = place
    code = f"kind = {kind}" + """
def raises(*_):
    called.append(1); raise kind("a fault of its own")
called = []
with HeartbeatSender("s", interval=0.005, data=raises, on_error=raises):
    until(lambda: len(called) > 20)
kind = RuntimeError  # in the main thread the others are the program's own
beat = Heartbeat("loop", every=0, on_error=raises)
beat(raises)
"""
    harmless(code, {"HEARTBEAT_FILE": where})
    assert set(entries()) == {"s", "loop"}


def test_what_nobody_awaits_is_said_and_leaves_no_warning(tmp_path):
    code = """
import warnings; warnings.simplefilter("error", RuntimeWarning)
said = []
async def handler(error): raise SystemError("never called")
async def data(): return {"n": 1}
manager = HeartbeatManager(os.environ["HEARTBEAT_FILE"] + "/none", warn=said.append)
Heartbeat("loop", every=0, manager=manager, on_error=handler)()
assert any("none" in line for line in said) and any("on_error is a coroutine function" in line for line in said), said
errors = []
beat = Heartbeat("loop", every=0, on_error=errors.append)
beat(data)
assert [type(error) for error in errors] == [TypeError] and "data is a coroutine function" in str(errors[0]), errors
assert entries()["loop"]["additional_data"] == {}
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "heartbeat_status.json")}).stderr == ""


def test_a_number_of_no_dimension_is_a_number(tmp_path):
    code = """
class Tensor:  # as torch has it: its size is a method, and it has no length
    def __init__(self, value): self.value = value
    def size(self): return ()
    def __len__(self): raise TypeError("len() of a 0-d tensor")
    def tolist(self): return self.value
    item = tolist
HeartbeatManager(raises=True).send_heartbeat("train", {"loss": Tensor(0.25)})
assert entries()["train"]["additional_data"] == {"loss": 0.25}, entries()
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "heartbeat_status.json")}).stderr == ""


# What of the program's own is called in the middle of a beat, and ends what calls it.
ENDS = {
    "warn": "manager = HeartbeatManager(warn=ends); data = {'n': object()}",
    "an item": "manager = HeartbeatManager(); data = {'n': type('Number', (), {'item': ends})(), 'tolist': type('List', (), {'tolist': ends})()}",
    "items": "manager = HeartbeatManager(); data = {'n': type('Items', (dict,), {'items': ends})(a=1)}",
    "a key": "manager = HeartbeatManager(); data = {type('Key', (), {'__str__': ends})(): 1}",
    "the data themselves": "manager = HeartbeatManager(); data = type('Items', (dict,), {'items': ends})(a=1)",
}


@pytest.mark.parametrize("ends", ENDS)
def test_what_ends_a_thread_ends_neither_the_beats_nor_what_waits_for_them(ends, place):
    where, entries = place
    code = f"""
import asyncio
called = []
def ends(*_): called.append(1); sys.exit("a fault of its own")
{ENDS[ends]}
manager._said.is_new = lambda _: True  # each time, not once an hour
""" + """
with HeartbeatSender("sender", interval=0.005, data=data, manager=manager):
    until(lambda: len(called) > 5)
async def main():
    beat = AsyncHeartbeat("turns", every=0, manager=manager)
    for _ in range(3): await beat(data)
asyncio.run(main())
try: manager.send_heartbeat("main", data)
except SystemExit: print("the program's own")  # as ever in the main thread
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == "the program's own\n"
    assert {"sender", "turns"} <= set(entries())


ODD_SETTINGS = """
import asyncio, collections.abc
class Sullen:
    __hash__ = None
    def __repr__(self): raise RuntimeError
    __eq__ = __bool__ = __str__ = __float__ = __fspath__ = __repr__
class SullenMapping(collections.abc.Mapping):
    def __iter__(self): raise RuntimeError
    __getitem__ = __len__ = keys = items = __iter__
ODD = [3, "30", None, [], {}, object(), Sullen(), SullenMapping(), float("nan"), -1, True, 10 ** 400, b"x", len]
"""


def test_nothing_of_the_wrong_kind_is_raised_into_the_program(place):
    where, entries = place
    code = ODD_SETTINGS + """
place = os.environ["HEARTBEAT_FILE"]
async def turns(odd):
    beat = AsyncHeartbeat(odd, every=odd, interval=odd, manager=odd, on_error=odd)
    await beat(odd, odd); await beat.stop(odd, odd)
    async with AsyncHeartbeat("turns", every=odd, interval=odd, manager=odd, on_error=odd): await asyncio.sleep(0)
for number, odd in enumerate(ODD):
    nowhere = HeartbeatManager(odd) if type(odd) not in (type(None), str, bytes) else heartbeat_manager
    large = 1 << 30 if type(odd) is int else odd  # a number is right, and 3 would be a very small one
    here = HeartbeatManager(place, raises=False, lock_timeout=large, retention=large, synchronise=False, maximum_size=large, warn=odd, timeout=large)
    for manager in (nowhere, here):
        manager.send_heartbeat(odd, odd, odd, pid=odd, host=odd, interval=odd)
        manager.send_heartbeat("manager-%d" % number, odd, odd, pid=odd, host=odd, interval=odd)
        manager.tell_job(odd, odd, odd)
        for question in (manager.get_process_status, manager.get_time_since_last_heartbeat, manager.is_process_alive, manager.format_duration,
                         lambda odd: type(odd) is not int and manager.cleanup_old_processes(odd), lambda odd: type(odd) is not int and manager.prune(odd), lambda odd: manager.is_process_alive("manager-0", odd)): question(odd)
    send_heartbeat(odd, odd, odd); get_heartbeat_status(odd); is_process_alive(odd, odd)
    for beat in (Heartbeat(odd), Heartbeat("loop-%d" % number, every=odd, interval=odd, manager=odd, on_error=odd)):
        beat(odd, odd); beat.stop(odd, odd)
    for name in (odd, "sender-%d" % number):
        with HeartbeatSender(name, odd, odd, odd, odd, odd, max_silence=odd) as sender: sender.tick(); sender.stop("last" if odd is None else odd)
    with job("job-%d" % number, odd) as run: run.data = odd
    asyncio.run(turns(odd))
print(len(ODD))
"""
    result = harmless(code, {"HEARTBEAT_FILE": where})
    count = int(result.stdout)
    wanted = {f"{kind}-{n}" for kind in ("manager", "loop", "sender", "job") for n in range(count)} | {"turns"}
    assert wanted <= set(entries())
    assert "every: expected seconds, not '30'; the usual one is taken" in result.stderr
    assert "AttributeError" not in result.stderr and "Traceback" not in result.stderr


def test_who_asks_for_errors_gets_one_at_once(tmp_path):
    """Each of these would else be found at some later beat, or never."""
    code = ODD_SETTINGS + """
manager = HeartbeatManager(raises=True)
def refused(make, *words):
    try: make()
    except HeartbeatError as error: assert all(word in str(error) for word in words), error
    else: print("not refused:", words)
refused(lambda: HeartbeatManager(3, raises=True), "heartbeat_file", "not 3")
for setting in ("lock_timeout", "retention", "maximum_size", "warn", "timeout"):
    refused(lambda: HeartbeatManager(raises=True, **{setting: "30"}), setting, "not '30'")
for setting in ("every", "interval", "on_error"):
    for kind in (Heartbeat, AsyncHeartbeat):
        refused(lambda: kind("a", manager=manager, **{setting: "30"}), setting, "not '30'")
for setting in ("interval", "max_silence"):
    refused(lambda: HeartbeatSender("a", manager=manager, **{setting: "30"}), setting, "not '30'")
refused(lambda: Heartbeat(3, manager=manager), "process name")
refused(lambda: manager.is_process_alive("a", "60"), "timeout_seconds", "'60'")
refused(lambda: manager.get_process_status(3), "process name")
refused(lambda: manager.prune("x"), "older_than")
refused(lambda: manager.beat("a", at="x"), "at")
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")}).stdout == ""


def test_odd_arguments_of_questions_are_said_and_raise_nothing(tmp_path):
    code = """
send_heartbeat("a")
answers = [is_process_alive("a", "60"), is_process_alive("a", None)]
heartbeat_manager.cleanup_old_processes(None)
heartbeat_manager.cleanup_old_processes("0")
print(answers, list(entries()))
"""
    result = harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")})
    assert result.stdout == "[True, True] ['a']\n"
    assert "timeout_seconds: expected seconds, not '60'" in result.stderr
    assert "max_age_hours: expected a number that is not negative, not '0'; nothing is removed" in result.stderr


def test_data_that_raise_when_they_are_read_cost_only_themselves(place):
    where, entries = place
    code = ODD_SETTINGS + """
for name, data in (("keys", SullenMapping()), ("pairs", type("Pairs", (dict,), {"items": lambda self: [1, 2]})(a=1)), ("object", Sullen())):
    HeartbeatManager(raises=True).send_heartbeat(name, data, "busy")
    HeartbeatManager(raises=True).send_heartbeat(name, {"inner": data, "n": 1}, "busy")
"""
    result = harmless(code, {"HEARTBEAT_FILE": where})
    assert {name: (entry["status"], entry["additional_data"]) for name, entry in entries().items()} == dict.fromkeys(("keys", "pairs", "object"), ("busy", {"n": 1}))
    assert "the beat of keys goes out without some of its data: data: RuntimeError while they were read" in result.stderr


# What stands for the value, spelt in Python, and what becomes of it; ... when it is left out.
ODD = {
    "numpy_float": ("numpy.float32(1.5)", 1.5), "numpy_int": ("numpy.int64(7)", 7), "numpy_bool": ("numpy.bool_(True)", True),
    "numpy_array": ("numpy.array([1, 2])", [1, 2]), "numpy_nan": ("numpy.float64('nan')", ...),
    "numpy_one": ("numpy.array([5])", [5]), "numpy_scalar": ("numpy.array(5)", 5), "numpy_none": ("numpy.array([])", []), "numpy_deep": ("numpy.array([[5]])", [[5]]),
    "numpy_masked": ("numpy.ma.masked", ...), "numpy_masked_number": ("numpy.ma.array(1.5, mask=True)", ...), "numpy_partly_masked": ("numpy.ma.array([1.5, 2.5], mask=[True, False])", [None, 2.5]),
    "decimal": ("decimal.Decimal('19.99')", 19.99), "infinite_decimal": ("decimal.Decimal('Infinity')", ...), "fraction": ("fractions.Fraction(1, 4)", 0.25),
    "datetime": ("datetime.datetime(2024, 2, 29)", "2024-02-29T00:00:00"), "timedelta": ("datetime.timedelta(minutes=1)", 60.0),
    "set": ("{3}", [3]), "tuple": ("(1, None)", [1, None]), "path": ("pathlib.Path('/x')", "/x"), "enum": ("Colour.red", 1), "word": ("Word.busy", "busy"),
    "nan": ("float('nan')", ...), "infinity": ("-float('inf')", ...), "bytes": ("b'x'", ...), "object": ("object()", ...), "kind": ("int", ...),
    "huge": ("10 ** 5000", ...), "loop": ("loop", {"inner": 1}), "deep": ("deep", ...), "raises": ("Sullen()", ...), "surrogate": ("'\\ud800'", "\ud800"),
    "items": ("[1, float('nan'), 2]", [1, None, 2]), "mapping": ("collections.OrderedDict(a=1)", {"a": 1}), "keys": ("{1: 2, None: 3, 2: 4, Key.offset: 5, Rank.first: 6, Colour.red: 7, 2.5: 8}", {"1": 2, "null": 3, "2": 4, "offset": 5, "7": 6, "Colour.red": 7, "2.5": 8}),
    "odd_keys": ("{True: 1, False: 2, float('inf'): 3, float('nan'): 4, 10 ** 30: 5}", {"true": 1, "false": 2, "Infinity": 3, "NaN": 4, "1" + "0" * 30: 5}),
    "numpy_keys": ("{numpy.float64(1.5): 1, numpy.str_('a'): 2}", {"1.5": 1, "a": 2}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["one file", "a folder"])
def test_an_odd_value_costs_only_itself_and_is_named(kind, tmp_path):
    where = tmp_path / ("f.json" if kind == "one file" else "beats.d")
    if kind == "a folder":
        where.mkdir()
    code = """
import collections, datetime, decimal, enum, fractions, pathlib, sys
import numpy
class Colour(enum.Enum): red = 1
class Word(str, enum.Enum): busy = "busy"
class Key(str, enum.Enum): offset = "offset"
class Rank(enum.IntEnum): first = 7
class Sullen:
    def __repr__(self): raise RuntimeError
    __str__ = __float__ = item = tolist = __iter__ = __getattr__ = __repr__
loop = {"inner": 1}; loop["self"] = loop
deep = []
for _ in range(100000): deep = [deep]
manager = HeartbeatManager(raises=True)
odd = {%s}
for name, value in odd.items():
    manager.send_heartbeat(name, {"before": 1, "odd": value, "after": 3, "below": {"odd": value, "near": 2}})
""" % ", ".join(f"{name!r}: {spelt}" for name, (spelt, _) in ODD.items())
    result = python(COMMON + code, env={"HEARTBEAT_FILE": str(where)}, interpreter=(sys.executable,))
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    for name, (_, expected) in ODD.items():
        text = (where / f"{name}.json" if kind == "a folder" else where).read_text()
        found = json.loads(text, parse_constant=pytest.fail)
        found = (found if kind == "a folder" else found["processes"][name])["additional_data"]
        assert (found["before"], found["after"], found["below"]["near"]) == (1, 3, 2), name
        if name == "deep":  # its first levels are there
            continue
        assert found.get("odd", ...) == expected and found["below"].get("odd", ...) == expected, name
        if expected is ...:
            assert [line for line in lines if f"the beat of {name} goes out without" in line and "odd: " in line], name


@pytest.mark.parametrize("closed", ["(2,)", "(1, 2)", "(0, 1, 2)"])
def test_what_a_daemon_prints_that_has_closed_its_streams_goes_into_no_file_or_connection_of_a_beat(closed, place):
    """The lowest free number is that of the next file: a sentence would be written into a lock, an entry or a request."""
    where, entries = place
    code = f"""
out = os.dup(1)
def numbers(): return [n for n in {closed} if os.path.exists("/proc/self/fd/%d" % n)]
used = []
def look(frame, event, _):
    if event == "return" and frame.f_code.co_name in ("open_at", "connect", "_connect"): used.extend(numbers())
for n in {closed}: os.close(n)
sys.setprofile(look)
manager = HeartbeatManager()
for n in range(3): manager.send_heartbeat("a", {{"n": n, "odd": object()}})
sys.setprofile(None)
os.write(out, repr(used).encode())
"""
    assert harmless(code, {"HEARTBEAT_FILE": where}).stdout == "[]"
    assert entries()["a"]["additional_data"] == {"n": 2}
    if where.endswith(".json"):
        with open(where + ".lock") as lock:
            assert lock.read() == ""


@pytest.mark.parametrize("moment", ["__init__", "start"])
def test_a_sender_that_gets_no_thread_says_so_once_and_raises_nothing(moment, tmp_path):
    """An isolated sub-interpreter refuses it when it is made, a limit of the system when it is started."""
    code = f"""
def refused(*_, **__): raise RuntimeError("no thread can be had")
threading.Thread.{moment} = refused
sender = HeartbeatSender("s").start()
sender.start(); sender.tick(); sender.stop("stopped")
print(entries()["s"]["status"])
"""
    result = harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")})
    assert result.stdout == "stopped\n" and result.stderr == "heartbeat: RuntimeError: no thread can be had\n"


@pytest.mark.parametrize("interval", ["float('nan')", "-1", "0", "None", "'x'", "float('inf')", "10 ** 400"])
def test_an_interval_that_is_none_is_the_usual_one(interval, tmp_path):
    code = f"""
sender = HeartbeatSender("s", interval={interval}, max_silence={interval}).start()
until(lambda: "s" in entries())
print(sender.interval, sender.max_silence)
"""
    assert harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")}).stdout == "30.0 None\n"


def test_data_that_are_too_large_cost_the_data_and_not_the_beat(place):
    where, entries = place
    result = harmless("HeartbeatManager(raises=True).send_heartbeat('a', {'text': 'é' * 600_000})", {"HEARTBEAT_FILE": where})
    assert "more than 1048576" in result.stderr and entries()["a"]["additional_data"] == {}
    code = "HeartbeatManager(raises=True, timeout=60).send_heartbeat('b', {'text': 'x' * 1_000_000}); HeartbeatManager(raises=True, timeout=60).send_heartbeat('c', {'text': 'é' * 500_000})"
    harmless(code, {"HEARTBEAT_FILE": where})
    assert len(entries()["b"]["additional_data"]["text"]) == 1_000_000 and len(entries()["c"]["additional_data"]["text"]) == 500_000
    # What fits by itself does not fit beside the rest of a push.
    result = harmless("HeartbeatManager(raises=True, timeout=60).send_heartbeat('d', {'text': 'x' * 1_048_560})", {"HEARTBEAT_FILE": where})
    assert entries()["d"]["additional_data"] == ({} if where.endswith(".sock") else {"text": "x" * 1_048_560})
    assert ("the beat of d goes out without its data" in result.stderr) == where.endswith(".sock")


# Each takes seconds, or the memory, where nobody counts what it comes to; the value beside it goes out.
HEAVY = {
    "everybody knows everybody": "heavy = [{} for _ in range(9)]; [one.update({str(n): other for n, other in enumerate(heavy)}) for one in heavy]",
    "twenty levels of two": "heavy = {'v': 1}; exec('for _ in range(20): heavy = {1: heavy, 2: heavy}')",
    "a million values that are none": "heavy = [object()] * 1_000_000",
    "many that raise": "heavy = [Sullen()] * 100_000",
    "a large array": "heavy = type('Array', (), {'size': 10 ** 12, 'tolist': lambda self: [1 / 0] if print('asked') else [1] * 10 ** 8})()",
    "one that makes another one": "from unittest import mock; heavy = mock.Mock()",
    "a mapping without an end": "heavy = type('Endless', (dict,), {'items': lambda self: ((str(n), n) for n in itertools.count())})(a=1)",
}


def test_a_value_that_comes_to_more_than_fits_costs_only_itself(tmp_path):
    code = ODD_SETTINGS + "import itertools\n" + "".join(
        f"{made}\nheartbeat_manager.send_heartbeat({name!r}, {{'before': 1, 'heavy': heavy, 'after': 2}})\n" for name, made in HEAVY.items())
    result = harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")})
    found = json.loads((tmp_path / "f.json").read_text())["processes"]
    for name in HEAVY:
        assert found[name]["additional_data"] == {"before": 1, "after": 2} and f"the beat of {name} goes out without some of its data: heavy" in result.stderr, name
    assert result.stderr.count("heavy: more than 1048576 bytes") >= 3 and "asked" not in result.stdout


def test_of_many_values_that_are_left_out_the_number_is_said(tmp_path):
    code = "heartbeat_manager.send_heartbeat('a', {'k%d' % n: object() for n in range(25)})"
    result = harmless(code, {"HEARTBEAT_FILE": str(tmp_path / "f.json")})
    assert result.stderr.count("cannot be written as JSON") == 10 and result.stderr.endswith("; and 15 more\n")


def test_a_process_id_that_is_none_is_left_out(place):
    where, entries = place
    code = """
m = HeartbeatManager(raises=True)
for n, pid in enumerate([0, -1, True, 4194305, "7", None, 1.0, 77]):
    m.send_heartbeat("own-%d" % n, pid=pid)
    m.send_heartbeat("data-%d" % n, {"pid": pid})
print(os.getpid())
"""
    me = int(harmless(code, {"HEARTBEAT_FILE": where}).stdout)
    found = entries()
    if where.endswith(".sock"):  # an exporter writes none that is neither this process's nor an ancestor's
        assert found["own-5"]["pid"] == found["data-1"]["pid"] == me
        assert all("pid" not in found[f"own-{n}"] for n in range(5))
        return
    expected_own = [None, None, None, None, None, me, None, 77]
    expected_data = [me, me, me, me, me, me, me, 77]
    assert [found[f"own-{n}"].get("pid") for n in range(8)] == expected_own
    assert [found[f"data-{n}"].get("pid") for n in range(8)] == expected_data
