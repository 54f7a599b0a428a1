'use strict';
// Beating again and again: from the program's own loop (the better way), or by a timer.

const { HeartbeatError } = require('./errors');
const { functionOr, membersNamed, secondsOr } = require('./settings');

// The status of a program whose timer misses its ticks.
const STALLED = 'stalled';
// A change of the status goes out at once; of many this many in a second.
const MOST_CHANGES = 10;
// Milliseconds for which a beat waits for its data; then it goes out without them.
const DATA_TIMEOUT = 5000;
// The longest delay of Node's timers in milliseconds.
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * A beat to be called in every round of a program's loop: one in `every` seconds goes out, and every change of status. It
 * neither throws nor has to be waited for.
 */
function heartbeat(manager, name, options) {
  const { every, interval, pid, host, onError } = membersNamed(['every', 'interval', 'pid', 'host', 'onError'], options);
  const pause = secondsOr(10, every, 'every') * 1000;
  const fail = failing(manager, onError);
  let last = -Infinity;
  let word;
  let changes = []; // when the last ones were
  let waiting = null; // the beat behind the one that is under way: of those that wait only the last counts
  let sending = null;
  const drain = async () => {
    while (waiting) {
      const { made, ...how } = waiting;
      waiting = null;
      try {
        await manager.beat(name, await made, { ...how, interval, pid, host });
      } catch (error) {
        fail(error);
      }
    }
    sending = null;
  };
  const send = (data, status) => {
    const called = Date.now() / 1000;
    const former = waiting?.made;
    const own = dataOf(name, data, fail);
    // Without data of its own it takes those of the beat that it replaces: they were not told yet.
    waiting = { status, called, made: former === undefined ? own : Promise.all([own, former]).then(([fresh, old]) => fresh ?? old) };
    sending ??= drain();
    return sending;
  };
  const beat = (data, status) => {
    const now = performance.now();
    if (now - last < pause) {
      if (status === word || (changes.length === MOST_CHANGES && now - changes[0] < 1000)) return;
      changes = [...changes.slice(1 - MOST_CHANGES), now];
    }
    last = now;
    word = status;
    void send(data, status);
  };
  /** The last word, at once: the program ends as it should. */
  beat.stop = (data, status = 'stopped') => kept(send(data, status));
  return beat;
}

/**
 * Beats every `interval` seconds by a timer, the first time at once; returns the function that stops it. A timer beats on
 * while the work waits for ever: with `maxSilence` it stops when nobody called `tick()` of that function for so many
 * seconds, and says `stalled` as the status, until the next tick. Does not keep the program running.
 */
function startHeartbeat(manager, name, options) {
  const { status, pid, host, data, onError, ...given } = membersNamed(['status', 'pid', 'host', 'data', 'onError', 'interval', 'maxSilence'], options);
  const interval = Math.min(Math.max(secondsOr(30, given.interval, 'interval') || 30, 0.01) * 1000, LONGEST_DELAY);
  const silence = (secondsOr(Infinity, given.maxSilence, 'maxSilence') || Infinity) * 1000; // none is no time to beat in
  const how = { status, pid, host, interval: interval / 1000 };
  const fail = failing(manager, onError);
  let ticked = performance.now();
  let isStalled = false;
  let beatAt;
  let current = null;
  let isEnded = false;
  const send = async () => {
    try {
      if (performance.now() - ticked > silence) {
        // The status says so; the time stays that of the last beat.
        if (!isStalled && beatAt) await manager.beat(name, null, { ...how, status: STALLED, at: beatAt });
        isStalled = true;
        return;
      }
      isStalled = false;
      const called = Date.now() / 1000;
      await manager.beat(name, await dataOf(name, data, fail), { ...how, called });
      beatAt = called;
    } catch (error) {
      fail(error);
    }
  };
  const beat = () => {
    current ??= send().finally(() => { current = null; }); // or the last one is still under way
  };
  const timer = setInterval(beat, interval);
  timer.unref();
  const guard = silence === Infinity ? null : setInterval(() => performance.now() - ticked > silence && !isStalled && beat(), Math.min(interval, 1000));
  guard?.unref();
  beat();
  const stop = async (last) => {
    isEnded = true; // a tick that comes later must not be written over the last word
    clearInterval(timer);
    clearInterval(guard);
    await kept(current);
    if (typeof last === 'string') await manager.beat(name, null, { ...how, status: last }).catch(fail);
  };
  /** The work goes on. */
  stop.tick = () => {
    ticked = performance.now();
    if (isStalled && !isEnded) beat();
  };
  return stop;
}

/** The data of a beat, or of the function or the promise that makes them; without them when that fails or never answers: the beat is the message. */
async function dataOf(name, data, fail) {
  let timer;
  try {
    if (typeof data !== 'function' && typeof data?.then !== 'function') return data;
    const late = new Promise((_, reject) => {
      const error = new HeartbeatError(`the beats of ${String(name)} go out without their data: these took more than ${DATA_TIMEOUT / 1000} s`, 'invalid');
      timer = setTimeout(reject, DATA_TIMEOUT, error);
      timer.unref();
    });
    late.catch(() => {}); // where nobody waits for it any more
    return await Promise.race([typeof data === 'function' ? data() : data, late]);
  } catch (error) {
    fail(error);
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise, and keeps the program running meanwhile: whoever waits for a last word wants it written. */
async function kept(promise) {
  const alive = setInterval(() => {}, LONGEST_DELAY);
  try {
    return await promise;
  } finally {
    clearInterval(alive);
  }
}

/** What is done with a mishap. It never throws. */
function failing(manager, onError) {
  const handler = functionOr(onError, 'onError');
  if (!handler) return (error) => manager.fail(error);
  return (error) => {
    try {
      const answer = handler(error);
      // A handler that is async has its faults in a promise, which would end the program when nobody looks at it.
      if (typeof answer?.then === 'function') answer.then(undefined, (second) => manager.fail(second));
    } catch (second) {
      manager.fail(second); // the handler's own fault ends neither the beats nor the program
    }
  };
}

module.exports = { heartbeat, startHeartbeat };
