'use strict';
// Beat from Node: say in a shared file that this program is alive and how it is doing.
//
//   const { sendHeartbeat } = require('./heartbeat');
//   await sendHeartbeat('bidder', { offset: 140 });
//
// Node has no flock(2), without which two writers lose each other's beats. So the beats go to the program `heartbeat`,
// which takes the lock and replaces the file in one step. It is looked for in HEARTBEAT_TOOL, then in PATH.

// In place of a file the manager takes the address of an exporter, and then needs no program:
//
//   new HeartbeatManager('http://user:password@host:9464')    new HeartbeatManager('/run/heartbeat/push.sock')

const { spawn } = require('node:child_process');
const dns = require('node:dns');
const { statSync } = require('node:fs');
const fs = require('node:fs/promises');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');

// A beat that is more than this many seconds in the future does not count as alive.
const CLOCK_TOLERANCE = 5;
// Milliseconds before each further look at a file that a careless writer may be filling right now.
const PAUSES = [1, 3, 10, 20, 40];
// How long `heartbeat send` may take in milliseconds: longer than it waits for the lock.
const TOOL_TIMEOUT = 15000;
// How long sending to an exporter may take in milliseconds.
const PUSH_TIMEOUT = 5000;
// Milliseconds for which an address of an exporter's name is tried before the next one is tried beside it (RFC 8305, 5).
const HEAD_START = 250;
// The most characters of an exporter's answer that are read.
const LONGEST_ANSWER = 64 << 20;

/** A heartbeat could not be written or read; the message names the file or the program, the cause and what to do. */
class HeartbeatError extends Error {
  constructor(message, code, options) {
    super(message, options);
    this.name = 'HeartbeatError';
    this.code = code;
    this.status = options?.status;
    this.retryAfter = options?.retryAfter;
  }
}

/** Writes and reads the heartbeats in one file, or sends them to an exporter. */
class HeartbeatManager {
  #last = Promise.resolve();
  #exporter = null;

  /**
   * @param {string} [file] a path, or http://host:port, https://host:port or the push socket of an exporter: unix:/path,
   *   or a path that ends in .sock or is a socket already; default: the environment variable HEARTBEAT_URL, else
   *   HEARTBEAT_FILE, else heartbeat_status.json in the working folder
   * @param {{tool?: string, timeout?: number}} [options] tool: the program `heartbeat`; timeout: the most seconds that
   *   sending to an exporter may take
   */
  constructor(file, options = {}) {
    this.file = file || defaultFile();
    const address = addressOf(this.file);
    if (address) this.#exporter = new Exporter(address, options.timeout ? options.timeout * 1000 : PUSH_TIMEOUT);
    this.tool = options.tool || process.env.HEARTBEAT_TOOL || 'heartbeat';
  }

  /** Says that a process is alive. Beats of one manager are written one after the other, in the order of the calls. */
  sendHeartbeat(name, data, options = {}) {
    let args;
    let text = null;
    try {
      if (typeof name !== 'string' || name === '') {
        throw new HeartbeatError('cannot beat: the process name must be a string that is not empty', 'invalid');
      }
      if (data !== undefined && data !== null) {
        if (typeof data !== 'object' || Array.isArray(data)) {
          throw new HeartbeatError('cannot beat: data must be an object', 'invalid');
        }
        text = JSON.stringify(data);
      }
      if (this.#exporter) {
        const body = { status: options.status ?? 'alive' };
        const pid = options.pid ?? process.pid;
        if (pid) body.pid = pid;
        if (options.host !== undefined) body.host = options.host;
        if (text !== null) body.additional_data = data;
        const json = JSON.stringify(body);
        const exporter = this.#exporter;
        const push = this.#last.then(() => exporter.send(name, json));
        this.#last = push.catch(() => {});
        return push;
      }
      args = ['send', '--file', this.file, '--pid', String(options.pid ?? process.pid)];
      if (options.status !== undefined) args.push('--status', String(options.status));
      if (text !== null) args.push('--json', '-');
      args.push('--', name);
    } catch (error) {
      return Promise.reject(error);
    }
    const beat = this.#last.then(() => run(this.tool, args, text ?? ''));
    this.#last = beat.catch(() => {});
    return beat;
  }

