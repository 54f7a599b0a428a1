'use strict';
// What a program hands over as options. Nothing of it throws: what is wrong is said, and the usual value taken.

const { SaidOnce, say } = require('./errors');
const { secondsOf } = require('./values');

const said = new SaidOnce();

function sayOnce(text) {
  if (said.isNew(text)) say(text);
}

/** The named members of an object; those that throw when they are read are left out. Of what is no object there are none. */
function membersNamed(names, object) {
  const found = {};
  if (typeof object !== 'object') return found; // a text has a member `at` of its own
  for (const name of names) {
    try {
      found[name] = object?.[name];
    } catch {
      sayOnce(`${name}: an error while it was read; the usual one is taken`);
    }
  }
  return found;
}

/** A time in seconds, `usual` in the place of what is none. */
function secondsOr(usual, value, name) {
  if (value === undefined || value === null) return usual;
  const seconds = secondsOf(value);
  if (seconds === undefined) sayOnce(`${name}: expected seconds, not ${described(value)}; the usual one is taken`);
  return seconds ?? usual;
}

/** A function, or undefined in the place of what is none. */
function functionOr(value, name) {
  if (value === undefined || value === null || typeof value === 'function') return value ?? undefined;
  sayOnce(`${name}: expected a function, not ${described(value)}; none is taken`);
  return undefined;
}

function described(value) {
  if (['number', 'boolean'].includes(typeof value)) return String(value);
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : `the type ${typeof value}`;
}

module.exports = { functionOr, membersNamed, sayOnce, secondsOr };
