'use strict';
// The live table. News come as server-sent events; when those break, the page asks every few seconds until they are back.
// Everything that stems from a process is put in as text, never as markup.

const STATES = ['dead', 'hung', 'never', 'stopped', 'alive']; // the worst first
const MEANING = {
  alive: 'It beats; or a job that is in order.',
  hung: 'It runs, but does not beat; or a job whose run takes too long.',
  dead: 'It does not run, or nothing was heard of it for too long; or a job that failed, or did not succeed in time.',
  stopped: 'It said that it ended.',
  never: 'It is configured, and was never seen.',
};
const REASONS = {
  never_seen: 'never seen',
  said_stopped: 'it said so',
  pid_gone: 'its process is gone',
  zombie: 'its process has ended and is a zombie',
  pid_reused: 'its pid belongs to another process now',
  suspended: 'its process is suspended',
  silent: 'no beat within its timeout',
  beating: 'it beats',
  clock_ahead: 'its clock is ahead',
  entry_vanished: 'its entry has vanished, or cannot be read',
  job_running: 'it runs now',
  job_succeeded: 'its last run succeeded',
  job_overdue: 'its run takes longer than it may',
  job_failed: 'its last run failed',
  job_late: 'it did not succeed in time',
};
// What to do about a state, in the exporter's own copy of docs/troubleshooting.md; of jobs there is less to say.
const HELP = {
  dead: '/troubleshooting#a-program-shows-dead-though-it-runs',
  hung: '/troubleshooting#a-program-shows-hung-though-it-works',
  silenced: '/troubleshooting#an-alert-does-not-fire-or-fires-in-a-maintenance',
};
const NOTHING = 'Nothing has beaten yet. Try, with the heartbeat file of this exporter: heartbeat send my-first-program --file FILE';
const HISTORY = 60; // seconds that a process's line of ages spans
const CURVE_STEP = 4; // seconds between the points of that line where it is curved
const MOST_ROWS = 300; // shown before somebody asks for all
const POLL_INTERVAL = 3000; // milliseconds
const PATIENCE = 5000; // without news or an answer for so long, the page asks by itself or says that there is nobody
const LONGEST_SILENCE = 15000; // after which a connection that seems open is opened anew: its other end may be gone
const SHORTEST_MEASUREMENT = 0.5; // seconds: CPU time has steps of 10 ms, which would be much of a shorter time

const byId = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// Units as people read them.
const seconds = (value) => {
  if (value === null || value === undefined) return '';
  const sign = value < 0 ? '-' : '';
  const v = Math.abs(value);
  if (v < 9.95) return `${sign}${v.toFixed(1)} s`;
  if (v < 99.5) return `${sign}${Math.round(v)} s`;
  if (v < 5970) return `${sign}${Math.round(v / 60)} min`;
  if (v < 172800) return `${sign}${Math.round(v / 3600)} h`;
  return `${sign}${Math.round(v / 86400)} d`;
};
const bytes = (value) => {
  if (value === null || value === undefined) return '';
  let v = value;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (v < 999.5 || unit === 'TiB') return `${v < 9.95 && unit !== 'B' ? v.toFixed(1) : Math.round(v)} ${unit}`;
    v /= 1024;
  }
  return '';
};
const percent = (value) => (value === null || value === undefined ? '' : `${(value * 100).toFixed(value < 0.0995 ? 1 : 0)} %`);
const time = (value) => (value ? new Date(value * 1000).toLocaleString() : '');

// When a job is next to succeed, such as `in 3 h`.
const due = (job) => {
  if (!job || job.next_due === null) return '';
  const left = job.next_due - generated;
  return left >= 0 ? `in ${seconds(left)}` : `since ${seconds(-left)}`;
};
// What somebody has to look at: why it is in its state, or what is odd though it is alive; of a job also when it is due.
const why = (told) => {
  const isOdd = ['dead', 'hung'].includes(told.state) || ['clock_ahead', 'entry_vanished'].includes(told.reason);
  const reason = isOdd ? REASONS[told.reason] || told.reason : '';
  return [reason, due(told.job) && `due ${due(told.job)}`].filter(Boolean).join(', ');
};

