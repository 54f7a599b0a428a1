'use strict';
// Jobs: work that ends, and says when it began and how it ended; what its entry says of its runs behind that: the object `job`.

const { membersNamed } = require('./settings');
const { parse } = require('./text');
const { isObject } = require('./values');

// The entry of a job is kept so many seconds longer than others: there may be a year between two runs.
const KEPT_LONGER = 366 * 86400;

/**
 * Does a job's work and says when it began and how it ended: what it gives is given on, what it throws is thrown on, and is a failure.
 * The work gets the run: what it puts into `run.data` is told at the end, beside what was told before.
 */
async function job(manager, name, work) {
  const began = performance.now();
  const run = { data: {} };
  await tell(manager, name, { word: 'start' });
  let value;
  try {
    value = await work(run);
  } catch (error) {
    await tell(manager, name, { word: 'fail', exitCode: 1, duration: (performance.now() - began) / 1000 }, dataOf(run));
    throw error;
  }
  await tell(manager, name, { word: 'success', exitCode: 0, duration: (performance.now() - began) / 1000 }, dataOf(run));
  return value;
}

/** What the work has put there, which may be a getter that throws. */
const dataOf = (run) => membersNamed(['data'], run).data;

function tell(manager, name, event, data) {
  const status = { start: 'running', success: 'succeeded', fail: 'failed' }[event.word];
  return manager.sendHeartbeat(name, isEmpty(data) ? null : data, { status, pid: event.word === 'start' ? undefined : 0, at: Date.now() / 1000, job: event });
}

function isEmpty(data) {
  try {
    return isObject(data) && Object.keys(data).length === 0;
  } catch {
    return true; // whatever it is, the run's end is told
  }
}

/** The object behind an event at a Unix time; keys that nobody knows stay. `text`: that before it. */
function jobBehind(event, now, text) {
  const found = read(text);
  const [started, ended] = [time(found.started), time(found.ended)];
  if (event.word === 'start') return { ...found, started: now };
  const job = { ...found };
  if (started > now) job.started = now - event.duration; // the clock was set back
  job.ended = now;
  job.exit_code = event.exitCode;
  job.duration_seconds = event.duration ?? (started > (ended ?? 0) ? now - started : undefined);
  if (event.exitCode === 0) job.last_success = now;
  job.runs = Math.min(count(found.runs) + 1, Number.MAX_SAFE_INTEGER);
  job.failures = Math.min(count(found.failures) + (event.exitCode === 0 ? 0 : 1), Number.MAX_SAFE_INTEGER);
  return job;
}

function read(text) {
  try {
    const value = parse(Buffer.from(text ?? '{}', 'latin1').toString());
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const time = (value) => (typeof value === 'number' && value > 0 ? value : undefined);
const count = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : 0);

module.exports = { KEPT_LONGER, job, jobBehind };
