'use strict';
// Who could write a file before can write it after.

const fs = require('node:fs/promises');
const { HeartbeatError } = require('./errors');

/** Gives a new file the owner, the group and the mode of the one whose place it takes, or refuses. */
async function handOver(file, old, shown) {
  const mine = await file.stat();
  let hasOwner = old.uid === mine.uid;
  let hasGroup = old.gid === mine.gid;
  if (!hasOwner) {
    await file.chown(old.uid, old.gid).then(() => { hasOwner = hasGroup = true; }, () => {});
  }
  if (!hasGroup) await file.chown(mine.uid, old.gid).then(() => { hasGroup = true; }, () => {});
  const mode = old.mode & 0o777;
  const advice = 'share it by group (chgrp, chmod 664, and chmod 2775 for its folder), or take another name for this process';
  if (!hasGroup && ((mode & 0o070) >> 3) & ~(mode & 0o007)) {
    throw new HeartbeatError(`${shown}: its group ${old.gid} would lose it, since this user is not in that group; ${advice}`, 'owner');
  }
  if (!hasOwner && mode & 0o200 && !(mode & 0o002) && !(mode & 0o020 && hasGroup && (await isMember(old.uid, old.gid)))) {
    throw new HeartbeatError(`${shown} belongs to user ${old.uid}, who could not write it any more; ${advice}`, 'owner');
  }
  await file.chmod(mode);
}

const members = new Map();

/** Whether a user is in a group. A user who is in no list (a container's, a directory's) counts as one: the file was theirs. */
async function isMember(user, group) {
  const key = `${user} ${group}`;
  if (!members.has(key)) members.set(key, await isListed(user, group));
  return members.get(key);
}

async function isListed(user, group) {
  const lines = async (path) => (await fs.readFile(path, 'latin1').catch(() => '')).split('\n').map((line) => line.split(':'));
  const found = (await lines('/etc/passwd')).find((fields) => fields[2] === String(user));
  if (!found || found[3] === String(group)) return true;
  return (await lines('/etc/group')).some((fields) => fields[2] === String(group) && fields[3]?.split(',').includes(found[0]));
}

/** What root makes in a user's folder is the folder's owner's, who could not use it otherwise; not in a sticky one, which is for all. */
async function giveToOwner(file, path) {
  if (process.geteuid() !== 0) return;
  const folder = await fs.stat(`${path}/.`);
  // A file system without owners knows none.
  if (folder.uid !== 0 && !(folder.mode & 0o1000)) await file.chown(folder.uid, (await file.stat()).gid).catch(() => {});
}

module.exports = { giveToOwner, handOver };