// That somebody works on it, such as `silenced until 15:00 (a new disk)`.
const silence = (told) => {
  if (!told.silenced) return '';
  const until = new Date(told.silenced.until * 1000);
  const isToday = until.toDateString() === new Date(generated * 1000).toDateString();
  const clock = until.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return `silenced until ${isToday ? '' : `${until.toLocaleDateString()} `}${clock}${told.silenced.comment ? ` (${told.silenced.comment})` : ''}`;
};

const programs = new Map(); // by name: what was told last, its row once it is shown, its recent beats
let order = []; // of names, as shown
let sorting = { column: 'state', descending: false };
let wanted = null; // a state, or null for all
let showsAll = false;
let lastHost = null;
let generated = 0;
let lastNews = -Infinity; // of performance.now(), as all spans of time here: somebody may set the clock
let head = {}; // what the exporter says beside the processes: summary, file, problems
let isLost = true; // until the first news

const COLUMNS = [
  { id: 'state', title: 'State', value: (p) => STATES.indexOf(p.told.state) },
  { id: 'name', title: 'Process', value: (p) => (p.told.display_name || p.told.name).toLowerCase() },
  { id: 'age', title: 'Age', number: true, value: (p) => p.told.age_seconds },
  { id: 'ages', title: 'Last minute', className: 'medium' },
  { id: 'timeout', title: 'Timeout', number: true, className: 'wide', value: (p) => p.told.timeout_seconds },
  { id: 'status', title: 'Status', className: 'medium', value: (p) => p.told.status },
  { id: 'pid', title: 'PID', number: true, className: 'wide', value: (p) => p.told.pid },
  { id: 'cpu', title: 'CPU', number: true, className: 'medium', value: (p) => p.cpu },
  { id: 'memory', title: 'Memory', number: true, className: 'medium', value: (p) => p.told.process?.resident_memory_bytes },
  { id: 'uptime', title: 'Uptime', number: true, className: 'wide', value: (p) => (p.told.process?.start_time ? generated - p.told.process.start_time : null) },
];

function makeColumns() {
  for (const column of COLUMNS) {
    const th = make('th', { scope: 'col', class: `${column.number ? 'number' : ''} ${column.className || ''}`.trim() });
    if (column.value) {
      const button = make('button', { type: 'button' }, column.title);
      button.addEventListener('click', () => {
        sorting = { column: column.id, descending: sorting.column === column.id ? !sorting.descending : false };
        arrange();
      });
      th.append(button);
    } else {
      th.textContent = column.title;
    }
    column.header = th;
    byId('columns').append(th);
  }
  for (const state of STATES.toReversed ? STATES.toReversed() : [...STATES].reverse()) {
    const button = make('button', { type: 'button', 'aria-pressed': 'false', 'data-state': state, title: MEANING[state] });
    button.append(make('span', { class: `mark ${state}`, 'aria-hidden': 'true' }), make('b'), state);
    button.addEventListener('click', () => {
      wanted = wanted === state ? null : state;
      for (const other of byId('states').children) setAttribute(other, 'aria-pressed', String(other.dataset.state === wanted));
      arrange();
    });
    byId('states').append(button);
  }
  byId('filter').addEventListener('input', arrange);
  byId('more').firstElementChild.addEventListener('click', () => {
    showsAll = true;
    arrange();
  });
}

function makeRow(program) {
  const row = make('tr', { class: 'process' });
  const cells = {};
  for (const column of COLUMNS) {
    const td = make('td', { class: `${column.number ? 'number' : ''} ${column.className || ''} ${column.id}`.trim() });
    cells[column.id] = td;
    row.append(td);
  }
  const mark = make('span', { class: 'mark', 'aria-hidden': 'true' });
  const word = make('span');
  cells.state.append(make('span', {}, mark, word));
  const button = make('button', { type: 'button', 'aria-expanded': 'false' });
  const host = make('span', { class: 'host' });
  const silenced = make('span', { class: 'silenced' });
  cells.name.append(button, silenced, host);
  cells.status.classList.add('word');
  cells.name.append(make('span', { class: 'why' }));
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const area = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const limit = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  svg.setAttribute('class', 'ages');
  svg.setAttribute('viewBox', '0 0 96 22');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  limit.setAttribute('x1', '0');
  limit.setAttribute('x2', '96');
  area.setAttribute('class', 'area');
  svg.append(area, limit, line);
  cells.ages.append(svg);
  row.addEventListener('click', () => toggle(program));
  return { row, cells, mark, word, button, silenced, host, svg, area, line, limit, details: null };
}

