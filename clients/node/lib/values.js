'use strict';
// A program's own data, made into what JSON can spell. A value that cannot be spelt costs itself, never the beat.

// The most levels of objects and arrays in a process's data; what lies deeper is left out.
const DEEPEST = 32;
// The most bytes that the data of one beat may have as JSON; above that the beat goes out without them.
const LONGEST_DATA = 1 << 20;
// The longest status word, in bytes of UTF-8.
const LONGEST_STATUS = 256;
// The largest process id that Linux gives.
const LARGEST_PID = 4194304;
// The most values that are named when they are left out.
const MOST_NAMED = 10;

/** Why a value is left out. No Error: nobody sees its trace, which would cost most of the time. */
class LeftOut {
  constructor(message) {
    this.message = message;
  }
}
// What is left out for its size is a member of the data as a whole, not only what no longer fits.
const TOO_LARGE = new LeftOut(`more than ${LONGEST_DATA} bytes`);
// Bytes of JSON that could have been spelt meanwhile, about, for a value that is left out.
const COST_OF_NOTE = 16;

function reasonOf(error) {
  try {
    return error instanceof LeftOut ? error.message : `${error?.name ?? 'an error'} while it was read`;
  } catch {
    return 'an error while it was read'; // which throws by itself when it is looked at
  }
}

/** Spells data, and collects in `leftOut` what had to be left out as "key.path: why". */
class Spelling {
  #named = [];
  #unnamed = 0;
  // Bytes of JSON that still fit, and that may be spelt in all: what is left out for its size has cost time too. What a value refers
  // to twice is spelt twice, so that twenty small objects can be a million.
  #room = LONGEST_DATA;
  #work = 2 * LONGEST_DATA;
  #floor = 0; // of one member: it must not take the others with it
  #open = []; // the containers that the value lies in: a cycle meets one of them again

  /** The data of a beat; null when they are none, or throw when they are looked at (a Proxy, a getter). */
  ofData(data) {
    if (data === undefined || data === null) return null;
    try {
      if (isObject(data)) return this.ofObject(data);
      this.leaveOut('data', 'it is no object');
    } catch (error) {
      this.#note('data', error);
      if (error === TOO_LARGE) return {};
    }
    return null;
  }

  ofObject(object, path = '') {
    const spelt = Object.create(null);
    const isMap = object instanceof Map;
    const keys = isMap ? object.keys() : Object.keys(object);
    // With its marks the shortest member has five bytes.
    if ((isMap ? object.size : keys.length) > this.#room / 5 + 1) throw TOO_LARGE;
    if (!isMap && keys.length === 0 && !isPlain(object)) {
      throw new LeftOut(`a ${String(object.constructor?.name).slice(0, 100)} cannot be written as JSON`); // a Promise, an Error, a WeakMap
    }
    for (const key of [...keys]) {
      const name = textOfKey(key);
      if (name === undefined) {
        this.leaveOut(`${path}?`, 'its key has no text');
        continue;
      }
      const room = this.#room;
      if (path === '') this.#floor = Math.max(0, this.#work - LONGEST_DATA);
      try {
        const value = this.#of(isMap ? object.get(key) : object[key], path + name);
        if (value === undefined) continue;
        this.#spend(name.length + 3);
        spelt[name] = value;
      } catch (error) {
        if (path !== '' && error === TOO_LARGE) throw error;
        this.#room = room;
        this.#note(path + name, error);
      }
    }
    return spelt;
  }

  /** What was left out, as "key.path: why"; of many the first ones, and how many more. */
  get leftOut() {
    return this.#unnamed === 0 ? this.#named : [...this.#named, `and ${this.#unnamed} more`];
  }

  leaveOut(path, reason) {
    if (this.#named.length < MOST_NAMED) this.#named.push(`${path.slice(0, 200)}: ${reason}`);
    else this.#unnamed++;
    this.#work -= COST_OF_NOTE;
  }

  #note(path, error) {
    this.leaveOut(path, reasonOf(error));
  }

  #spend(size) {
    this.#room -= size;
    this.#work -= size;
    if (this.#room < 0 || this.#work < this.#floor) throw TOO_LARGE;
  }

  #of(value, path) {
    // Never more than it has with its comma.
    if (value !== undefined) this.#spend(typeof value === 'string' ? value.length + 3 : 2);
    switch (typeof value) {
      case 'string':
      case 'boolean':
      case 'undefined': // as JSON.stringify: a member without a value is none
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw new LeftOut(`${value} is not a JSON number`);
        return value;
      case 'bigint':
        if (!Number.isFinite(Number(value))) throw new LeftOut('a BigInt that is no number for anybody');
        return Number(value);
      case 'object':
        return value === null ? null : this.#inside(value, path);
      default:
        throw new LeftOut(`a ${typeof value} cannot be written as JSON`);
    }
  }

  #inside(value, path) {
    if (this.#open.includes(value)) throw new LeftOut('it holds itself');
    if (this.#open.length >= DEEPEST) throw new LeftOut(`more than ${DEEPEST} levels deep`);
    this.#open.push(value);
    try {
      const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
      if (2 * (isList ? value.length : value instanceof Set ? value.size : 0) > this.#room + 2) throw TOO_LARGE;
      if (typeof value.toJSON === 'function') {
        const plain = value.toJSON();
        if (plain === null && value instanceof Date) throw new LeftOut('no valid date');
        return plain === value ? this.ofObject(value, `${path}.`) : this.#of(plain, path);
      }
      if (value instanceof Number || value instanceof String || value instanceof Boolean) return this.#of(value.valueOf(), path);
      if (isList || value instanceof Set) return this.#items(Array.isArray(value) ? value : [...value], path);
      return this.ofObject(value, `${path}.`);
    } finally {
      this.#open.pop();
    }
  }

  /** An item that cannot be spelt is null, so that the others keep their places. */
  #items(values, path) {
    return Array.from(values, (value, place) => {
      try {
        return this.#of(value, `${path}[${place}]`) ?? null;
      } catch (error) {
        if (error === TOO_LARGE) throw error;
        this.#note(`${path}[${place}]`, error);
        return null;
      }
    });
  }
}

/** The text of a key; undefined when it has none. */
function textOfKey(key) {
  try {
    return String(key);
  } catch {
    return undefined;
  }
}

/** Whether an object has no kind of its own: made by braces, or without any prototype. */
function isPlain(object) {
  const kind = Object.getPrototypeOf(object);
  return kind === null || Object.getPrototypeOf(kind) === null;
}

/** A value as a status word, at most LONGEST_STATUS bytes; undefined when it is none. */
function wordOf(value) {
  if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return undefined;
  const bytes = Buffer.from(String(value));
  if (bytes.length <= LONGEST_STATUS) return String(value) || undefined;
  return bytes.subarray(0, LONGEST_STATUS).toString().replace(/\ufffd+$/, '');
}

/** A value as a process id; undefined when it is none. */
function pidOf(value) {
  return Number.isInteger(value) && value > 0 && value <= LARGEST_PID ? value : undefined;
}

/** A value as a time in seconds, not negative; undefined when it is none. */
function secondsOf(value) {
  if (!['number', 'string', 'bigint'].includes(typeof value) || value === '') return undefined;
  const seconds = Number(value);
  return seconds >= 0 ? seconds : undefined;
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

module.exports = { LONGEST_DATA, Spelling, isObject, pidOf, secondsOf, wordOf };
