// The registry by hand: the rows of each table, one of them in a form, its history, and what ends soon. The server checks;
// this page only shows what it says. A row goes back with the tag it was read with: who was overtaken is told so.

import { ApiError, callApi } from './api.js';
import { byId, h, setText } from './dom.js';
import { dateTime } from './format.js';
import { onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { LineMap } from './linemap.js';
import { isStaff, knowWho } from './session.js';

const TABLES = ['schools', 'vehicles', 'drivers', 'permits', 'routes', 'stops', 'orders'];
const EXPIRY_DAYS = 60;
const HISTORY = 20;
const ROWS_AT_ONCE = 10000; // that come without being asked for; a feed's stops may be many more

// What a new row has, in the order of the form. Rows that are there bring their own fields.
const FIELDS = {
  schools: ['school_id', 'name', 'division', 'township'],
  vehicles: ['vehicle_id', 'plate', 'plate_color', 'school_id', 'vehicle_class', 'seats', 'approved_capacity',
    'inspected_until', 'scrapped_on'],
  drivers: ['driver_id', 'name', 'qualified_until'],
  permits: ['permit_no', 'vehicle_id', 'driver_id', 'route_id', 'weekdays', 'window_start', 'window_end', 'valid_from',
    'valid_until', 'status'],
  routes: ['route_id', 'name', 'half_width_m', 'speed_limit_kmh'],
  stops: ['stop_id', 'name', 'route_id', 'sequence', 'radius_m'],
  orders: ['order_id', 'kind', 'reason', 'from', 'until', 'limit_kmh', 'routes'],
};
const CHOICES = {
  vehicle_class: ['large', 'medium', 'small'],
  status: ['active', 'suspended', 'revoked'],
  kind: ['EXEMPTION', 'FOG', 'RAIN', 'SNOW', 'ICE', 'DUST', 'HAIL', 'MUD', 'WEATHER'],
};
const INPUT_TYPES = {
  inspected_until: 'date', scrapped_on: 'date', qualified_until: 'date', valid_from: 'date', valid_until: 'date',
  seats: 'number', approved_capacity: 'number', half_width_m: 'number', speed_limit_kmh: 'number', radius_m: 'number',
  sequence: 'number', limit_kmh: 'number', from: 'datetime-local', until: 'datetime-local',
};
const hasGeometry = (table) => ['routes', 'stops', 'orders'].includes(table);

let table = 'expiries';
let rows = []; // {tag, row}; of expiries the entries themselves
let nextAfter = null; // where the rows that are not here yet begin
let loads = 0; // the number of the load that may still write
let chosen = null; // {tag, row} as read; tag null = a new one
let file = null; // GeoJSON that was picked for its geometry
let lineMap = null; // of the form that is shown
const settings = callApi('/v1/console').then(({ body }) => body, () => ({ tiles: '', tiles_frame: 'wgs84' }));

const membersOf = (row) => row.properties ?? row;
const idOf = (row) => membersOf(row)[FIELDS[table][0]];
const path = (id) => `/v1/registry/${table}/${encodeURIComponent(id)}`;
const word = (key) => t(`registry.${key}`);

/* --- the list --- */

function pagePath(after) {
  if (table === 'expiries') return `/v1/expiries?days=${EXPIRY_DAYS}`;
  return `/v1/registry/${table}${after === null ? '' : `?${new URLSearchParams({ after })}`}`;
}

/** Page by page, from the first (null) or from where the last load ended. */
async function load(after = null) {
  loads += 1;
  const mine = loads;
  let loaded = after === null ? [] : rows;
  const end = loaded.length + ROWS_AT_ONCE;
  let next = after;
  setText(byId('note'), '');
  try {
    do {
      const { body } = await callApi(pagePath(next));
      if (mine !== loads) return;
      loaded = loaded.concat(body[table]);
      next = body.next_after ?? null;
    } while (next !== null && loaded.length < end);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine !== loads) return;
    setText(byId('note'), error.message);
  }
  rows = loaded;
  nextAfter = next;
  drawList();
}

function textOf(entry) {
  if (table === 'expiries') return [entry.name, entry.id, entry.vehicle_id].join(' ');
  return Object.values(membersOf(entry.row)).join(' ');
}