function toggle(program) {
  const view = program.view;
  if (view.details) {
    view.details.remove();
    view.details = null;
  } else {
    view.details = make('tr', { class: 'details' }, make('td', { colspan: String(COLUMNS.length) }));
    view.row.after(view.details);
    showDetails(program);
  }
  view.button.setAttribute('aria-expanded', String(view.details !== null));
}

function flatten(value, path, into) {
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length) {
    for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, into);
  } else {
    into.push([path, typeof value === 'string' ? value : JSON.stringify(value)]);
  }
  return into;
}

function facts(title, pairs) {
  const list = make('dl');
  for (const [key, value] of pairs) list.append(make('dt', {}, key), make('dd', {}, value));
  return make('div', {}, make('h2', {}, title), list);
}

function showDetails(program) {
  const told = program.told;
  const heart = [
    ['state', `${told.state}: ${REASONS[told.reason] || told.reason}`],
    ['name', told.name],
    ['last beat', told.last_heartbeat === null ? 'never' : time(told.last_heartbeat)],
  ];
  if (told.timeout_seconds !== null) heart.push(['timeout', seconds(told.timeout_seconds)]);
  if (told.since !== null) heart.splice(1, 0, ['since', time(told.since)]);
  if (told.silenced) {
    const { until, created_by: by, comment } = told.silenced;
    heart.splice(1, 0, ['silenced', `until ${time(until)}${by ? `, by ${by}` : ''}${comment ? `: ${comment}` : ''}`]);
    heart.splice(2, 0, ['', make('a', { href: HELP.silenced }, 'What that means')]);
  }
  if (told.interval_seconds !== null) {
    heart.push(['interval', seconds(told.interval_seconds) + (told.timeout_tight ? ', close to the timeout' : '')]);
  }
  if (told.host !== null) heart.push(['host', told.host]);
  if (told.pid !== null) heart.push(['pid', String(told.pid)]);
  if (told.file !== null) heart.push(['file', told.file]);
  if (HELP[told.state] && !told.job) heart.splice(1, 0, ['', make('a', { href: HELP[told.state] }, 'What to do')]);
  const parts = [facts('Heartbeat', heart)];
  if (told.job) {
    const job = told.job;
    const pairs = [
      ['next due', job.next_due === null ? '' : `${time(job.next_due)} (${due(job)})`],
      ['late from', time(job.late_at)],
      ['last success', job.last_success === null ? 'never' : time(job.last_success)],
      ['last start', time(job.started)],
      ['last end', time(job.ended)],
      ['took', seconds(job.duration_seconds)],
      ['exit code', job.exit_code === null ? '' : String(job.exit_code)],
      ['runs', job.runs === null ? '' : `${job.runs}, of which ${job.failures ?? 0} failed`],
    ];
    parts.push(facts('Job', pairs.filter(([, value]) => value)));
  }
  if (told.process) {
    const p = told.process;
    const pairs = [
      ['started', time(p.start_time)],
      ['CPU time', seconds(p.cpu_seconds)],
      ['memory', `${bytes(p.resident_memory_bytes)} resident, ${bytes(p.virtual_memory_bytes)} virtual`],
      ['threads', String(p.threads)],
    ];
    if (p.open_fds !== null) pairs.push(['open files', p.max_fds ? `${p.open_fds} of ${p.max_fds}` : String(p.open_fds)]);
    if (p.read_bytes !== null) pairs.push(['disk', `${bytes(p.read_bytes)} read, ${bytes(p.written_bytes)} written`]);
    parts.push(facts('Process', pairs));
  }
  const data = flatten(told.data, '', []).filter(([path]) => path);
  parts.push(facts('Its own data', data.length ? data : [['', 'none']]));
  const grid = make('div', { class: 'facts' }, ...parts);
  const cell = program.view.details.firstElementChild;
  const keys = (element) => [...element.querySelectorAll('dt')].map((dt) => dt.textContent).join('\n');
  if (!cell.firstElementChild || keys(cell) !== keys(grid)) {
    cell.replaceChildren(grid);
    return;
  }
  // Only what changed is touched: somebody may be selecting a value to copy it.
  const values = cell.querySelectorAll('dd');
  grid.querySelectorAll('dd').forEach((dd, index) => setText(values[index], dd.textContent));
}

