'use strict';

const fs = require('node:fs/promises');
const { resolve } = require('node:path');
const { CLOCK_TOLERANCE, beatOf } = require('./beats');
const { HeartbeatError, SaidOnce, say, textOf } = require('./errors');
const { Exporter, addressOf } = require('./exporter');
const { PATIENCE, atPath } = require('./hanging');
const { OneFile } = require('./one-file');
const { OwnFiles } = require('./own-files');
const { startHeartbeat } = require('./rhythm');
const { functionOr, membersNamed, secondsOr } = require('./settings');

// How long sending to an exporter may take in milliseconds.
const PUSH_TIMEOUT = 5000;
// The longest delay of Node's timers in milliseconds.
const LONGEST_DELAY = 2 ** 31 - 1;
// Seconds after which the entry of a process that beats no more is removed from a folder.
const RETENTION = 86400;
// The most beats that wait for those before them.
const MOST_WAITING = 100;

/** Writes and reads the heartbeats in one file or one folder, or sends them to an exporter. */
class HeartbeatManager {
  #last = Promise.resolve();
  #waiting = 0;
  #stores = new Map();
  #given;
  #options;
  #said = new SaidOnce(); // what is worth knowing, though the beat went out
  #failures = new SaidOnce(); // after a success the next one is news

  /**
   * @param {string} [file] the path of a file; or of a folder, in which each process has a file of its own (a path that is a
   *   folder, or ends in "/" or ".d"); or http://host:port, https://host:port or the push socket of an exporter:
   *   unix:/path, or a path that ends in .sock or is a socket already; default: the environment variable HEARTBEAT_URL,
   *   else HEARTBEAT_FILE, else heartbeat_status.json in the working folder
   * @param {{tool?: string, timeout?: number, throws?: boolean, retention?: number, synchronise?: boolean,
   *   onError?: (error: Error) => void}} [options]
   *   tool: the program `heartbeat`; timeout: the most seconds that an exporter (default: 5) or a file system (15) may take; throws: whether errors
   *   reject (default: they are said on standard error, once); retention: of a folder's entries, in seconds, 0 keeps all;
   *   synchronise: whether a beat is on the disk before its promise is kept (fsync); onError: gets errors in place of
   *   standard error
   */
  constructor(file, options = {}) {
    this.#given = file;
    const given = membersNamed(['tool', 'timeout', 'throws', 'retention', 'synchronise', 'onError'], options);
    this.#options = {
      throws: Boolean(given.throws),
      timeout: milliseconds(given.timeout, PUSH_TIMEOUT),
      patience: milliseconds(given.timeout, PATIENCE),
      retention: secondsOr(RETENTION, given.retention, 'retention'),
      synchronise: Boolean(given.synchronise),
      onError: functionOr(given.onError, 'onError'),
    };
    this.tool = (typeof given.tool === 'string' && given.tool) || process.env.HEARTBEAT_TOOL || 'heartbeat';
    if (this.#options.throws) this.#exporter(this.#target()); // a wrong address is known at once
  }

  /** The path or the address. */
  get file() {
    return this.#given ?? (process.env.HEARTBEAT_URL || process.env.HEARTBEAT_FILE || 'heartbeat_status.json');
  }

  /** Says that a process is alive. Beats of one manager are written one after the other, in the order of the calls. */
  sendHeartbeat(name, data, options) {
    return this.#guarded(() => this.beat(name, data, options), undefined, true);
  }

  /** The entry of a process, or null when there is none. */
  getHeartbeatStatus(name) {
    return this.#guarded(async () => (await this.#store()).status(name), null);
  }

  /** Whether a process beat within the last `timeout` seconds. */
  async isProcessAlive(name, timeout = 60) {
    const last = (await this.getHeartbeatStatus(name))?.last_heartbeat;
    if (typeof last !== 'number') return false;
    const age = Date.now() / 1000 - last;
    return age >= -CLOCK_TOLERANCE && age < secondsOr(60, timeout, 'timeout');
  }

  /**
   * Every process's entry by its name; empty when nobody beat yet. Of an exporter also processes that it only expects,
   * without last_heartbeat.
   */
  allHeartbeats() {
    return this.#guarded(async () => (await this.#store()).all(), {});
  }

