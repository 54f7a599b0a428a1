'use strict';

const { statSync } = require('node:fs');
const { CLOCK_TOLERANCE, beatOf } = require('./beats');
const { HeartbeatError, SaidOnce, say, textOf } = require('./errors');
const { Exporter, addressOf } = require('./exporter');
const { OneFile } = require('./one-file');
const { OwnFiles } = require('./own-files');
const { startHeartbeat } = require('./rhythm');
const { functionOr, membersNamed, secondsOr } = require('./settings');

// How long sending to an exporter may take in seconds.
const PUSH_TIMEOUT = 5;
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
   *   tool: the program `heartbeat`; timeout: the most seconds that sending to an exporter may take; throws: whether errors
   *   reject (default: they are said on standard error, once); retention: of a folder's entries, in seconds, 0 keeps all;
   *   synchronise: whether a beat is on the disk before its promise is kept (fsync); onError: gets errors in place of
   *   standard error
   */
  constructor(file, options = {}) {
    this.#given = file;
    const given = membersNamed(['tool', 'timeout', 'throws', 'retention', 'synchronise', 'onError'], options);
    this.#options = {
      throws: Boolean(given.throws),
      timeout: secondsOr(PUSH_TIMEOUT, given.timeout, 'timeout') || PUSH_TIMEOUT,
      retention: secondsOr(RETENTION, given.retention, 'retention'),
      synchronise: Boolean(given.synchronise),
      onError: functionOr(given.onError, 'onError'),
    };
    this.tool = (typeof given.tool === 'string' && given.tool) || process.env.HEARTBEAT_TOOL || 'heartbeat';
    if (this.#options.throws) this.#store(); // a wrong address is known at once
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
    return this.#guarded(() => this.#store().status(name), null);
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
    return this.#guarded(() => this.#store().all(), {});
  }

  /** Beats at an interval by itself: see rhythm.js. */
  startHeartbeat(name, options) {
    return startHeartbeat(this, name, options);
  }

  /** As sendHeartbeat, for who wants errors: rejects with them. `options.at`: Unix time of the beat; default: now. */
  async beat(name, data, options) {
    const beat = beatOf(name, data, options);
    if (beat.leftOut.length > 0) this.#warn(`the beat of ${name} goes out without some of its data: ${beat.leftOut.join('; ')}`);
    if (this.#waiting >= MOST_WAITING) {
      throw new HeartbeatError(`cannot beat: ${MOST_WAITING} beats wait for ${this.#store().shown ?? this.file} already`, 'busy');
    }
    const store = this.#store();
    this.#waiting++;
    const sent = this.#last.then(() => store.send(beat)).finally(() => this.#waiting--);
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

  #store() {
    const target = this.file;
    if (typeof target !== 'string') {
      throw new HeartbeatError(`cannot beat: expected the path of a file or a folder, or an address, not the type ${typeof target}`, 'invalid');
    }
    if (target === '') throw new HeartbeatError('cannot beat: the path of the heartbeat file is empty', 'invalid');
    const kind = isFolder(target) ? 'folder' : 'file';
    const key = `${kind}:${target}`;
    let store = this.#stores.get(key);
    if (!store) {
      const { timeout, synchronise } = this.#options;
      if (kind === 'folder') {
        store = new OwnFiles(target, (text) => this.#warn(text), this.#options);
      } else {
        const address = addressOf(target);
        store = address ? new Exporter(address, Math.min(timeout * 1000, LONGEST_DELAY), (text) => this.#warn(text)) : new OneFile(target, this.tool, synchronise);
      }
      this.#stores.clear();
      this.#stores.set(key, store);
    }
    return store;
  }
}

function isFolder(file) {
  if (/^(https?|unix):/i.test(file)) return false;
  if (/(\/|\.d)$/.test(file)) return true; // before it is made: a file in its place would be in the way of whoever makes it
  try {
    return statSync(file).isDirectory();
  } catch {
    return false;
  }
}

module.exports = { HeartbeatManager };
