'use strict';
// What goes wrong, and how it is said without harm to the program.

// Milliseconds before the same sentence is said again.
const SAID_AGAIN_AFTER = 3600_000;
// How many different sentences are remembered as said.
const MOST_SENTENCES = 100;

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

/** What went wrong, in words. Anything can be thrown, also what has no text or throws when it is looked at. */
function textOf(error) {
  try {
    return error instanceof HeartbeatError ? error.message : String(error?.stack ?? error);
  } catch {
    return 'an error without a text';
  }
}

/** A line on standard error; nothing that goes wrong there reaches the program. */
function say(text) {
  try {
    console.error(`heartbeat: ${text}`);
  } catch {
    // nobody reads it
  }
}

/** Remembers which sentences were said: a program that beats each second says each of them once an hour. */
class SaidOnce {
  #said = new Map();

  isNew(text) {
    const now = performance.now();
    const last = this.#said.get(text);
    if (last !== undefined && now - last < SAID_AGAIN_AFTER) return false;
    if (this.#said.size >= MOST_SENTENCES) this.#said.clear();
    this.#said.set(text, now);
    return true;
  }

  /** After a success: the next failure is news. */
  forget() {
    this.#said.clear();
  }
}

module.exports = { HeartbeatError, SaidOnce, say, textOf };
