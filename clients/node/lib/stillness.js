'use strict';
// For how long nobody has touched a file, as far as one who looks at it again and again can know.

// How long a file that is half written must have stayed as it is, in milliseconds, until it counts as damaged.
const SETTLED_AFTER = 2000;

/** Begun with the first look. */
class Stillness {
  #started = performance.now();
  #since = this.#started;
  #stamp = '';
  #age = 0;

  /** Notes what fstat says now. */
  note(stat) {
    const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    if (stamp !== this.#stamp) this.#since = performance.now();
    this.#stamp = stamp;
    this.#age = Date.now() - stat.mtimeMs;
  }

  /** Milliseconds since the first look. */
  watched() {
    return performance.now() - this.#started;
  }

  /** Whether the file's own time says nothing: the clock was set back, or somebody has set it. */
  isAhead() {
    return this.#age < 0;
  }

  /** Whether it has stayed as it is for long enough to count as damaged. */
  isLong() {
    return Math.max(performance.now() - this.#since, this.#age) >= SETTLED_AFTER;
  }
}

module.exports = { SETTLED_AFTER, Stillness };
