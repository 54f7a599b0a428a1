'use strict';
// New content in a file's place, so that whoever could write the file before can write it after.

const { constants } = require('node:fs');
const fs = require('node:fs/promises');
const { dirname } = require('node:path');
const { HeartbeatError } = require('./errors');
const { giveToOwner, handOver } = require('./owners');

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OLD = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Puts new content in a file's place in one step (rename). Where that would take the file from its owner, or the folder does
 * not let this user, it is rewritten in place, if this user may write it. `old`: its stat, null for a new file.
 * `synchronise`: whether the content is on the disk before the name is (fsync), and the name before this is done. `aside`: how
 * the old content is kept, if it is damaged.
 */
async function replace(path, temporary, content, old, shown, synchronise, aside) {
  let isNew = false;
  try {
    const file = await fs.open(temporary, NEW, old ? 0o600 : 0o644);
    try {
      if (old) {
        await handOver(file, old, shown);
      } else {
        const mode = (await file.stat()).mode & 0o777;
        // Under such a umask not even the next beat could read it.
        if ((mode & 0o600) !== 0o600) await file.chmod(mode | 0o600);
        await giveToOwner(file, dirname(path));
      }
      await file.writeFile(content);
      if (synchronise) await file.sync();
    } finally {
      await file.close();
    }
    await aside?.move();
    await fs.rename(temporary, path).catch(async (error) => {
      await aside?.moveBack();
      throw error;
    });
    isNew = true;
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    const isRights = error.code === 'owner' || error.code === 'EACCES' || error.code === 'EPERM';
    if (!old || !isRights || !(await rewrite(path, content, old, shown, synchronise, aside))) throw error;
  }
  if (isNew && synchronise) await synchroniseNames(dirname(path));
  await aside?.told();
}

/** Waits until a folder's names are on the disk. */
async function synchroniseNames(path) {
  const folder = await fs.open(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes a file in place, so that it stays its owner's; false when this user may not. */
async function rewrite(path, content, old, shown, synchronise, aside) {
  let file;
  try {
    file = await fs.open(path, OLD);
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ETXTBSY'].includes(error.code)) return false;
    throw error;
  }
  try {
    const now = await file.stat();
    if (now.ino !== old.ino || now.dev !== old.dev) {
      throw new HeartbeatError(`${shown} was replaced while it was being written; try again`, 'being_written');
    }
    if (!now.isFile() || now.nlink !== 1) return false; // another name of it (a hard link) may lie where it means something else
    await aside?.copy(now);
    // What is behind the old end first: a full disk is noticed while all that was there is as it was.
    const split = Math.min(now.size, content.length);
    try {
      await writeAll(file, content, split, content.length);
    } catch (error) {
      await file.truncate(now.size);
      await aside?.drop();
      throw error;
    }
    await writeAll(file, content, 0, split);
    await file.truncate(content.length);
    if (synchronise) await file.sync();
    return true;
  } finally {
    await file.close();
  }
}

async function writeAll(file, content, start, end) {
  while (start < end) start += (await file.write(content, start, end - start, start)).bytesWritten;
}

module.exports = { replace };
