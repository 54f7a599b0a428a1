'use strict';
// JSON text: read as spans, so that what others wrote goes back byte for byte, and whatever careless writers put into it.
// For that a file's text has one character for each byte ('latin1'); `spell` makes such text, `members` reads its keys.

// A text that never ends takes all that follows: else each quote in it would be tried as a beginning, and each try would read to the end.
const WORDS = /"(?:[^"\\]|\\[^])*(?:"|\\?$)|-?\bInfinity\b|\bNaN\b/g;

/** JSON.parse that takes the numbers that JSON has no word for, as Python's json.dump writes them, as null. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = text.replace(WORDS, (word) => (word.startsWith('"') ? word : 'null'));
    if (mended === text) throw error;
    return JSON.parse(mended);
  }
}

/** The members of a text that is one JSON object: a Map from the key to its value's text. `text` must have been parsed. */
function members(text) {
  const found = new Map();
  let position = text.indexOf('{') + 1;
  for (;;) {
    position = skip(text, position);
    if (text[position] !== '"') return found; // the closing brace of an object without members
    const keyEnd = endOfString(text, position);
    const key = JSON.parse(Buffer.from(text.slice(position, keyEnd), 'latin1').toString());
    const start = skip(text, skip(text, keyEnd) + 1); // behind the colon
    const end = endOfValue(text, start);
    found.set(key, text.slice(start, end).trimEnd());
    if (text[end] !== ',') return found;
    position = end + 1;
  }
}

function skip(text, position) {
  while (position < text.length && ' \t\r\n'.includes(text[position])) position++;
  return position;
}

function endOfString(text, position) {
  for (position++; text[position] !== '"'; position++) {
    if (text[position] === '\\') position++;
  }
  return position + 1;
}

/** Where the comma or the brace behind a value is. */
function endOfValue(text, position) {
  let depth = 0;
  for (; position < text.length; position++) {
    const character = text[position];
    if (character === '"') position = endOfString(text, position) - 1;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && depth-- === 0) return position;
    else if (character === ',' && depth === 0) return position;
  }
  return position;
}

/** An object with a member on each line. `found`: a Map from the key to its value's text. */
function objectText(found) {
  return `{\n${[...found].map(([key, text]) => `  ${spell(key)}: ${text}`).join(',\n')}\n}\n`;
}

/** A value as JSON, with one character for each of its bytes. */
function spell(value) {
  return Buffer.from(JSON.stringify(value)).toString('latin1');
}

module.exports = { members, objectText, parse, spell };