function showRow(program) {
  const { told, view } = program;
  setAttribute(view.mark, 'class', `mark ${told.state}`);
  setAttribute(view.word, 'class', `${told.state}-text`);
  setText(view.word, told.state);
  setAttribute(view.word, 'title', REASONS[told.reason] || told.reason);
  setText(view.button, told.display_name || told.name);
  setAttribute(view.button, 'title', told.name);
  setText(view.silenced, silence(told));
  setAttribute(view.silenced, 'title', silence(told));
  setText(view.host, told.host ?? '');
  setText(view.cells.age, seconds(told.age_seconds));
  setText(view.cells.timeout, seconds(told.timeout_seconds));
  setText(view.cells.status, told.status ?? '');
  setAttribute(view.cells.status, 'title', told.status ?? '');
  setText(view.cells.pid, told.pid === null ? '' : String(told.pid));
  setText(view.cells.cpu, percent(program.cpu));
  setText(view.cells.memory, bytes(told.process?.resident_memory_bytes));
  setText(view.cells.uptime, told.process?.start_time ? seconds(Math.max(0, generated - told.process.start_time)) : '');
  setText(view.cells.name.lastElementChild, why(told));
  drawAges(program);
  if (view.details) showDetails(program);
}

// A beat sets the age to 0, from where it grew for as long as no newer one was told of: so the line reaches back to before
// the page was opened. The scale is that of the square root, or a healthy line would be flat.
function drawAges(program) {
  const { view, told, beats } = program;
  const begin = generated - HISTORY;
  const highest = Math.max(0, ...beats.map(({ at, until }) => until - at));
  const top = Math.max(told.timeout_seconds * 1.15, highest) || 1;
  const x = (time) => (Math.min(1, (time - begin) / HISTORY) * 96).toFixed(1);
  const y = (age) => (21 - Math.sqrt(Math.max(0, age) / top) * 20).toFixed(1);
  const points = [];
  for (const { at, until } of beats) {
    for (let time = Math.max(at, begin); time < until; time += CURVE_STEP) points.push(`${x(time)} ${y(time - at)}`);
    points.push(`${x(until)} ${y(until - at)}`);
  }
  const path = points.join('L');
  setAttribute(view.line, 'd', path && `M${path}`);
  setAttribute(view.area, 'd', path && `M${points[0].split(' ')[0]} 22L${path}L${points.at(-1).split(' ')[0]} 22Z`);
  setAttribute(view.limit, 'y1', y(told.timeout_seconds));
  setAttribute(view.limit, 'y2', y(told.timeout_seconds));
  // A job is not meant to beat, and has no timeout.
  view.svg.style.visibility = beats.length && told.timeout_seconds !== null ? 'visible' : 'hidden';
  setAttribute(view.svg, 'aria-label', beats.length ? `highest age ${seconds(highest)}` : 'never beat');
}

// Remembers a beat, and no more than the line needs.
function noteBeat(program) {
  const { beats } = program;
  const at = program.told.last_heartbeat;
  const until = Math.max(generated, at ?? 0); // the clock of the process may be ahead
  if (at === null || at < beats.at(-1)?.at) beats.length = 0; // forgotten, or its clock was set back
  if (at !== null && at === beats.at(-1)?.at) beats.at(-1).until = until;
  else if (at !== null) beats.push({ at, until });
  while (beats.length > 1 && beats[0].until < generated - HISTORY) beats.shift();
}

