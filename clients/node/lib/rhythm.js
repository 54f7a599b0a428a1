'use strict';
// Beating again and again: from the program's own loop (the better way), or by a timer.

// The status of a program whose timer misses its ticks.
const STALLED = 'stalled';
// Milliseconds between two beats when the status changes each time.
const CHANGES_EVERY = 1000;
// The longest delay of Node's timers in milliseconds.
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * A beat to be called in every round of a program's loop: one in `every` seconds goes out, and every change of status. It
 * neither throws nor has to be waited for.
 */
function heartbeat(manager, name, options) {
  const every = Number(options.every ?? 10) * 1000;
  let last = -Infinity;
  let word;
  let tail = Promise.resolve(); // one after the other, however long a function of the data takes: the last word stays last
  const send = (data, status) => {
    const made = dataOf(data, (error) => failed(manager, options, error));
    tail = tail.then(async () => {
      try {
        await manager.beat(name, await made, { status, interval: options.interval, pid: options.pid, host: options.host });
      } catch (error) {
        failed(manager, options, error);
      }
    });
    return tail;
  };
  const beat = (data, status) => {
    const since = performance.now() - last;
    if (since < every && (status === word || since < CHANGES_EVERY)) return;
    last = performance.now();
    word = status;
    void send(data, status);
  };
  /** The last word, at once: the program ends as it should. */
  beat.stop = (data, status = 'stopped') => send(data, status);
  return beat;
}

/**
 * Beats every `interval` seconds by a timer, the first time at once; returns the function that stops it. A timer beats on
 * while the work waits for ever: with `maxSilence` it stops when nobody called `tick()` of that function for so many
 * seconds, and says `stalled` as the status, until the next tick. Does not keep the program running.
 */
function startHeartbeat(manager, name, options) {
  const interval = Math.min(Math.max(Number(options.interval ?? 30), 0.01) * 1000 || 30_000, LONGEST_DELAY);
  const silence = options.maxSilence === undefined ? Infinity : Number(options.maxSilence) * 1000;
  let ticked = performance.now();
  let isStalled = false;
  let beatAt;
  let current = null;
  const send = async () => {
    const how = { status: options.status, pid: options.pid, host: options.host, interval: interval / 1000 };
    try {
      if (performance.now() - ticked > silence) {
        // The status says so; the time stays that of the last beat.
        if (!isStalled && beatAt) await manager.beat(name, null, { ...how, status: STALLED, at: beatAt });
        isStalled = true;
        return;
      }
      isStalled = false;
      const at = Date.now() / 1000;
      const data = await dataOf(options.data, (error) => failed(manager, options, error));
      await manager.beat(name, data, how);
      beatAt = at;
    } catch (error) {
      failed(manager, options, error);
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
  const stop = async (status) => {
    clearInterval(timer);
    clearInterval(guard);
    await current;
    if (typeof status === 'string') await manager.beat(name, null, { ...options, data: undefined, status }).catch((error) => failed(manager, options, error));
  };
  /** The work goes on. */
  stop.tick = () => {
    ticked = performance.now();
    if (isStalled) beat();
  };
  return stop;
}

/** The data of a beat, or of the function that makes them; without them when that fails: the beat is the message. */
async function dataOf(data, onError) {
  if (typeof data !== 'function') return data;
  try {
    return await data();
  } catch (error) {
    onError(error);
    return null;
  }
}

function failed(manager, options, error) {
  if (!options.onError) return manager.fail(error);
  try {
    const answer = options.onError(error);
    // A handler that is async has its faults in a promise, which would end the program when nobody looks at it.
    if (typeof answer?.then === 'function') answer.then(undefined, (second) => manager.fail(second));
  } catch (second) {
    manager.fail(second); // the handler's own fault ends neither the beats nor the program
  }
}

module.exports = { heartbeat, startHeartbeat };