  /** The entry of a process, or null when there is none. */
  async getHeartbeatStatus(name) {
    if (this.#exporter) return this.#exporter.status(name);
    const processes = await this.allHeartbeats();
    const entry = Object.hasOwn(processes, name) ? processes[name] : null;
    return entry !== null && typeof entry === 'object' && !Array.isArray(entry) ? entry : null;
  }

  /** Whether a process beat within the last `timeout` seconds. */
  async isProcessAlive(name, timeout = 60) {
    const last = (await this.getHeartbeatStatus(name))?.last_heartbeat;
    if (typeof last !== 'number') return false;
    const age = Date.now() / 1000 - last;
    return age >= -CLOCK_TOLERANCE && age < timeout;
  }

  /**
   * Every process's entry by its name; empty when there is no file yet. Of an exporter also processes that it only
   * expects, without last_heartbeat.
   */
  async allHeartbeats() {
    if (this.#exporter) return this.#exporter.all();
    for (let look = 0; ; look++) {
      let text;
      try {
        text = await fs.readFile(this.file, 'utf8');
      } catch (error) {
        if (error.code === 'ENOENT') return {};
        throw new HeartbeatError(`cannot read ${this.file}: ${error.message}`, 'read', { cause: error });
      }
      let problem = 'it is empty';
      if (text !== '') {
        try {
          const root = JSON.parse(text.replace(/^\uFEFF/, ''));
          const processes = isObject(root) ? root.processes ?? {} : null;
          if (isObject(processes)) return processes;
          problem = 'it has no object "processes"';
        } catch (error) {
          problem = error.message;
        }
      }
      if (look === PAUSES.length) {
        if (text === '') return {};
        throw new HeartbeatError(`${this.file} is not a heartbeat file: ${problem}`, 'corrupt');
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSES[look]));
    }
  }

  /**
   * Beats every `interval` seconds, the first time at once. Does not keep the program running.
   *
   * @returns {() => Promise<void>} stops; its promise is kept when a beat under way is done
   */
  startHeartbeat(name, options = {}) {
    const interval = Math.max(Number(options.interval ?? 30), 0.01) * 1000;
    const onError = options.onError || ((error) => console.error(`heartbeat: ${error.message}`));
    let current = null;
    const beat = () => {
      if (current) return; // the last one still waits for the lock
      current = (async () => {
        try {
          const data = typeof options.data === 'function' ? await options.data() : options.data;
          await this.sendHeartbeat(name, data, { status: options.status, pid: options.pid });
        } catch (error) {
          onError(error);
        } finally {
          current = null;
        }
      })();
    };
    const timer = setInterval(beat, interval);
    timer.unref();
    beat();
    return async () => {
      clearInterval(timer);
      await current;
    };
  }
}

/** The entry that the file would have, of a process as an exporter describes it. */
function entryOf(process) {
  const entry = {};
  for (const key of ['last_heartbeat', 'pid', 'status', 'host']) {
    if (process[key] !== null && process[key] !== undefined) entry[key] = process[key];
  }
  if (process.data !== null && process.data !== undefined) entry.additional_data = process.data;
  return entry;
}

/** The URL of the exporter that is named in place of a file; null for a file. */
function addressOf(file) {
  const [, scheme, rest] = /^([a-z]+):(.*)$/is.exec(file) ?? [];
  if (scheme && ['http', 'https', 'unix'].includes(scheme.toLowerCase())) return `${scheme.toLowerCase()}:${rest}`;
  if (scheme && rest.startsWith('//')) {
    const message = `${scheme}://...: expected http://host:port, https://host:port, unix:/path or the path of a file`;
    throw new HeartbeatError(message, 'invalid');
  }
  // By its name before the exporter has made it: a file in its place would be in the exporter's way.
  return file.endsWith('.sock') || isSocket(file) ? `unix:${path.resolve(file)}` : null;
}

function isSocket(file) {
  try {
    return statSync(file).isSocket();
  } catch {
    return false;
  }
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function run(tool, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    const timer = setTimeout(() => child.kill(), TOOL_TIMEOUT);
    let stderr = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      if (stderr.length < 4096) stderr += text;
    });
    child.stdin.on('error', () => {}); // it ended without reading: its exit status says why
    child.on('error', (error) => {
      clearTimeout(timer);
      const advice =
        error.code === 'ENOENT' || error.code === 'EACCES'
          ? 'install it, put it in PATH, or name it in HEARTBEAT_TOOL'
          : error.message;
      reject(new HeartbeatError(`cannot run the program ${tool}: ${advice}`, 'tool', { cause: error }));
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) return resolve();
      const cause = stderr.trim() || (signal ? `it was ended by ${signal}` : `its exit status is ${status}`);
      reject(new HeartbeatError(`the beat was not written: ${cause}`, 'write'));
    });
    child.stdin.end(input);
  });
}

