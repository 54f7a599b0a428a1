'use strict';
// Paths whose file system may not answer: a network mount without its server, a broken disk.
//
// A call of Node that ends in Sync would stop the whole program there. Any other one takes one of the few threads (four) that the program's
// own files and names need too, until the file system answers. So what this program has under way at one path is one thing at a time.

const { HeartbeatError } = require('./errors');

// How long a file system may take for a beat, in milliseconds: a slow disk that is full of others' work takes seconds.
const PATIENCE = 15000;

// By their path: the last of what waits in line there, and whether somebody has waited for too long.
const lines = new Map();

/**
 * Does something at a path when nothing else of this program is under way there. Gives up after `patience` milliseconds; what hangs goes on
 * hanging, and until it ends whoever comes fails at once.
 */
async function atPath(path, patience, action) {
  const line = lines.get(path) ?? { last: Promise.resolve(), hangs: false };
  if (line.hangs) throw hung(path);
  let isLate = false;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      isLate = line.hangs = true;
      reject(hung(path));
    }, patience);
  });
  // Who has given up meanwhile wants nothing done any more.
  const work = line.last.then(() => (isLate ? undefined : action()));
  const last = work.catch(() => {}).then(() => {
    line.hangs = false;
    if (line.last === last) lines.delete(path);
  });
  line.last = last;
  lines.set(path, line);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same words each time, so that they are said once. */
function hung(path) {
  return new HeartbeatError(`the file system of ${path} does not answer: beats there are left out until it does; is its server or its disk there?`, 'hung');
}

module.exports = { PATIENCE, atPath };