// CPU time since the last measurement, as a share of one CPU.
function measureCPU(program) {
  const figures = program.told.process;
  const { measured } = program;
  if (!figures || measured?.figures.start_time !== figures.start_time) {
    program.cpu = null;
    program.measured = figures && { figures, time: generated };
    return;
  }
  const passed = generated - measured.time;
  if (passed < SHORTEST_MEASUREMENT) return;
  program.cpu = Math.max(0, (figures.cpu_seconds - measured.figures.cpu_seconds) / passed);
  program.measured = { figures, time: generated };
}

function compare(a, b) {
  const column = COLUMNS.find((c) => c.id === sorting.column);
  const x = column.value(a);
  const y = column.value(b);
  // What is not known comes last, whichever way round.
  if (x === null || x === undefined || y === null || y === undefined) {
    if (x === y || ((x ?? null) === null && (y ?? null) === null)) return a.told.name < b.told.name ? -1 : 1;
    return (x ?? null) === null ? 1 : -1;
  }
  const sign = sorting.descending ? -1 : 1;
  if (x !== y) return (x < y ? -1 : 1) * sign;
  return a.told.name < b.told.name ? -1 : 1;
}

// Puts the rows that are wanted in order; the document is touched only where that changes something.
function arrange() {
  const text = byId('filter').value.trim().toLowerCase();
  const matches = (p) =>
    (wanted === null || p.told.state === wanted) &&
    (!text || [p.told.name, p.told.display_name, p.told.status, p.told.host, silence(p.told)].some((v) => v && v.toLowerCase().includes(text)));
  const found = [...programs.values()].filter(matches).sort(compare);
  const shown = showsAll ? found : found.slice(0, MOST_ROWS);
  for (const p of shown) p.view ??= makeRow(p);
  const names = shown.map((p) => p.told.name);
  if (names.length !== order.length || names.some((name, index) => name !== order[index])) {
    const rows = [];
    for (const p of shown) {
      rows.push(p.view.row);
      if (p.view.details) rows.push(p.view.details);
    }
    const focused = document.activeElement;
    byId('rows').replaceChildren(...rows);
    if (focused && focused !== document.body && focused.isConnected) focused.focus({ preventScroll: true });
    order = names;
  }
  for (const p of shown) showRow(p);
  for (const column of COLUMNS) {
    if (!column.value) continue;
    const direction = sorting.descending ? 'descending' : 'ascending';
    setAttribute(column.header, 'aria-sort', sorting.column === column.id ? direction : 'none');
  }
  byId('more').hidden = shown.length === found.length;
  setText(byId('more').firstElementChild, `Show all ${found.length} processes`);
  const nothing = byId('nothing');
  nothing.hidden = found.length > 0 || !generated;
  setText(nothing, programs.size ? 'No process matches the filter.' : NOTHING);
  document.querySelector('.table').hidden = programs.size === 0 && generated > 0;
  setText(byId('shown'), generated ? `${found.length} of ${programs.size} processes, ${time(generated)}` : '');
}

const MOST_LEFT_OUT = 5;

function showLeftOut(problems, count) {
  const box = byId('left-out');
  box.hidden = problems.length === 0;
  setText(box.querySelector('p'), count === 1 ? 'Something of the heartbeat files is left out:'
    : `${count} things of the heartbeat files are left out:`);
  const lines = problems.slice(0, MOST_LEFT_OUT).map((problem) => problem.message);
  if (count > lines.length) lines.push(`and ${count - lines.length} more, see /api/v1/heartbeats`);
  const list = box.querySelector('ul');
  while (list.children.length > lines.length) list.lastChild.remove();
  while (list.children.length < lines.length) list.append(document.createElement('li'));
  lines.forEach((line, place) => setText(list.children[place], line));
}