function listed(entry) {
  if (table === 'expiries') {
    return h('li', { 'data-id': entry.id, class: 'row-text' },
      h('b', { class: entry.days_left <= 7 ? 'ended' : null }, entry.until), ' ',
      `${t(`expiry.${entry.kind}`)} ${entry.name} ${entry.kind === 'permit' ? entry.id : ''} `,
      entry.days_left < 0 ? t('expiry.ended', { n: -entry.days_left }) : t('expiry.left', { n: entry.days_left }));
  }
  const id = idOf(entry.row);
  const { name, plate, reason, vehicle_id: vehicle, route_id: route } = membersOf(entry.row);
  const what = name ?? plate ?? reason ?? `${vehicle} · ${route}`;
  return h('li', { 'data-id': id }, h('button', { type: 'button', class: 'row-button', onclick: () => choose(id) },
    h('b', {}, id), ' ', what));
}

function drawList() {
  const wanted = byId('search').value.trim().toLowerCase();
  const shown = rows.filter((entry) => textOf(entry).toLowerCase().includes(wanted));
  byId('rows').replaceChildren(...shown.map(listed));
  byId('add').hidden = table === 'expiries';
  byId('rows-more').hidden = nextAfter === null;
  setText(byId('rows-more'), t('registry.more', { count: rows.length }));
  if (shown.length === 0 && byId('note').textContent === '') setText(byId('note'), word('none'));
  for (const button of byId('tables').children) button.setAttribute('aria-pressed', String(button.dataset.table === table));
}

function show(next) {
  table = next;
  chosen = null;
  byId('editor').replaceChildren();
  load();
}

/* --- the form --- */

async function choose(id) {
  try {
    const answer = await callApi(path(id));
    chosen = { tag: answer.body.tag, row: answer.body.row };
    drawForm();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showFaults([error.message]);
  }
}

function add() {
  const empty = hasGeometry(table)
    ? { type: 'Feature', frame: 'WGS84', properties: {}, geometry: null }
    : {};
  chosen = { tag: null, row: empty };
  drawForm();
}

function field(name) {
  const value = membersOf(chosen.row)[name] ?? '';
  const shown = Array.isArray(value) ? value.join(', ') : String(value);
  const id = `field-${name}`;
  const isId = name === FIELDS[table][0] && chosen.tag !== null;
  const input = CHOICES[name]
    ? h('select', { class: 'form-select', id, name }, CHOICES[name].map((choice) =>
      h('option', { value: choice, selected: choice === shown }, choice)))
    : h('input', { class: 'form-control', id, name, type: INPUT_TYPES[name] ?? 'text', step: 'any', readonly: isId,
      value: shown });
  return [h('label', { class: 'field-label', for: id }, word(`field.${name}`)), input];
}

function geometryField() {
  if (!hasGeometry(table)) return [];
  return [
    h('label', { class: 'field-label', for: 'geometry' }, word(`geometry.${table}`)),
    h('input', { class: 'form-control for-staff', id: 'geometry', type: 'file', accept: '.geojson,.json', onchange: pick }),
    h('p', { class: 'hint', id: 'picked' }, ''),
    h('div', { id: 'line-map' }),
  ];
}

function drawLine() {
  if (lineMap) byId('line-map').hidden = !lineMap.show(chosen.row, file);
}

async function makeLineMap() {
  lineMap?.remove();
  lineMap = null;
  const box = byId('line-map');
  if (!box) return;
  const config = await settings;
  if (!box.isConnected) return; // another row is shown by now
  lineMap = new LineMap(box, config);
  drawLine();
}

/** A Feature or a collection with one, or a bare geometry; its frame is asked for by the server. */
async function pick(event) {
  file = null;
  const [picked] = event.target.files;
  if (!picked) return;
  try {
    const json = JSON.parse(await picked.text());
    const feature = json.type === 'FeatureCollection' ? json.features[0] : json;
    file = { frame: json.frame ?? feature.frame ?? null, geometry: feature.geometry ?? feature };
    setText(byId('picked'), `${file.geometry.type} · ${file.frame ?? word('frameMissing')}`);
  } catch {
    setText(byId('picked'), word('notGeojson'));
  }
  drawLine();
}

