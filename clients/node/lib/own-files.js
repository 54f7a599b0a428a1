'use strict';
// A folder in the place of the file: each process has a file of its own there, written by rename, without a lock.
// docs/file-format.md has the rules for the names.

const fs = require('node:fs/promises');
const { randomBytes } = require('node:crypto');
const { membersOf } = require('./beats');
const { HeartbeatError } = require('./errors');
const { atPath } = require('./hanging');
const { Aside } = require('./aside');
const { fileNameOf, nameOf } = require('./file-names');
const { KEPT_LONGER } = require('./jobs');
const { inside, openFolder, readFile } = require('./folders');
const { replace } = require('./replacing');
const { isEntry, isTornEntry } = require('./recognition');
const { SETTLED_AFTER, Stillness } = require('./stillness');
const { members, objectText, parse } = require('./text');
const { isObject } = require('./values');

// The most bytes of a process's own file.
const LARGEST_FILE = 4 << 20;
// Of Linux; Node has no name for it, and calls it an unknown error.
const EDQUOT = 122;
const TEMPORARY = '.heartbeat-tmp-';
// Milliseconds between two sweeps, and after which a temporary file is surely a dead writer's.
const SWEEP_EVERY = 3600_000;
// Milliseconds before each further look at a file that a careless writer may be filling right now.
const PAUSES = [1, 3, 10, 20, 40];

// When this program last swept a folder, by its path: a manager made anew for each beat is no new writer.
const swept = new Map();
const MOST_SWEPT = 1000;

/** A folder of heartbeats, by its path. */
class OwnFiles {
  constructor(path, warn, { retention, synchronise, patience }) {
    this.path = path.replace(/(?<=.)\/+$/, '');
    this.warn = warn;
    this.retention = retention;
    this.synchronise = synchronise;
    this.patience = patience;
  }

  async send(beat) {
    const fileName = fileNameOf(beat.name);
    return this.#alone(() => this.#send(beat, fileName));
  }

  async all() {
    return this.#alone(() => this.#all());
  }

  async status(name) {
    let fileName;
    try {
      fileName = fileNameOf(name);
    } catch {
      return null;
    }
    return this.#alone(() => this.#status(fileName));
  }

