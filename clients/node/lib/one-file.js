'use strict';
// The one file that many processes share.
//
// Its writers keep each other out by flock(2), which Node does not have: a writer without the lock would lose other
// programs' beats. So a beat is handed to the program `heartbeat`. Reading needs neither lock nor program.

const { spawn } = require('node:child_process');
const { constants } = require('node:fs');
const fs = require('node:fs/promises');
const { timeOf } = require('./beats');
const { HeartbeatError } = require('./errors');
const { atPath } = require('./hanging');
const { parse } = require('./text');
const { isObject } = require('./values');

// How long `heartbeat send` may take in milliseconds: longer than it waits for the lock.
const TOOL_TIMEOUT = 15000;
// The most bytes that a heartbeat file may have.
const LARGEST_FILE = 64 << 20;
// Milliseconds before each further look at a file that a careless writer may be filling right now.
const PAUSES = [1, 3, 10, 20, 40];
// How long such a file must have stayed as it is, in milliseconds, until it counts as damaged; and the most of these looks.
const SETTLED_AFTER = 2000;
const MOST_LOOKS = 80;

/** A heartbeat file, by its path. */
class OneFile {
  #unknown = new Set(); // flags that the tool, one of before, does not have

  constructor(path, tool, synchronise, patience) {
    this.path = path;
    this.tool = tool;
    this.patience = patience;
    this.where = synchronise ? ['--fsync', '--file', path] : ['--file', path];
  }

  async send(beat) {
    if (beat.name.includes('\0')) {
      throw new HeartbeatError('cannot beat: the process name has a zero byte, which no argument of a program can have: take another name, or a folder in the place of the file', 'invalid');
    }
    if (beat.job) {
      const { word, exitCode } = beat.job;
      const more = word === 'start' ? pidFlags(beat) : ['--exit-code', String(exitCode)];
      if (beat.data) more.push('--json', '-');
      return this.#run(['job', ...this.where, ...more], { '--at': timeOf(beat) }, ['--', word, beat.name], beat.data ? JSON.stringify(beat.data) : '');
    }
    const args = ['send', ...this.where, ...pidFlags(beat)];
    let { data } = beat;
    if (!beat.status.includes('\0')) {
      args.push(`--status=${beat.status}`);
    } else {
      // No argument can hold it; among the data it is the entry's own too.
      if (!data) args.push('--merge');
      data = { ...data, status: beat.status };
    }
    if (data) args.push('--json', '-');
    const further = {
      '--interval': beat.interval === undefined ? undefined : durationOf(beat.interval),
      '--host': beat.host?.includes('\0') ? undefined : beat.host,
      '--at': timeOf(beat),
      '--pid': beat.pid === undefined ? 0 : undefined, // none: by itself it would name this process
    };
    return this.#run(args, further, ['--', beat.name], data ? JSON.stringify(data) : '');
  }

  /** Runs the tool, without those further flags that it does not know. */
  async #run(args, further, names, input) {
    const flags = Object.keys(further).filter((flag) => further[flag] !== undefined && !this.#unknown.has(flag));
    try {
      return await run(this.tool, [...args, ...flags.map((flag) => `${flag}=${further[flag]}`), ...names], input);
    } catch (error) {
      const strange = error.exitStatus === 2 && flags.find((flag) => error.message.includes(flag));
      if (!strange) throw error;
      this.#unknown.add(strange);
      return this.#run(args, further, names, input);
    }
  }

  async status(name) {
    const processes = await this.all();
    const entry = Object.hasOwn(processes, name) ? processes[name] : null;
    return isObject(entry) ? entry : null;
  }

  async all() {
    for (let look = 0; ; look++) {
      const { text, mtimeMs } = await atPath(this.path, this.patience, () => this.#text());
      if (text === null) return {};
      let problem = 'it is empty';
      if (text.trim() !== '') {
        try {
          const root = parse(text.replace(/^\uFEFF/, ''));
          const processes = isObject(root) ? root.processes ?? {} : null;
          if (isObject(processes)) return processes;
          problem = 'it has no object "processes"';
        } catch (error) {
          problem = error.message;
        }
      }
      const isSettled = Date.now() - mtimeMs >= SETTLED_AFTER || look >= MOST_LOOKS;
      if (look >= PAUSES.length && isSettled) {
        if (text.trim() === '') return {};
        throw new HeartbeatError(`${this.path} is not a heartbeat file: ${problem}`, 'corrupt');
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSES[look] ?? 50));
    }
  }

  async #text() {
    let file;
    try {
      // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
      file = await fs.open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = await file.stat();
      if (!stat.isFile()) throw new HeartbeatError(`${this.path} is not a regular file`, 'not_a_file');
      if (stat.size > LARGEST_FILE) throw new HeartbeatError(`${this.path} has more than ${LARGEST_FILE} bytes`, 'too_large');
      return { text: await file.readFile('utf8'), mtimeMs: stat.mtimeMs };
    } catch (error) {
      if (error.code === 'ENOENT') return { text: null, mtimeMs: 0 };
      if (error instanceof HeartbeatError) throw error;
      throw new HeartbeatError(`cannot read ${this.path}: ${error.message}`, 'read', { cause: error });
    } finally {
      await file?.close();
    }
  }
}

/** Which process is alive; nothing when the beat is to name none. */
function pidFlags(beat) {
  return beat.pid === undefined ? [] : ['--pid', String(beat.pid)];
}

/** As the tool takes it: `30s`, and a part of a second as `500ms`. */
function durationOf(seconds) {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.max(1, Math.round(seconds * 1000))}ms`;
}

function run(tool, args, input) {
  return new Promise((resolve, reject) => {
    let timer;
    const notRun = (error) => {
      clearTimeout(timer);
      const advice =
        error.code === 'ENOENT' || error.code === 'EACCES'
          ? 'install it, put it in PATH, or name it in HEARTBEAT_TOOL; or take a folder or an exporter in the place of the file, which need no program'
          : error.message;
      reject(new HeartbeatError(`cannot run the program ${tool}: ${advice}`, 'tool', { cause: error }));
    };
    let child;
    try {
      child = spawn(tool, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    } catch (error) {
      return notRun(error); // what is not in the list of what spawn() says by an event
    }
    // Before anything else is done with it: an event that nobody waits for ends the program. Where no descriptor is free, it has no streams.
    child.on('error', notRun);
    let stderr = '';
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) return resolve();
      const cause = stderr.trim() || (signal ? `it was ended by ${signal}` : `its exit status is ${status}`);
      reject(Object.assign(new HeartbeatError(`the beat was not written: ${cause}`, 'write'), { exitStatus: status }));
    });
    child.stdin?.on('error', () => {}); // it ended without reading: its exit status says why
    child.stderr?.on('error', () => {});
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      if (stderr.length < 4096) stderr += text;
    });
    timer = setTimeout(() => child.kill(), TOOL_TIMEOUT);
    child.stdin?.end(input);
  });
}

module.exports = { OneFile };
