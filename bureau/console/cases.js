// The page of cases: a list that keeps itself up to date, and one case beside it. #17 opens case 17.

import { severityBadge, lateBadge } from './alerts.js';
import { ApiError, getConsole, getSession } from './api.js';
import { getCase, getCases, getSchools } from './caseapi.js';
import { CasePage } from './casepage.js';
import { byId, h, RowList, setText } from './dom.js';
import { openDrafts } from './drafts.js';
import { plateText, shortTime, word } from './format.js';
import { language, onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';

const RETRY_MS = 5000;
const CHECK_INTERVAL_MS = 60000;
const STATES = ['going', 'open', 'acknowledged', 'assigned', 'rectified', 'closed', 'dismissed', 'all'];
const KINDS = ['OVERLOAD', 'OFF_ROUTE', 'OUT_OF_HOURS', 'UNAPPROVED_STOP', 'UNLICENSED', 'OVERSPEED', 'UNBELTED',
  'DOOR_OPEN_MOVING', 'CHILD_LEFT_BEHIND', 'SENSOR_FAULT', 'TAMPER', 'SILENT', 'OUTAGE', 'SIGHTING'];
const GOING = ['open', 'acknowledged', 'assigned', 'rectified'];

const form = byId('case-filters');
const more = byId('case-more');
const page = new CasePage(byId('case'), put);
const cases = new Map(); // id -> case, of the list as it is filtered
const schools = new Map(); // id -> name, of the registry and of the cases that were seen
let nextBefore = null;
let note = 'loading';
let selected = null;
let source = null; // the event stream
let asked = 0; // of load(): an answer to an earlier question is dropped

const rows = new RowList(byId('case-rows'), {
  compare: (a, b) => b.overdue - a.overdue || b.id - a.id,
  className: (item) => `sev-${item.severity} ${GOING.includes(item.state) ? '' : 'is-cleared'}`,
  render: (item) => [
    h('span', { class: 'line' },
      h('b', { class: 'kind' }, word('kind', item.kind)), severityBadge(item.severity), lateBadge(item),
      h('span', { class: 'when' }, shortTime(item.happened_at))),
    h('span', { class: 'line' },
      h('span', { class: 'plate' }, plateText(item.plate) || item.vehicle_id || t('case.noVehicle')),
      h('span', { class: 'school' }, item.assigned_school || item.school)),
    h('span', { class: 'line' },
      h('span', { class: `case-state state-${item.state}` }, t(`case.state.${item.state}`)),
      item.overdue ? h('span', { class: 'badge-urgent' }, t('case.overdue')) : null,
      item.recurrence > 0 ? h('span', { class: 'tag' }, t('case.again', { n: item.recurrence + 1 })) : null,
      h('span', { class: 'when' }, `#${item.id}`)),
  ],
  matches: () => true,
  onSelect: (id) => { location.hash = `#${id}`; },
  onDraw: drawNote,
});

const filters = () => Object.fromEntries(new FormData(form));

/** True when a case that has changed still belongs into the list. What only the server can tell counts as yes. */
function belongs(item) {
  const { state, kind, school, overdue } = filters();
  const stateFits = state === 'all' || (state === 'going' ? GOING.includes(item.state) : item.state === state);
  const schoolFits = !school || item.school_id === school || item.assigned_school_id === school;
  return stateFits && schoolFits && (!kind || item.kind === kind) && (!overdue || item.overdue);
}

/** A list that may be old says so, however long it is. */
function drawNote() {
  setText(byId('case-note'), note === 'cases.failed' || cases.size === 0 ? t(note) : '');
}

function setNote(key) {
  note = key;
  drawNote();
}

// A case may name a school that the registry has no more, or has not told yet.
function learnSchools(item) {
  const n = schools.size;
  if (item.school_id && !schools.has(item.school_id)) schools.set(item.school_id, item.school || item.school_id);
  if (item.assigned_school_id && !schools.has(item.assigned_school_id)) {
    schools.set(item.assigned_school_id, item.assigned_school || item.assigned_school_id);
  }
  if (schools.size > n) showSchools();
}

async function loadSchools() {
  try {
    for (const [id, name] of await getSchools()) schools.set(id, name);
    showSchools();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // they are asked for again with the next connection
  }
}

function put(item) {
  learnSchools(item);
  if (belongs(item)) {
    cases.set(item.id, item);
    rows.put(item.id, item);
  } else if (cases.delete(item.id)) {
    rows.remove(item.id);
  }
}

function empty() {
  cases.clear();
  rows.clear();
}

async function load(before) {
  asked += 1;
  const mine = asked;
  try {
    const answer = await getCases(filters(), before);
    if (mine !== asked) return;
    if (before === null) empty();
    for (const item of answer.cases) {
      learnSchools(item);
      cases.set(item.id, item);
      rows.put(item.id, item);
    }
    nextBefore = answer.next_before;
    setNote('cases.none');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine !== asked) return;
    setNote('cases.failed');
    setTimeout(() => mine === asked && load(before), RETRY_MS);
  }
  more.hidden = nextBefore === null;
  rows.redraw();
}

