'use strict';
// Damaged files, kept under another name so that a person can look at them: NAME.corrupt-TIME, and the second one of a second
// NAME.corrupt-TIME-2.

const fs = require('node:fs/promises');
const { LONGEST_FILE_NAME } = require('./file-names');
const { inside } = require('./folders');

// How many copies of one file are kept.
const MOST_ASIDE = 3;
const MOST_IN_ONE_SECOND = 999;
const END = /^\d{8}T\d{6}Z(-\d{1,3})?$/;
const LONGEST_END = '20240229T120000Z-999'.length;

/** The copy of a file that will be replaced because it is damaged. To be made by one of `move` and `copy`. */
class Aside {
  #name = '';

  /** `content`: one character for each byte. */
  constructor(folder, fileName, shown, problem, content, warn) {
    Object.assign(this, { folder, fileName, shown, problem, content, warn });
    this.path = inside(folder, fileName);
    const prefix = `${fileName}.corrupt-`;
    // All names that are too long to get something appended share one.
    this.prefix = Buffer.byteLength(prefix) + LONGEST_END > LONGEST_FILE_NAME ? '.heartbeat.corrupt-' : prefix;
  }

  /** The file itself gets the other name. */
  async move() {
    const name = await this.#nextName();
    await fs.rename(this.path, inside(this.folder, name));
    this.#name = name;
  }

  async moveBack() {
    await fs.rename(inside(this.folder, this.#name), this.path);
    this.#name = '';
  }

  /** The file stays where it is and what it is: it will be rewritten in place. */
  async copy(old) {
    const name = await this.#nextName();
    const path = inside(this.folder, name);
    const file = await fs.open(path, 'wx', old.mode & 0o777);
    try {
      await file.writeFile(this.content, 'latin1');
    } catch (error) {
      await fs.unlink(path).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
    this.#name = name;
  }

  /** Removes the copy again: the file stays as it is. */
  async drop() {
    await fs.unlink(inside(this.folder, this.#name)).catch(() => {});
    this.#name = '';
  }

  /** Says it, once the new file is there; of more than three copies the oldest go, never the one just made. */
  async told() {
    this.warn(`${this.shown} is not a heartbeat any more (${this.problem}): moved it to ${this.shown.slice(0, -this.fileName.length)}${this.#name} and began a new one`);
    const others = (await this.#copies()).filter((name) => name !== this.#name);
    for (const old of others.sort(byAge).slice(0, 1 - MOST_ASIDE)) await fs.unlink(inside(this.folder, old)).catch(() => {});
  }

  /** Names sort by age: one that has become free is not given again while a younger one of the same second is there. */
  async #nextName() {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const numbers = (await this.#copies()).map(ageOf).filter((age) => age.time === time).map((age) => age.number);
    const named = (number) => this.prefix + time + (number === 1 ? '' : `-${number}`);
    let number = Math.min(Math.max(0, ...numbers) + 1, MOST_IN_ONE_SECOND);
    while (number < MOST_IN_ONE_SECOND && (await exists(inside(this.folder, named(number))))) number++; // not every folder can be listed
    return named(number);
  }

  async #copies() {
    const names = await fs.readdir(inside(this.folder, '.')).catch(() => []);
    return names.filter((name) => name.startsWith(this.prefix) && END.test(name.slice(this.prefix.length)));
  }
}

/** The time of a copy, and the number behind it. */
function ageOf(name) {
  const [time, number] = name.split('.corrupt-').pop().split('-');
  return { time, number: Number(number ?? 1) };
}

function byAge(one, other) {
  const [first, second] = [ageOf(one), ageOf(other)];
  return first.time === second.time ? first.number - second.number : first.time < second.time ? -1 : 1;
}

function exists(path) {
  return fs.lstat(path).then(() => true, () => false);
}

module.exports = { Aside };
