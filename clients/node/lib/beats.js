'use strict';
// One beat, and the entry that it becomes.

const { HeartbeatError } = require('./errors');
const { jobBehind } = require('./jobs');
const { membersNamed } = require('./settings');
const { members: membersIn, objectText, spell } = require('./text');
const { LONGEST_DATA, Spelling, pidOf, secondsOf, wordOf } = require('./values');

// A beat that is more than this many seconds in the future does not count as alive.
const CLOCK_TOLERANCE = 5;
// The longest process name, in bytes of UTF-8.
const LONGEST_NAME = 1024;
// The longest interval that a beat can declare, in seconds: 366 days.
const LONGEST_INTERVAL = 366 * 86400;
// A beat that waits for this many seconds before it is sent says when it was made.
const LONGEST_WAIT = 1;
// The members of an entry that a beat writes; every other one stays as it is.
const KNOWN = ['last_heartbeat', 'last_heartbeat_formatted', 'pid', 'status', 'host', 'interval', 'additional_data'];

/**
 * A beat of what a program hands over: name, data, status, pid, host, interval, at, and when it was made (`called`). Only a name that is none, and data that
 * are no object, are errors; what else is odd is left out, and named in `leftOut`.
 */
function beatOf(name, data, given) {
  // A text in the place of the options is the status.
  const options = membersNamed(['status', 'pid', 'host', 'interval', 'at', 'called', 'job'], typeof given === 'string' ? { status: given } : given);
  if (typeof name !== 'string' || name === '') {
    throw new HeartbeatError('cannot beat: the process name must be a string that is not empty', 'invalid');
  }
  if (Buffer.byteLength(name) > LONGEST_NAME) {
    throw new HeartbeatError(`cannot beat: the process name has more than ${LONGEST_NAME} bytes`, 'invalid');
  }
  const spelling = new Spelling();
  let own = spelling.ofData(data);
  let status = wordOf(options.status);
  if (options.status !== undefined && options.status !== null && status === undefined) {
    spelling.leaveOut('status', `a ${typeof options.status} is no word`);
  }
  let pid = pidOf(options.pid);
  if (options.pid !== undefined && options.pid !== null && options.pid !== 0 && pid === undefined) {
    spelling.leaveOut('pid', 'it is no process id');
  }
  if (own) {
    // `status` and `pid` among the data are meant as the entry's own; what is neither a word nor a pid stays there.
    const word = wordOf(own.status);
    if (word !== undefined) {
      status ??= word;
      delete own.status;
    }
    const number = pidOf(own.pid);
    if (number !== undefined) {
      if (options.pid === undefined || options.pid === null) pid = number;
      delete own.pid;
    }
    const size = Buffer.byteLength(JSON.stringify(own));
    if (size > LONGEST_DATA) {
      spelling.leaveOut('data', `${size} bytes are more than ${LONGEST_DATA}`);
      own = {};
    }
  }
  if (pid === undefined && (options.pid === undefined || options.pid === null)) pid = process.pid;
  const interval = secondsOf(options.interval);
  return {
    name,
    data: own,
    status: status ?? 'alive',
    pid,
    host: typeof options.host === 'string' && options.host !== '' ? options.host : undefined,
    interval: interval > 0 && interval <= LONGEST_INTERVAL ? interval : undefined,
    at: Number.isFinite(options.at) ? options.at : undefined,
    called: Number.isFinite(options.called) ? options.called : Date.now() / 1000,
    job: options.job,
    leftOut: spelling.leftOut,
  };
}

/**
 * The time that a beat must say to whoever takes it: what it was given, or when it was made if that is a while ago. Else undefined: it is
 * that of its arrival, by the clock of who takes it. `isSure`: whether it will arrive as soon as it is sent.
 */
function timeOf(beat, isSure = true) {
  return beat.at ?? (isSure && Date.now() / 1000 - beat.called < LONGEST_WAIT ? undefined : beat.called);
}

/**
 * The members of the new entry, each with its JSON text: known ones first, then the old entry's others. One of those whose
 * key the new data have too goes: its newer value is in additional_data, and one key must not have two values.
 */
function membersOf(beat, old) {
  const now = beat.at ?? beat.called;
  const members = new Map([
    ['last_heartbeat', spell(now)],
    ['last_heartbeat_formatted', spell(formatted(now))],
  ]);
  for (const key of ['pid', 'status', 'host', 'interval']) {
    if (beat[key] !== undefined) members.set(key, spell(beat[key]));
  }
  if (beat.job) members.set('job', spell(jobBehind(beat.job, now, old.get('job'))));
  const data = beat.data ? textOfData(beat, old.get('additional_data')) : old.get('additional_data') ?? (old.size === 0 ? '{}' : undefined);
  if (data !== undefined) members.set('additional_data', data);
  for (const [key, text] of old) {
    // What it says of a job's runs stays until a run begins or ends.
    const stays = key === 'job' ? !beat.job : !KNOWN.includes(key) && !(beat.data && Object.hasOwn(beat.data, key));
    if (stays) members.set(key, text);
  }
  return members;
}

/**
 * A beat's data as text; of a job together with those that it reported before, so that a failure does not take these away. Text by text:
 * a number that JavaScript cannot hold stays as it was.
 */
function textOfData(beat, before) {
  const text = spell(beat.data);
  if (!beat.job || !before?.trimStart().startsWith('{')) return text;
  return objectText(new Map([...membersIn(before), ...membersIn(text)]));
}

/** A time for people, of this host's time zone. */
function formatted(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

module.exports = { CLOCK_TOLERANCE, beatOf, membersOf, timeOf };
