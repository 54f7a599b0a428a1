'use strict';
// An exporter that takes heartbeats: beats by HTTP, over one connection that is kept open; a job's end over one of its own.

const dns = require('node:dns');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { timeOf } = require('./beats');
const { HeartbeatError } = require('./errors');

// Milliseconds for which an address of an exporter's name is tried before the next one is tried beside it (RFC 8305, 5).
const HEAD_START = 250;
// The most characters of an exporter's answer that are read.
const LONGEST_ANSWER = 64 << 20;
// What a kept connection says that the exporter has closed: as it is written to after the end, or after the reset.
const CLOSED = ['ECONNRESET', 'EPIPE'];
// The most bytes of a body that an exporter takes, by itself (--push.max-body): the data are only a part of it.
const LONGEST_BODY = 1 << 20;

/** The URL of the exporter that a name says by itself; null when it may be a file's. */
function addressOf(file) {
  const [, scheme, rest] = /^([a-z]+):(.*)$/is.exec(file) ?? [];
  if (scheme && ['http', 'https', 'unix'].includes(scheme.toLowerCase())) return `${scheme.toLowerCase()}:${rest}`;
  if (scheme && rest.startsWith('//')) {
    const message = `${scheme}://...: expected http://host:port, https://host:port, unix:/path or the path of a file`;
    throw new HeartbeatError(message, 'invalid');
  }
  return null;
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

/** An exporter that takes heartbeats. */
class Exporter {
  constructor(url, timeout, warn) {
    this.timeout = timeout;
    this.warn = warn;
    this.takesInterval = true;
    this.answers = true; // a beat that it does not answer may lie there for long, and be taken when nothing beats any more
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
    this.options.agent = agent(this.transport, timeout, true);
    this.single = { ...this.options, agent: agent(this.transport, timeout, false) };
  }

  async send(beat) {
    if (beat.job) return this.sendJob(beat);
    const body = { status: beat.status, pid: beat.pid, host: beat.host, timestamp: timeOf(beat, this.answers) };
    if (beat.data) body.additional_data = beat.data;
    if (this.takesInterval) body.interval = beat.interval;
    let answer = await this.post(beat.name, this.path(beat.name), body);
    if (answer.status === 422 && body.interval !== undefined && answer.text.includes('interval')) {
      this.takesInterval = false; // an exporter of before
      delete body.interval;
      answer = await this.post(beat.name, this.path(beat.name), body);
    }
    if (answer.status !== 204) throw this.refusal('cannot beat', answer);
  }

  async sendJob({ name, pid, at, job, data }) {
    const isStart = job.word === 'start';
    const path = `${this.path(name)}/${job.word}${isStart ? '' : `?exit_code=${job.exitCode}`}`;
    // A beat or a start that arrives twice says the same. An end counts a run, so it is never sent again where it may have been taken. That it
    // is not lost with a kept connection that has died meanwhile, it goes over one of its own.
    const answer = await this.post(name, path, { pid, timestamp: at, additional_data: data ?? undefined }, isStart ? this.options : this.single);
    if (answer.status !== 204) throw this.refusal('cannot beat', answer);
  }

  /** Sends a beat; data with which the exporter would not take it stay here, the beat is the message. */
  async post(name, path, body, options = this.options) {
    const content = JSON.stringify(body);
    const size = Buffer.byteLength(content);
    if (!body.additional_data) return this.exchange('POST', path, content, options);
    if (size <= LONGEST_BODY) {
      const answer = await this.exchange('POST', path, content, options);
      if (answer.status !== 413) return answer;
    }
    this.warn(`the beat of ${name} goes out without its data: with them it has ${size} bytes, more than ${this.shown} takes`);
    return this.exchange('POST', path, JSON.stringify({ ...body, additional_data: {} }), options);
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

  async exchange(method, path, body, options = this.options) {
    try {
      return await this.ask(method, path, body, options, performance.now() + this.timeout);
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

  /** The answer, before `deadline`. A kept connection that the exporter has closed meanwhile is opened anew, once. */
  ask(method, path, body, options, deadline, isSecond = false) {
    return new Promise((resolve, reject) => {
      const request = this.transport.request({ ...options, method, path });
      const late = () => {
        this.answers = false;
        const error = new Error(`it did not answer within ${this.timeout / 1000} s`);
        request.destroy(error);
        fail(error); // a request that has no connection yet says nothing of its end
      };
      const timer = setTimeout(late, Math.max(deadline - performance.now(), 0));
      const fail = (error) => {
        clearTimeout(timer);
        if (CLOSED.includes(error.code) && request.reusedSocket && !isSecond) {
          this.ask(method, path, body, options, deadline, true).then(resolve, reject);
        } else {
          reject(error);
        }
      };
      request.on('error', fail);
      request.on('response', (response) => {
        this.answers = true;
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
function agent(transport, patience, keepAlive) {
  const made = new transport.Agent({ keepAlive, maxSockets: 1 });
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

module.exports = { Exporter, addressOf };