function drawForm() {
  file = null;
  byId('editor').replaceChildren(
    h('form', { id: 'form', onsubmit: save },
      h('h2', {}, chosen.tag === null ? word('add') : idOf(chosen.row)),
      h('fieldset', { disabled: !isStaff() }, FIELDS[table].flatMap(field), geometryField()),
      h('div', { id: 'faults' }),
      h('div', { class: 'actions for-staff' },
        h('button', { type: 'submit', class: 'btn btn-primary', id: 'save' }, word('save')),
        chosen.tag === null ? null
          : h('button', { type: 'button', class: 'btn btn-outline-danger', id: 'remove', onclick: remove }, word('remove')))),
    h('div', { class: 'history', id: 'history' }));
  if (chosen.tag !== null && isStaff()) showHistory(idOf(chosen.row));
  makeLineMap();
}

function valueOf(name) {
  const text = byId(`field-${name}`).value.trim();
  if (name === 'routes') return text === '' ? undefined : text.split(/[,，\s]+/);
  if (INPUT_TYPES[name] === 'number') return text === '' ? undefined : Number(text);
  return text === '' && hasGeometry(table) ? undefined : text;
}

function edited() {
  const row = structuredClone(chosen.row);
  for (const name of FIELDS[table]) {
    const value = valueOf(name);
    if (value === undefined) delete membersOf(row)[name];
    else membersOf(row)[name] = value;
  }
  if (file) {
    row.geometry = file.geometry;
    if (file.frame) row.frame = file.frame;
    else delete row.frame;
  }
  return row;
}

function showFaults(reasons) {
  const box = h('div', { class: 'faults', role: 'alert' }, h('ul', {}, reasons.map((reason) => h('li', {}, reason))));
  (byId('faults') ?? byId('editor')).replaceChildren(box);
}

async function send(call) {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 412) showFaults([word('overtaken')]);
    else showFaults(error.body?.error?.faults?.map(({ table: where, reason }) => `${where}: ${reason}`) ?? [error.message]);
    return null;
  }
}

const headers = () => ({
  'Content-Type': 'application/json', 'X-Buswarden': '1', ...(chosen.tag ? { 'If-Match': `"${chosen.tag}"` } : {}),
});

async function save(event) {
  event.preventDefault();
  const isNew = chosen.tag === null;
  const row = edited();
  const answer = await send(() => callApi(isNew ? `/v1/registry/${table}` : path(idOf(chosen.row)),
    { method: isNew ? 'POST' : 'PUT', headers: headers(), body: JSON.stringify(row) }));
  if (!answer) return;
  await load();
  await choose(idOf(row));
  const { licences, orders } = answer.body.issued;
  byId('faults').replaceChildren(h('p', { class: 'saved', role: 'status' }, t('registry.saved', { licences, orders })));
}

async function remove() {
  if (!window.confirm(t('registry.removeSure', { id: idOf(chosen.row) }))) return;
  const answer = await send(() => callApi(path(idOf(chosen.row)), { method: 'DELETE', headers: headers() }));
  if (!answer) return;
  chosen = null;
  byId('editor').replaceChildren(h('p', { class: 'saved', role: 'status' }, word('removed')));
  load();
}

/* --- the history --- */

function changeText({ time, who, what, fields }) {
  const parts = Object.entries(fields).map(([name, [before, after]]) => `${name}: ${before ?? '–'} → ${after ?? '–'}`);
  return `${dateTime(time)} · ${who} · ${word(what)} · ${parts.join('; ')}`;
}

async function showHistory(id) {
  const query = new URLSearchParams({ table, row: id, limit: HISTORY });
  const box = byId('history'); // another row's may be there when the answer comes
  try {
    const { body } = await callApi(`/v1/registry/changes?${query}`);
    if (body.changes.length === 0) return;
    box.replaceChildren(h('h3', {}, word('history')),
      h('ul', { class: 'rows' }, body.changes.map((change) => h('li', {}, changeText(change)))));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(box, t('registry.historyFailed', { reason: error.message }));
  }
}

/* --- the page --- */

function drawTables() {
  byId('tables').replaceChildren(...['expiries', ...TABLES].map((name) =>
    h('button', { type: 'button', 'data-table': name, 'aria-pressed': String(name === table), onclick: () => show(name) },
      word(name))));
}

byId('search').addEventListener('input', drawList);
byId('add').addEventListener('click', add);
byId('rows-more').addEventListener('click', () => load(nextAfter));
byId('language').addEventListener('click', toggleLanguage);
onLanguage(() => {
  setText(byId('language'), t('language'));
  document.title = `${t('product')} · ${word('title')}`;
  drawTables();
  drawList();
  if (chosen) drawForm();
});
setLanguage(storedLanguage());
load();
knowWho().then(() => { if (chosen) drawForm(); });