/** An exporter that takes heartbeats, with one connection that is kept open. */
class Exporter {
  constructor(url, timeout) {
    this.timeout = timeout;
    this.options = { headers: { 'Content-Type': 'application/json', 'User-Agent': 'heartbeat-node' } };
    this.base = '';
    this.transport = http;
    if (url.startsWith('unix:')) {
      this.shown = url;
      this.options.socketPath = url.slice(5);
      if (!this.options.socketPath.startsWith('/')) {
        throw new HeartbeatError(`${url}: expected unix:/path/of/push.sock`, 'invalid');
      }
    } else {
      let parts;
      try {
        parts = new URL(url);
      } catch {
        throw new HeartbeatError('cannot beat: the URL is wrong; expected http://host:port', 'invalid');
      }
      this.shown = `${parts.protocol}//${parts.host}`; // without the password: this is what errors say
      if (parts.search || parts.hash) throw new HeartbeatError(`${this.shown}: expected http://host:port`, 'invalid');
      this.base = parts.pathname.replace(/\/+$/, '');
      this.options.hostname = parts.hostname.replace(/^\[|\]$/g, '');
      if (parts.port) this.options.port = parts.port;
      if (parts.username) {
        this.options.auth = `${decodeURIComponent(parts.username)}:${decodeURIComponent(parts.password)}`;
      }
      if (parts.protocol === 'https:') this.transport = https; // the certificate and its name are checked
    }
    this.options.agent = agent(this.transport, timeout);
  }

  async send(name, body) {
    const answer = await this.exchange('POST', this.path(name), body);
    if (answer.status !== 204) throw this.refusal('cannot beat', answer);
  }

  /** The entry of one process, or null. */
  async status(name) {
    const answer = await this.exchange('GET', this.path(name));
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw this.refusal('cannot read heartbeats', answer);
    return entryOf(this.decoded(answer.text));
  }

  /** Every process's entry by its name. */
  async all() {
    const answer = await this.exchange('GET', `${this.base}/api/v1/heartbeats`);
    if (answer.status !== 200) throw this.refusal('cannot read heartbeats', answer);
    return Object.fromEntries(this.decoded(answer.text).heartbeats.map((process) => [process.name, entryOf(process)]));
  }

  decoded(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new HeartbeatError(`${this.shown} did not answer with JSON: is it an exporter?`, 'refused', { cause: error });
    }
  }

  path(name) {
    try {
      return `${this.base}/api/v1/heartbeats/${encodeURIComponent(name)}`;
    } catch {
      throw new HeartbeatError('cannot beat: the process name is not Unicode', 'invalid');
    }
  }

  async exchange(method, path, body) {
    try {
      return await this.ask(method, path, body, false);
    } catch (error) {
      const task = method === 'POST' ? 'cannot beat' : 'cannot read heartbeats';
      const message = `${task}: ${this.shown}: ${error.message}; is the exporter running, and does it take pushes there?`;
      throw new HeartbeatError(message, 'unreachable', { cause: error });
    }
  }

  refusal(task, answer) {
    let reason = answer.text.slice(0, 200).trim();
    try {
      reason = JSON.parse(answer.text).error.message;
    } catch {
      // some other server's page
    }
    const code = [429, 503, 507].includes(answer.status) ? 'unavailable' : 'refused';
    const retryAfter = answer.retryAfter === undefined ? undefined : Number(answer.retryAfter);
    const options = { status: answer.status, retryAfter };
    return new HeartbeatError(`${task}: ${this.shown} answered ${answer.status}: ${reason}`, code, options);
  }

  /** The answer. A kept connection that the exporter has closed meanwhile is opened anew, once. */
  ask(method, path, body, isSecond) {
    return new Promise((resolve, reject) => {
      const request = this.transport.request({ ...this.options, method, path });
      const late = () => {
        const error = new Error(`it did not answer within ${this.timeout / 1000} s`);
        request.destroy(error);
        fail(error); // a request that has no connection yet says nothing of its end
      };
      const timer = setTimeout(late, this.timeout);
      const fail = (error) => {
        clearTimeout(timer);
        if (error.code === 'ECONNRESET' && request.reusedSocket && !isSecond) {
          this.ask(method, path, body, true).then(resolve, reject);
        } else {
          reject(error);
        }
      };
      request.on('error', fail);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
          if (text.length > LONGEST_ANSWER) request.destroy(new Error('it answered with too much'));
        });
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode, text, retryAfter: response.headers['retry-after'] });
        });
      });
      request.end(body);
    });
  }
}

