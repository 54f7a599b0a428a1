'use strict';
// Whose a file is: a writer changes only what is surely a heartbeat. docs/file-format.md has the rule, which is the same for
// all writers. Node writes own files only; the one file is the tool's to write.

const KEY = 'last_heartbeat';
const STRING = /"((?:[^"\\\x00-\x1f]+|\\.)*)(")?/y;
const SCALAR = /[A-Za-z0-9+.-]+/y;
const SPACE = /[ \t\n\r]*/y;

/** Whether an object of a text that is JSON is an entry of ours, or nothing yet. `found`: a Map from the key to its text. */
function isEntry(found) {
  return found.size === 0 || isTime(found.get(KEY) ?? '');
}

/** Whether a text, which may be cut off, begins as the time of a beat: null says that there was none yet. */
function isTime(text) {
  const [word] = /^[A-Za-z]*/.exec(text);
  if (word !== '') return ['NaN', 'Infinity', 'null'].some((known) => known.startsWith(word));
  return /^[-0-9]/.test(text);
}

/** Whether a text that is no JSON can only be a process's own file that was half written, or damaged. */
function isTornEntry(whole) {
  // JSON has no zero byte anywhere: behind the first one comes what a host's crash has left.
  const [text] = whole.split('\0', 1);
  const isCutOff = /^[\0 \t\r\n]*$/.test(whole.slice(text.length));
  let position = 0;
  const match = (pattern) => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found;
  };
  const pass = (mark) => {
    match(SPACE);
    if (text[position] !== mark) return false;
    position++;
    match(SPACE);
    return true;
  };
  const isAtEnd = () => position >= text.length;
  const string = () => {
    const found = match(STRING);
    if (text.slice(position) === '\\') position++; // cut off behind the backslash
    return found;
  };
  const skipValue = () => {
    const closings = [];
    do {
      match(SPACE);
      const first = text[position];
      if (first === '"') {
        if (!string()[2]) return false;
      } else if (first === '{' || first === '[') {
        closings.push(first === '{' ? '}' : ']');
        position++;
      } else if (first === '}' || first === ']') {
        if (closings.pop() !== first) return false;
        position++;
      } else if ((first === ',' || first === ':') && closings.length > 0) {
        position++;
      } else if (!match(SCALAR)) {
        return false;
      }
    } while (closings.length > 0);
    return !isAtEnd();
  };
  if (!pass('{')) return false;
  // What stands as the time, and whether what was seen can be the beginning of an entry, whose first key is the time.
  let time;
  let mayBegin = true;
  const ending = () => (time === undefined ? isAtEnd() && isCutOff && mayBegin : isTime(time));
  if (text[position] === '}') return false;
  for (let isFirst = true; text[position] === '"'; isFirst = false) {
    const [, key, closing] = string();
    if (!closing) {
      if (isFirst && !KEY.startsWith(key)) mayBegin = false;
      return ending();
    }
    const hasColon = pass(':');
    if (!hasColon && !isAtEnd()) return ending();
    if (key === KEY) mayBegin = true;
    else if (time === undefined) mayBegin = false;
    if (isAtEnd()) return ending();
    const start = position;
    const isWhole = skipValue();
    if (key === KEY) time = text.slice(start);
    if (!isWhole || text[position] === '}' || pass('}') || !pass(',')) return ending();
  }
  return ending();
}

module.exports = { isEntry, isTornEntry };