// The first file that cannot be used, and how many more; what they said last stays in the table.
function showFileProblem({ file, files }) {
  const problem = file.problem;
  byId('file-problem').hidden = !problem;
  if (!problem) return;
  const bad = files.filter((one) => one.problem).length;
  const of = files.length > 1 ? `${bad} of ${files.length} heartbeat files` : 'The heartbeat file';
  const kept = programs.size && bad ? `${of} cannot be read. The table shows what was read before. ` : '';
  setText(byId('file-problem').firstElementChild, kept + problem.message + (bad > 1 ? ` (and ${bad - 1} more, see /api/v1/heartbeats)` : ''));
}

// The tab: how many processes are in trouble, and a question mark where nobody knows. The icon that cannot say "unknown"
// would say "all is well".
function showTab() {
  const { summary = {}, file = {}, problems = [], problem_count: count = 0 } = head;
  const isBlind = isLost || !head.summary;
  const trouble = isBlind ? 0 : summary.dead + summary.hung;
  const isUnknown = isBlind || summary.never > 0 || Boolean(file.problem)
    // As the tool has it: a part that is left out of what a process says hides nobody.
    || problems.some((problem) => problem.hides_process) || count > problems.length;
  const mark = `${trouble || ''}${isUnknown && (!trouble || file.problem) ? '?' : ''}`;
  document.title = mark ? `(${mark}) Heartbeats` : 'Heartbeats';
  setAttribute(byId('icon'), 'href', `/assets/${trouble ? 'trouble' : isUnknown ? 'unknown' : 'icon'}.svg`);
  const worst = ['dead', 'hung'].find((state) => trouble && summary[state] > 0) || (isUnknown ? 'unknown' : 'alive');
  setAttribute(document.body, 'data-worst', worst);
}

// The whole picture.
function takeStatus(status) {
  const present = new Set(status.heartbeats.map((told) => told.name));
  for (const name of programs.keys()) if (!present.has(name)) programs.delete(name);
  takeChange(status);
}

// What has changed: whole processes, and members of the rest. The ages follow from the last beats and the exporter's clock.
function takeChange(status) {
  generated = status.generated;
  for (const name of status.removed ?? []) programs.delete(name);
  for (const told of status.heartbeats) {
    const program = programs.get(told.name);
    if (program) program.told = told;
    else programs.set(told.name, { beats: [], cpu: null, measured: null, view: null, told });
  }
  for (const program of programs.values()) {
    const { told } = program;
    told.age_seconds = told.last_heartbeat === null ? null : generated - told.last_heartbeat;
    noteBeat(program);
    measureCPU(program);
  }
  for (const key of ['summary', 'file', 'files', 'problems', 'problem_count']) if (status[key] !== undefined) head[key] = status[key];
  for (const button of byId('states').children) {
    const count = String(head.summary[button.dataset.state]);
    setText(button.querySelector('b'), count);
    setAttribute(button, 'data-count', count);
  }
  showFileProblem(head);
  showLeftOut(head.problems, head.problem_count);
  showTab();
  arrange();
}

function figure(id, label, value, detail, share) {
  let box = byId(`figure-${id}`);
  if (!box) {
    box = make('div', { class: 'figure', id: `figure-${id}` });
    box.append(make('div', { class: 'label' }), make('div', { class: 'value' }, make('span'), make('span', { class: 'detail' })));
    if (share !== undefined) box.append(make('meter', { min: '0', max: '1', low: '0.8', high: '0.9', optimum: '0' }));
    byId('host').append(box);
  }
  setText(box.querySelector('.label'), label);
  setText(box.querySelector('.value span'), value);
  setText(box.querySelector('.detail'), detail);
  const meter = box.querySelector('meter');
  if (meter) {
    meter.value = share ?? 0;
    setAttribute(meter, 'aria-label', label);
  }
}

