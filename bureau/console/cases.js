// The page of cases: a list that keeps itself up to date, and one case beside it. #17 opens case 17.

import { severityBadge, lateBadge } from './alerts.js';
import { ApiError, getConsole } from './api.js';
import { getCase, getCases } from './caseapi.js';
import { CasePage } from './casepage.js';
import { byId, h, RowList, setText } from './dom.js';
import { plateText, shortTime, word } from './format.js';
import { language, onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';

const RETRY_MS = 5000;
const STATES = ['going', 'open', 'acknowledged', 'assigned', 'rectified', 'closed', 'dismissed', 'all'];
const KINDS = ['OVERLOAD', 'OFF_ROUTE', 'OUT_OF_HOURS', 'UNAPPROVED_STOP', 'UNLICENSED', 'OVERSPEED', 'UNBELTED',
  'DOOR_OPEN_MOVING', 'CHILD_LEFT_BEHIND', 'SENSOR_FAULT', 'TAMPER', 'SILENT', 'OUTAGE', 'SIGHTING'];
const GOING = ['open', 'acknowledged', 'assigned', 'rectified'];

const form = byId('case-filters');
const more = byId('case-more');
const page = new CasePage(byId('case'), put);
const cases = new Map(); // id -> case, of the list as it is filtered
const schools = new Map(); // id -> name, of all that were seen
let nextBefore = null;
let note = 'loading';
let selected = null;
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
  onDraw: (shown) => setText(byId('case-empty'), shown > 0 ? '' : t(note)),
});

const filters = () => Object.fromEntries(new FormData(form));

/** True when a case that has changed still belongs into the list. What only the server can tell counts as yes. */
function belongs(item) {
  const { state, kind, school, overdue } = filters();
  const stateFits = state === 'all' || (state === 'going' ? GOING.includes(item.state) : item.state === state);
  const schoolFits = !school || item.school_id === school || item.assigned_school_id === school;
  return stateFits && schoolFits && (!kind || item.kind === kind) && (!overdue || item.overdue);
}

function learnSchools(item) {
  const n = schools.size;
  if (item.school_id) schools.set(item.school_id, item.school || item.school_id);
  if (item.assigned_school_id) schools.set(item.assigned_school_id, item.assigned_school || item.assigned_school_id);
  if (schools.size > n) fillSchools();
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

async function load(before) {
  asked += 1;
  const mine = asked;
  try {
    const answer = await getCases(filters(), before);
    if (mine !== asked) return;
    if (before === null) {
      cases.clear();
      rows.clear();
    }
    for (const item of answer.cases) {
      learnSchools(item);
      cases.set(item.id, item);
      rows.put(item.id, item);
    }
    nextBefore = answer.next_before;
    note = 'cases.none';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine !== asked) return;
    note = 'cases.failed';
  }
  more.hidden = nextBefore === null;
  rows.redraw();
  if (cases.size === 0) setText(byId('case-empty'), t(note));
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
    if (selected === id) page.show(item, schools);
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
  const source = new EventSource('/v1/alerts/stream');
  source.addEventListener('open', () => load(null)); // what was missed while it was closed
  source.addEventListener('case', (event) => {
    const step = JSON.parse(event.data);
    put(step.case);
    if (step.case_id === selected && step.number > page.lastStep) open(selected);
  });
  source.addEventListener('error', () => {
    source.close();
    setTimeout(listen, RETRY_MS);
  });
}

const option = (value, text) => h('option', { value }, text);

function fillSelect(select, options) {
  const { value } = select;
  select.replaceChildren(...options);
  select.value = value || options[0].value;
}

function fillSchools() {
  fillSelect(form.elements.school, [option('', t('case.allSchools')),
    ...[...schools].sort(([, a], [, b]) => a.localeCompare(b, 'zh')).map(([id, name]) => option(id, name))]);
}

function fillFilters() {
  fillSelect(form.elements.state, STATES.map((state) => option(state, t(`case.state.${state}`))));
  fillSelect(form.elements.kind, [option('', t('filter.kinds')), ...KINDS.map((kind) => option(kind, word('kind', kind)))]);
  fillSchools();
}

form.addEventListener('change', () => load(null));
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
setLanguage(storedLanguage());
getConsole().then((settings) => page.setMap(settings)).catch(() => page.setMap({ tiles: '', tiles_frame: 'wgs84' }));
load(null);
listen();
openHash();
document.documentElement.dataset.ready = language(); // for tests: everything is bound