  /** Beats at an interval by itself: see rhythm.js. */
  startHeartbeat(name, options) {
    return startHeartbeat(this, name, options);
  }

  /** As sendHeartbeat, for who wants errors: rejects with them. `options.at`: Unix time of the beat; default: now. */
  async beat(name, data, options) {
    const beat = beatOf(name, data, options);
    if (beat.leftOut.length > 0) this.#warn(`the beat of ${name} goes out without some of its data: ${beat.leftOut.join('; ')}`);
    const target = this.#target();
    if (this.#waiting >= MOST_WAITING) {
      throw new HeartbeatError(`cannot beat: ${MOST_WAITING} beats wait for ${this.#exporter(target)?.shown ?? target} already`, 'busy');
    }
    this.#waiting++;
    const sent = this.#last.then(async () => (await this.#store(target)).send(beat)).finally(() => this.#waiting--);
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Says what went wrong, once. */
  fail(error) {
    const text = textOf(error);
    if (!this.#options.onError) {
      if (this.#failures.isNew(text)) say(text);
      return;
    }
    const fault = (second) => this.#warn(`onError failed: ${textOf(second)}`);
    try {
      const answer = this.#options.onError(error);
      // A handler that is async has its faults in a promise, which would end the program when nobody looks at it.
      if (typeof answer?.then === 'function') answer.then(undefined, fault);
    } catch (second) {
      fault(second);
    }
  }

  #warn(text) {
    if (this.#said.isNew(text)) say(text);
  }

  async #guarded(action, otherwise, isWrite = false) {
    if (this.#options.throws) return action();
    try {
      const result = await action();
      if (isWrite) this.#failures.forget();
      return result;
    } catch (error) {
      this.fail(error); // whatever it is: a heartbeat must not end what it watches
      return otherwise;
    }
  }

  #target() {
    const target = this.file;
    if (typeof target !== 'string') {
      throw new HeartbeatError(`cannot beat: expected the path of a file or a folder, or an address, not the type ${typeof target}`, 'invalid');
    }
    if (target === '') throw new HeartbeatError('cannot beat: the path of the heartbeat file is empty', 'invalid');
    return target;
  }

  /** What beats are written to or read from. It is asked each time what is there: a folder may come in the place of a file. */
  async #store(target = this.#target()) {
    const { timeout, patience, synchronise } = this.#options;
    const exporter = this.#exporter(target);
    if (exporter) {
      // Connecting to a socket looks its path up at once, and would wait for it with the whole program.
      if (exporter.options.socketPath) await statOf(exporter.options.socketPath, timeout);
      return exporter;
    }
    const kind = await kindOf(target, patience);
    if (kind === 'socket') return this.#kept(`socket:${target}`, () => this.#pushing(`unix:${resolve(target)}`));
    if (kind === 'folder') return this.#kept(`folder:${target}`, () => new OwnFiles(target, (text) => this.#warn(text), this.#options));
    return this.#kept(`file:${target}`, () => new OneFile(target, this.tool, synchronise, patience));
  }

  /** The exporter of an address; null when the name may be a file's. */
  #exporter(target) {
    const address = addressOf(target);
    return address && this.#kept(`address:${target}`, () => this.#pushing(address));
  }

  #pushing(address) {
    return new Exporter(address, this.#options.timeout, (text) => this.#warn(text));
  }

  #kept(key, make) {
    const store = this.#stores.get(key) ?? make();
    if (!this.#stores.has(key)) this.#stores.clear();
    this.#stores.set(key, store);
    return store;
  }
}

/** What is at a path, or will be there: 'folder', 'socket' or 'file'. */
async function kindOf(path, patience) {
  // Before it is made: a file in its place would be in the way of whoever makes it.
  if (/(\/|\.d)$/.test(path)) return 'folder';
  const stat = await statOf(path, patience);
  if (stat?.isDirectory()) return 'folder';
  return stat?.isSocket() || path.endsWith('.sock') ? 'socket' : 'file';
}

/** What stat says of a path; null where nothing is. */
function statOf(path, patience) {
  return atPath(path, patience, () => fs.stat(path).catch(() => null));
}

/** A time limit for Node's timers. */
function milliseconds(seconds, usual) {
  return Math.min(secondsOr(usual / 1000, seconds, 'timeout') * 1000 || usual, LONGEST_DELAY);
}

module.exports = { HeartbeatManager };