// What of the host has changed is laid over what was known; null is what is not known any more.
function takeHost(news, isWhole) {
  const host = isWhole ? news : { ...lastHost, ...news };
  for (const [key, value] of Object.entries(host)) if (value === null) delete host[key];
  setText(byId('host-name'), host.name);
  byId('host').hidden = false;
  if (lastHost && host.cpu_seconds > lastHost.cpu_seconds) {
    const share = (host.cpu_busy_seconds - lastHost.cpu_busy_seconds) / (host.cpu_seconds - lastHost.cpu_seconds);
    figure('cpu', 'CPU', percent(Math.min(1, Math.max(0, share))), `of ${host.cpus} CPUs`, share);
  } else if (!lastHost) {
    figure('cpu', 'CPU', '…', `of ${host.cpus} CPUs`, 0);
  }
  lastHost = host;
  if (host.load1 !== undefined) figure('load', 'Load', host.load1.toFixed(2), `${host.load5.toFixed(2)}  ${host.load15.toFixed(2)}`);
  if (host.memory_total_bytes) {
    const used = host.memory_total_bytes - host.memory_available_bytes;
    figure('memory', 'Memory', bytes(used), `of ${bytes(host.memory_total_bytes)}`, used / host.memory_total_bytes);
  }
  (host.filesystems ?? []).filter((disk) => disk.size_bytes >= 2 ** 28).slice(0, 3).forEach((disk, index) => {
    const used = disk.size_bytes - disk.free_bytes;
    figure(`disk-${index}`, `Disk ${disk.mountpoint}`, bytes(used), `of ${bytes(disk.size_bytes)}`, disk.used_ratio);
  });
  if (host.boot_time && generated) figure('uptime', 'Uptime', seconds(generated - host.boot_time), '');
}

function connection(state, text) {
  isLost = state === 'lost';
  showTab();
  setAttribute(byId('connection'), 'data-state', state);
  setText(byId('connection'), text);
  // What is shown was so once.
  for (const part of [byId('host'), byId('states'), document.querySelector('.table')]) part.classList.toggle('stale', state === 'lost');
}

let source = { readyState: EventSource.CLOSED, close() {} };
let isPolling = false;
let listeningSince = -Infinity;
let hasAsked = false; // whether the page shows what it asked for, and not what was sent

function listen() {
  listeningSince = performance.now();
  source = new EventSource('/api/v1/events');
  // Changes count from the picture that this connection began with, or from the change before: not from one that was asked for.
  let isWhole = false;
  hasAsked = false;
  const take = (event) => {
    const news = JSON.parse(event.data);
    if (event.type === 'change' && (!isWhole || hasAsked)) {
      source.close();
      listen();
      return;
    }
    isWhole = true;
    hasAsked = false;
    lastNews = performance.now();
    (event.type === 'change' ? takeChange : takeStatus)(news.status);
    takeHost(news.host, event.type !== 'change');
    connection('live', 'live');
  };
  source.addEventListener('status', take);
  source.addEventListener('change', take);
}

async function poll() {
  if (isPolling) return;
  isPolling = true;
  try {
    const answers = await Promise.all(['/api/v1/heartbeats', '/api/v1/host'].map((path) => fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })));
    if (answers.some((answer) => !answer.ok)) throw new Error('refused');
    const [status, host] = await Promise.all(answers.map((answer) => answer.json()));
    if (performance.now() - lastNews < PATIENCE) return; // the events are back
    hasAsked = true;
    takeStatus(status);
    takeHost(host, true);
    connection('polling', `asking every ${POLL_INTERVAL / 1000} s`);
  } catch {
    connection('lost', generated ? `no connection since ${new Date(generated * 1000).toLocaleTimeString()}` : 'no connection');
  } finally {
    isPolling = false;
  }
}

// Closed for good (the browser gives up after a refusal) is opened again; silent is bridged by asking.
function watchConnection() {
  const now = performance.now();
  const isSilent = source.readyState === EventSource.OPEN && now - Math.max(lastNews, listeningSince) >= LONGEST_SILENCE;
  if (isSilent) source.close();
  if (!document.hidden && source.readyState === EventSource.CLOSED) listen();
  if (now - lastNews >= PATIENCE) poll();
}

// A browser has six connections to one host, and a page that listens holds one: those that nobody looks at only ask, so
// that many tabs can be open. Their titles go on telling.
function changeVisibility() {
  source.close();
  if (!document.hidden) {
    listen();
    poll();
  }
}

makeColumns();
arrange();
showTab();
document.addEventListener('visibilitychange', changeVisibility);
if (!document.hidden) listen();
poll();
setInterval(watchConnection, POLL_INTERVAL);