/** Opens connections to whichever address of a name answers: not every release of Node tries more than the first. */
function agent(transport, patience) {
  const made = new transport.Agent({ keepAlive: true, maxSockets: 1 });
  const open = made.createConnection.bind(made);
  made.createConnection = (options, done) => {
    if (options.socketPath) return open(options, done);
    connect(options.host, options.port, patience, (error, socket) => {
      if (error) return done(error);
      done(null, transport === https ? open({ ...options, socket }) : socket);
    });
  };
  return made;
}

/**
 * Connects to the first address of a name that takes the connection. An address that refuses is followed by the next at
 * once, one that is silent is joined by the next after a moment. Gives up after `patience` milliseconds.
 */
function connect(host, port, patience, done) {
  dns.lookup(host, { all: true, verbatim: true }, (error, addresses) => {
    if (error) return done(error);
    const waiting = alternating(addresses);
    const trying = new Set();
    const failures = [];
    let pause = null;
    const finish = (error, socket) => {
      clearTimeout(pause);
      clearTimeout(limit);
      trying.delete(socket);
      for (const other of trying) other.destroy();
      trying.clear();
      done(error, socket);
    };
    const next = () => {
      clearTimeout(pause);
      if (waiting.length === 0) {
        if (trying.size === 0) finish(allFailed(failures));
        return;
      }
      const socket = net.connect({ host: waiting.shift().address, port });
      const failed = (error) => {
        if (!trying.delete(socket)) return; // another one was taken
        failures.push(error);
        next();
      };
      trying.add(socket);
      socket.on('error', failed);
      socket.once('connect', () => {
        if (!trying.has(socket)) return;
        socket.off('error', failed);
        socket.setNoDelay(true);
        finish(null, socket);
      });
      pause = setTimeout(next, HEAD_START);
    };
    const limit = setTimeout(() => finish(new Error('no address of it answered in time')), patience);
    next();
  });
}

/** The addresses in the resolver's order, but of each kind in turn: one kind may have no way out of this host. */
function alternating(addresses) {
  const first = addresses.filter((address) => address.family === addresses[0].family);
  const second = addresses.filter((address) => address.family !== addresses[0].family);
  return first.flatMap((address, place) => [address, ...second.slice(place, place + 1)]).concat(second.slice(first.length));
}

/** One error that says what came of each address. */
function allFailed(failures) {
  if (failures.length === 1) return failures[0];
  return Object.assign(new Error(failures.map((error) => error.message).join(', ')), { code: failures[0]?.code });
}

function defaultFile() {
  return process.env.HEARTBEAT_URL || process.env.HEARTBEAT_FILE || 'heartbeat_status.json';
}

const managers = new Map();
function manager() {
  const file = defaultFile();
  if (!managers.has(file)) managers.set(file, new HeartbeatManager(file));
  return managers.get(file);
}

module.exports = {
  HeartbeatError,
  HeartbeatManager,
  sendHeartbeat: (name, data, options) => manager().sendHeartbeat(name, data, options),
  getHeartbeatStatus: (name) => manager().getHeartbeatStatus(name),
  isProcessAlive: (name, timeout) => manager().isProcessAlive(name, timeout),
  startHeartbeat: (name, options) => manager().startHeartbeat(name, options),
};
