'use strict';
// Folders, opened step by step so that nobody can put a link in the way, and files in them.
//
// Node has no openat(2). A file of an open folder is named by /proc/self/fd/NUMBER/NAME, which is the same on Linux.

const { constants } = require('node:fs');
const fs = require('node:fs/promises');
const { HeartbeatError } = require('./errors');

const O_PATH = 0o10000000; // Linux has it on every architecture that Node runs on; Node does not name it
const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const MOST_LINKS = 40;
// Milliseconds before each further look at a file that was written while it was read.
const PAUSES = [1, 3, 10, 20, 40];

/** The path of a name in an open folder. */
function inside(folder, name) {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

/** An open folder. A link on the way is followed only where nobody else can put one. Close it. */
async function openFolder(path) {
  let folder = await fs.open(path.startsWith('/') ? '/' : '.', FOLDER);
  const rest = steps(path);
  let links = 0;
  try {
    while (rest.length > 0) {
      const name = rest.pop();
      let following;
      try {
        following = await fs.open(inside(folder, name), FOLDER);
      } catch (error) {
        if (error.code !== 'ELOOP' && error.code !== 'ENOTDIR') throw error;
        const target = await trustedTarget(folder, name);
        if (target === null) throw error;
        if (++links > MOST_LINKS) throw new HeartbeatError(`cannot open ${path}: too many symbolic links`, 'link');
        following = await fs.open(target.startsWith('/') ? '/' : inside(folder, '.'), FOLDER);
        rest.push(...steps(target));
      }
      await folder.close();
      folder = following;
    }
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

function steps(path) {
  return path.split('/').filter((step) => step !== '' && step !== '.').reverse();
}

/** What a link points to, null when there is no link; throws when it is a link that may not be followed. */
async function trustedTarget(folder, name) {
  let target;
  let link;
  try {
    target = await fs.readlink(inside(folder, name));
    link = await fs.lstat(inside(folder, name));
  } catch {
    return null;
  }
  const holder = await folder.stat();
  const user = process.geteuid();
  // The folder's owner decides what is in it, as with the kernel's protected_symlinks; not over root.
  const trusted = user === 0 ? [0] : [0, user, holder.uid];
  if (trusted.includes(link.uid) && trusted.includes(holder.uid) && !mayOthersRename(holder)) return target;
  throw new HeartbeatError(
    `${name} is a symbolic link of user ${link.uid}, or others may put one there: it is not followed; name what it points to ` +
      `(${target}), or let it and its folder belong to this user or root`,
    'link',
  );
}

function mayOthersRename(folder) {
  if (folder.mode & 0o1000) return false;
  // A user's own group, which has the user's number, has nobody else in it.
  return Boolean(folder.mode & 0o002 || (folder.mode & 0o020 && folder.gid !== folder.uid));
}

/**
 * A file's content and its stat; stat null when there is none. Links are not followed, pipes not waited for. What somebody
 * writes in place while it is read may be half old and half new, and valid all the same: it is read again.
 */
async function readFile(path, shown, most) {
  for (const pause of [...PAUSES, null]) {
    const { isStill, ...found } = await readOnce(path, shown, most);
    if (isStill) return found;
    if (pause === null) throw new HeartbeatError(`${shown} is being written by somebody, and is never whole`, 'being_written');
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function readOnce(path, shown, most) {
  let file;
  try {
    file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error.code === 'ENOENT') return { text: '', stat: null, isStill: true };
    if (error.code === 'ELOOP') throw new HeartbeatError(`${shown} is a symbolic link: it is not followed; remove it`, 'link');
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new HeartbeatError(`${shown} is not a regular file`, 'not_a_file');
    if (stat.size > most) throw new HeartbeatError(`${shown} has more than ${most} bytes: is it a heartbeat?`, 'too_large');
    const text = await file.readFile('latin1');
    const after = await file.stat();
    return { text, stat, isStill: after.mtimeMs === stat.mtimeMs && after.size === stat.size };
  } finally {
    await file.close();
  }
}

module.exports = { inside, openFolder, readFile };
