'use strict';
// A process's name and the name of its own file in a folder. docs/file-format.md has the rules.

const { HeartbeatError } = require('./errors');

const SUFFIX = '.json';
// The longest file name of Linux's file systems, in bytes.
const LONGEST_FILE_NAME = 255;

/** The name of a process's own file: `a/b` is `a%2Fb.json`. */
function fileNameOf(name) {
  const bytes = Buffer.from(name);
  if (bytes.toString() !== name) {
    throw new HeartbeatError('cannot beat: the process name is not Unicode, so no file can have it', 'invalid');
  }
  let spelt = '';
  for (const character of name) {
    const code = character.codePointAt(0);
    const isPlain = code > 0x1f && code !== 0x7f && character !== '/' && character !== '%' && !(character === '.' && spelt === '');
    spelt += isPlain ? character : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  const length = Buffer.byteLength(spelt);
  const most = LONGEST_FILE_NAME - SUFFIX.length;
  if (length > most) {
    throw new HeartbeatError(`cannot beat: as a file name the process name has ${length} bytes, at most ${most} are possible`, 'invalid');
  }
  return spelt + SUFFIX;
}

/** The process that a file name belongs to; null when `fileNameOf` makes no such name. */
function nameOf(fileName) {
  if (!fileName.endsWith(SUFFIX)) return null;
  const spelt = fileName.slice(0, -SUFFIX.length);
  const name = spelt.replace(/%([0-9A-F]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  try {
    return name !== '' && fileNameOf(name) === fileName ? name : null;
  } catch {
    return null;
  }
}

module.exports = { LONGEST_FILE_NAME, fileNameOf, nameOf };
