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

class LeftOut extends Error {}

function reasonOf(error) {
  try {
    return error instanceof LeftOut ? error.message : `${error?.name ?? 'an error'} while it was read`;
  } catch {
    return 'an error while it was read'; // which throws by itself when it is looked at
  }
}

/** Spells data, and collects in `leftOut` what had to be left out as "key.path: why". */
class Spelling {
  leftOut = [];
  #open = []; // the containers that the value lies in: a cycle meets one of them again

  /** The data of a beat; null when they are none, or throw when they are looked at (a Proxy, a getter). */
  ofData(data) {
    if (data === undefined || data === null) return null;
    try {
      if (isObject(data)) return this.ofObject(data);
      this.leftOut.push('data: it is no object');
    } catch (error) {
      this.#note('data', error);
    }
    return null;
  }

  ofObject(object, path = '') {
    const spelt = Object.create(null);
    for (const key of object instanceof Map ? [...object.keys()] : Object.keys(object)) {
      const name = String(key);
      try {
        const value = this.#of(object instanceof Map ? object.get(key) : object[key], path + name);
        if (value !== undefined) spelt[name] = value;
      } catch (error) {
        this.#note(path + name, error);
      }
    }
    return spelt;
  }

  #note(path, error) {
    if (this.leftOut.length < MOST_NAMED) this.leftOut.push(`${path.slice(0, 200)}: ${reasonOf(error)}`);
  }

  #of(value, path) {
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
      if (typeof value.toJSON === 'function') {
        const plain = value.toJSON();
        if (plain === null && value instanceof Date) throw new LeftOut('no valid date');
        return plain === value ? this.ofObject(value, `${path}.`) : this.#of(plain, path);
      }
      if (value instanceof Number || value instanceof String || value instanceof Boolean) return this.#of(value.valueOf(), path);
      if (value instanceof Set || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return this.#items([...value], path);
      if (Array.isArray(value)) return this.#items(value, path);
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
        this.#note(`${path}[${place}]`, error);
        return null;
      }
    });
  }
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