  #alone(action) {
    return atPath(this.path, this.patience, action);
  }

  async #send(beat, fileName) {
    const shown = `${this.path}/${fileName}`;
    const folder = await this.#open();
    try {
      await this.#sweep(folder, fileName);
      const { found, stat, aside } = await this.#old(folder, fileName, shown);
      const content = Buffer.from(objectText(membersOf(beat, found)), 'latin1');
      await replace(inside(folder, fileName), inside(folder, temporaryName()), content, stat, shown, this.synchronise, aside);
    } catch (error) {
      throw await this.#explained(error, folder, fileName, shown);
    } finally {
      await folder.close();
    }
  }

  async #all() {
    const folder = await this.#open(true);
    if (!folder) return {};
    try {
      const names = (await fs.readdir(inside(folder, '.'))).sort();
      const found = Object.create(null);
      for (const fileName of names) {
        const name = nameOf(fileName);
        const entry = name === null ? null : await this.#entry(folder, fileName);
        if (entry) found[name] = entry;
      }
      return found;
    } finally {
      await folder.close();
    }
  }

  async #status(fileName) {
    const folder = await this.#open(true);
    if (!folder) return null;
    try {
      return await this.#entry(folder, fileName);
    } finally {
      await folder.close();
    }
  }

  async #open(isReading = false) {
    try {
      return await openFolder(this.path);
    } catch (error) {
      if (isReading && error.code === 'ENOENT') return null;
      if (error.code === 'ENOTDIR' && (await exists(this.path))) {
        throw new HeartbeatError(
          `${this.path} is no folder, and a path that ends in ".d" or "/" is taken for a folder of heartbeats: give the file ` +
            `another name, or move it away and make the folder (install -d -m 1777 ${this.path})`,
          'not_a_folder',
          { cause: error },
        );
      }
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
        const advice = `make it (install -d -m 1777 ${this.path})`;
        throw new HeartbeatError(`cannot beat: there is no folder ${this.path}: ${advice}`, 'write', { cause: error });
      }
      if (error instanceof HeartbeatError) throw error;
      throw new HeartbeatError(`cannot use ${this.path}: ${error.message}`, isReading ? 'read' : 'write', { cause: error });
    }
  }

  /** The members of the process's file as it is, its stat, and its copy to be if it is damaged. Somebody else's content is refused. */
  async #old(folder, fileName, shown) {
    const stillness = new Stillness();
    for (let look = 0; ; look++) {
      const read = await readFile(inside(folder, fileName), shown, LARGEST_FILE);
      const text = read.text.replace(/^\u00ef\u00bb\u00bf/, '');
      const { stat } = read;
      if (stat === null || /^[\0 \t\r\n]*$/.test(text)) return { found: new Map(), stat };
      let problem = 'it has no last_heartbeat that is a number';
      try {
        const found = isObject(parse(text)) ? members(text) : null;
        if (found !== null && isEntry(found)) return { found, stat };
      } catch (error) {
        problem = error.message;
        if (isTornEntry(text)) {
          // Half an entry: a careless writer is at it, or has died.
          stillness.note(stat);
          if (look >= PAUSES.length && stillness.isLong()) {
            return { found: new Map(), stat, aside: new Aside(folder, fileName, shown, problem, read.text, this.warn) };
          }
          // Until the next beat its writer will be done. But a time that lies ahead says nothing: it is watched.
          if (look >= PAUSES.length && !(stillness.isAhead() && stillness.watched() < 2 * SETTLED_AFTER)) {
            throw new HeartbeatError(`${shown} is being written by somebody`, 'being_written');
          }
          await new Promise((resolve) => setTimeout(resolve, PAUSES[look] ?? 50));
          continue;
        }
      }
      throw new HeartbeatError(`${shown} is not a heartbeat (${problem}): it is left as it is; take another name, or another folder`, 'foreign');
    }
  }

  /** An entry as it stands in a file; null when it is none. */
  async #entry(folder, fileName) {
    for (let look = 0; ; look++) {
      try {
        const { text, stat } = await readFile(inside(folder, fileName), fileName, LARGEST_FILE);
        if (stat === null) return null;
        const entry = parse(Buffer.from(text, 'latin1').toString().replace(/^\uFEFF/, ''));
        return isObject(entry) && Object.hasOwn(entry, 'last_heartbeat') ? entry : null;
      } catch (error) {
        if (!(error instanceof SyntaxError) || look === PAUSES.length) return null;
        await new Promise((resolve) => setTimeout(resolve, PAUSES[look]));
      }
    }
  }

  /**
   * Once at the start, then once an hour: a beat must cost the same however many files there are. The writer's own file stays,
   * however old its last beat: the next one needs it.
   */
  async #sweep(folder, own) {
    if (performance.now() - (swept.get(this.path) ?? -Infinity) < SWEEP_EVERY) return;
    if (swept.size >= MOST_SWEPT) swept.clear();
    swept.set(this.path, performance.now());
    const oldest = Date.now() - this.retention * 1000;
    for (const fileName of await fs.readdir(inside(folder, '.')).catch(() => [])) {
      const path = inside(folder, fileName);
      try {
        const isTemporary = fileName.startsWith(TEMPORARY);
        if (!isTemporary && (this.retention <= 0 || fileName === own || nameOf(fileName) === null)) continue;
        // A time that lies ahead says nothing: the clock was set back.
        const { mtimeMs } = await fs.lstat(path);
        if (isTemporary) {
          if (Math.abs(Date.now() - mtimeMs) >= SWEEP_EVERY) await fs.unlink(path);
        } else if ((mtimeMs < oldest || mtimeMs > Date.now()) && isOlder(await this.#entry(folder, fileName), oldest)) {
          await this.#takeOut(folder, fileName, oldest);
        }
      } catch {
        // another user's, or gone meanwhile
      }
    }
  }

  /** Removes a file, unless its process has just beaten: moved away first, looked at, and put back if it is fresh. */
  async #takeOut(folder, fileName, oldest) {
    const away = temporaryName();
    await fs.rename(inside(folder, fileName), inside(folder, away));
    if (!isOlder(await this.#entry(folder, away), oldest)) {
      await fs.link(inside(folder, away), inside(folder, fileName)).catch(() => {}); // an even younger one has its place
    }
    await fs.unlink(inside(folder, away));
  }

  async #explained(error, folder, fileName, shown) {
    if (error instanceof HeartbeatError) return error;
    let advice = '';
    const isQuota = error.code === 'EDQUOT' || error.errno === -EDQUOT;
    if (error.code === 'ENOSPC') advice = '; free some space, or files (df -i), on its file system';
    if (isQuota) advice = "; this user's quota is used up: remove files of this user on its file system, or raise it (quota -s)";
    if (error.code === 'EROFS') {
      advice = '; the file system is mounted read-only (if it should not be, dmesg says why): name a folder on another one (HEARTBEAT_FILE)';
    }
    if (error.code === 'EACCES' || error.code === 'EPERM') {
      const owner = await fs.lstat(inside(folder, fileName)).then((stat) => stat.uid, () => process.geteuid());
      advice =
        owner === process.geteuid()
          ? `; give this user the right to write in ${this.path}, or name another folder (HEARTBEAT_FILE)`
          : `; it belongs to user ${owner}: take another name for this process`;
    }
    // Without the path below /proc/self/fd.
    const reason = isQuota ? 'EDQUOT: disk quota exceeded' : error.message.replace(/, \w+ '.*$/s, '');
    return new HeartbeatError(`cannot write ${shown}: ${reason}${advice}`, 'write', { cause: error });
  }
}

function temporaryName() {
  return TEMPORARY + randomBytes(8).toString('hex');
}

function exists(path) {
  return fs.lstat(path).then(() => true, () => false);
}

function isOlder(entry, oldest) {
  const longer = isObject(entry?.job) ? KEPT_LONGER : 0;
  return typeof entry?.last_heartbeat === 'number' && (entry.last_heartbeat + longer) * 1000 < oldest;
}

module.exports = { OwnFiles };