/** What was listed by another filter does not stay, whether or not the new list can be read. */
function filter() {
  empty();
  nextBefore = null;
  more.hidden = true;
  setNote('loading');
  load(null);
}

async function open(id) {
  selected = id;
  rows.select(id);
  if (id === null) {
    page.clear();
    return;
  }
  try {
    const item = await getCase(id);
    learnSchools(item);
    if (selected === id) page.show(item);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (selected === id) page.fail(error);
  }
}

function openHash() {
  const id = Number(location.hash.slice(1));
  open(Number.isInteger(id) && id > 0 ? id : null);
}

// From the event stream: every step of every case that whoever looks may see.
function listen() {
  source = new EventSource('/v1/alerts/stream');
  source.addEventListener('open', refresh);
  source.addEventListener('case', (event) => {
    const step = JSON.parse(event.data);
    put(step.case);
    if (step.case_id === selected && step.number > page.lastStep) open(selected);
  });
  source.addEventListener('error', lose);
}

/** What was missed while the stream was closed. */
function refresh() {
  load(null);
  loadSchools();
}

/** From now on nobody tells what is new. The stream does not say why; whose session is over is led to the log-in. */
function lose() {
  source.close();
  setNote('cases.failed');
  setTimeout(listen, RETRY_MS);
  isThere();
}

async function isThere() {
  try {
    await getSession();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return false;
  }
}

// A stream can stay "open" on a dead network, and a session ends when nobody asks for anything.
async function check() {
  const asking = source;
  const isWell = await isThere();
  if (!isWell && asking === source && source.readyState === EventSource.OPEN) lose();
}

const option = (value, text) => h('option', { value }, text);

function fillSelect(select, options) {
  const { value } = select;
  select.replaceChildren(...options);
  select.value = value || options[0].value;
}

function showSchools() {
  const inOrder = [...schools].sort(([, a], [, b]) => a.localeCompare(b, 'zh'));
  fillSelect(form.elements.school, [option('', t('case.allSchools')), ...inOrder.map(([id, name]) => option(id, name))]);
  page.setSchools(inOrder);
}

function fillFilters() {
  fillSelect(form.elements.state, STATES.map((state) => option(state, t(`case.state.${state}`))));
  fillSelect(form.elements.kind, [option('', t('filter.kinds')), ...KINDS.map((kind) => option(kind, word('kind', kind)))]);
  showSchools();
}

form.addEventListener('change', filter);
more.addEventListener('click', () => load(nextBefore));
window.addEventListener('hashchange', openHash);
byId('language').addEventListener('click', toggleLanguage);
onLanguage(() => {
  setText(byId('language'), t('language'));
  document.title = `${t('cases')} · ${t('product')}`;
  fillFilters();
  rows.redraw();
  page.redraw();
});

/** Nothing is asked for before it is known who asks: without a session, getSession() leads to the log-in. */
async function begin() {
  let session;
  try {
    session = await getSession();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setNote('cases.failed');
    if (error.status !== 401) setTimeout(begin, RETRY_MS);
    return;
  }
  openDrafts(session.name);
  getConsole().then((settings) => page.setMap(settings)).catch(() => page.setMap({ tiles: '', tiles_frame: 'wgs84' }));
  refresh();
  listen();
  openHash();
  setInterval(check, CHECK_INTERVAL_MS);
}

setLanguage(storedLanguage());
begin();
document.documentElement.dataset.ready = language(); // for tests: everything is bound
