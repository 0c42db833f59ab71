// One case: what happened, what was done about it, what may be done now, and the evidence. It can be printed.

import { lateBadge, severityBadge } from './alerts.js';
import { DeedForm } from './deedform.js';
import { byId, facts, h } from './dom.js';
import { evidenceFacts, evidenceLine } from './evidence.js';
import { dateTime, plateText, weekdaysText, word } from './format.js';
import { gcj02FromWgs84 } from './gcj02.js';
import { has, t } from './i18n.js';

const NAMES = { route: (id) => id, stop: (id) => id };
const TRACK_ROWS_MAX = 40; // of the printed table
const ZOOM = { minZoom: 4, maxZoom: 18 };
const TRACK = { color: '#1d5fa8', weight: 4 };
const PLACE = { color: '#b3261e', weight: 2, radius: 9, fillOpacity: 0.25 };

const VALUES = { kind: (code) => word('kind', code), from: (time) => dateTime(time) }; // others are numbers

/** "silent:lost", "outage:county lost=10 heard=0": words of the bureau's own program. What people write is left alone. */
function textOf({ role, text }) {
  const [code, ...values] = text.split(' ');
  if (role !== 'system' || !has(`case.text.${code}`)) return text;
  const said = values.map((value) => value.split('=')).map(([name, value]) => [name, VALUES[name]?.(value) ?? value]);
  return t(`case.text.${code}`, Object.fromEntries(said));
}

function refusalText({ status, code, message }) {
  if (status === 0) return t('case.noAnswer');
  return has(`case.refused.${code}`) ? t(`case.refused.${code}`) : message || t('cases.failed');
}

function failureText({ status }) {
  if (status === 404) return t('case.unknown');
  return t(status === 410 ? 'case.purged' : 'cases.failed');
}

function stepRow(step) {
  const parts = [
    step.action === 'assign' || step.action === 'return'
      ? t('case.assignedTo', { school: step.school || t('case.bureauItself'), deadline: dateTime(step.deadline) }) : '',
    step.answer ? t(`case.answer.${step.answer}`) : '',
    step.action === 'raise' ? t(`severity.${step.severity}`) : '',
    step.action === 'escalate' ? t(`case.level.${step.level}`) : '',
    textOf(step),
  ].filter((part) => part !== '');
  return h('li', {},
    h('time', { datetime: step.at }, dateTime(step.at)),
    h('b', {}, t(`case.did.${step.action}`)),
    h('span', { class: 'step-who' }, `${step.who} (${t(`case.role.${step.role}`)})`),
    parts.length > 0 ? h('p', {}, parts.join(' · ')) : null);
}

const section = (title, ...children) => h('section', {}, h('h3', {}, title), ...children);

function head(item) {
  return h('header', { class: `detail-head sev-${item.severity}` },
    h('p', {}, severityBadge(item.severity), ' ',
      h('span', { class: `case-state state-${item.state}` }, t(`case.state.${item.state}`)), ' ',
      item.overdue ? h('span', { class: 'badge-urgent' }, t('case.overdue')) : null, ' ', lateBadge(item)),
    h('h2', {}, `${t('case.number', { id: item.id })} ${word('kind', item.kind)} ${plateText(item.plate) || item.vehicle_id}`),
    h('p', { class: 'lead-line' }, [item.school, item.township].filter(Boolean).join(' · ')));
}

const about = (item) =>
  section(t('case.about'), facts([
    [t('case.happened'), dateTime(item.happened_at)],
    [t('case.last'), item.last_at === item.happened_at ? null : dateTime(item.last_at)],
    [t('case.opened'), dateTime(item.opened_at)],
    [t('case.source'), t(`case.source.${item.source}`)],
    [t('case.assigned'), item.state === 'open' ? null : item.assigned_school || null],
    [t('case.deadline'), dateTime(item.deadline)],
    [t('case.schoolSays'), item.answer ? t(`case.answer.${item.answer}`) : null],
    [t('case.handler'), item.handler],
    [t('case.level'), item.level > 1 ? t(`case.level.${item.level}`) : null],
    [t('case.handedOver'), dateTime(item.handed_over_at)],
    [t('case.merged'), item.merged > 0 ? String(item.merged) : null],
    [t('case.earlier'), item.earlier_id === null ? null
      : h('a', { href: `#${item.earlier_id}` }, `#${item.earlier_id} ${t('case.again', { n: item.recurrence + 1 })}`)],
    [t('case.ended'), dateTime(item.ended_at)],
  ]));

function alertBlock(alert) {
  return h('div', { class: 'case-alert' },
    h('p', {}, severityBadge(alert.severity), ' ', h('b', {}, word('kind', alert.kind)), ' ', evidenceLine(alert, NAMES), ' ', lateBadge(alert)),
    facts([
      [t('field.raised'), dateTime(alert.raised_at)],
      [t('field.cleared'), dateTime(alert.cleared_at)],
      ...evidenceFacts(alert, NAMES),
    ]));
}

function recordsText({ held, good, missing, unlinked }) {
  return [t('case.records', { held, good }), missing > 0 ? t('case.recordsMissing', { n: missing }) : '',
    unlinked > 0 ? t('case.recordsUnlinked', { n: unlinked }) : ''].filter(Boolean).join(' · ');
}

function verification({ alert_records, track_records, finding }) {
  const bad = finding !== null;
  return h('div', { class: bad ? 'verified is-bad' : 'verified' },
    h('p', {}, h('b', {}, t(bad ? 'case.notVerified' : 'case.verified'))),
    facts([
      [t('case.alertRecords'), recordsText(alert_records)],
      [t('case.trackRecords'), recordsText(track_records)],
      [t('case.finding'), bad ? `${finding.class} ${finding.stream} ${finding.seq}: ${finding.reason}` : null],
    ]),
    h('p', { class: 'hint' }, t('case.verifiedHint')));
}

function licenceBlock({ licence }) {
  if (licence === null) return h('p', { class: 'hint' }, t('case.noLicence'));
  return h('div', {},
    facts([
      [t('case.licence'), t('case.licenceVersion', { version: licence.version, time: dateTime(licence.issued_at) })],
      [t('field.capacity'), String(licence.capacity)],
      [t('case.inspected'), licence.inspected_until],
    ]),
    h('ul', { class: 'permits' }, licence.permits.map((permit) =>
      h('li', {}, `${permit.permit_no} · ${permit.route_id} · ${weekdaysText(permit.weekdays)} ${permit.start}–${permit.end} · `
        + `${permit.valid_from ?? ''} – ${permit.valid_until ?? ''} · ${t(`case.permit.${permit.status}`)}`))));
}

/** For paper: no more rows than fit, the fullest ones among them. */
function trackTable({ track, track_cut }) {
  if (track.length === 0) return h('p', { class: 'hint' }, t('case.noTrack'));
  const every = Math.ceil(track.length / TRACK_ROWS_MAX);
  const most = Math.max(...track.map(({ aboard }) => aboard ?? 0));
  const shown = track.filter(({ aboard }, i) => i % every === 0 || i === track.length - 1 || (most > 0 && aboard === most && track[i - 1]?.aboard !== most));
  return h('div', {},
    h('p', {}, t('case.trackRows', { n: track.length, shown: shown.length, most }), track_cut ? ` ${t('case.trackCut')}` : ''),
    h('table', { class: 'track' },
      h('thead', {}, h('tr', {}, ['case.time', 'field.position', 'field.aboard'].map((key) => h('th', { scope: 'col' }, t(key))))),
      h('tbody', {}, shown.map(({ at, lat, lon, aboard, quality }) =>
        h('tr', {}, h('td', {}, dateTime(at)), h('td', {}, `${lat.toFixed(5)} ${lon.toFixed(5)}`),
          h('td', {}, aboard === null ? t('aboard.unknown') : `${aboard}${quality === 'degraded' ? ' ≈' : ''}`))))));
}

export class CasePage {
  #box;
  #head = byId('case-head');
  #rest = byId('case-rest');
  #form;
  #onChange;
  #item = null;
  #schools = [];
  #failure = null; // why there is no case
  #refusals = new Map(); // case id -> error, of steps that were not taken, until they were seen
  #settings = null;
  #map = null;

  /** onChange(case) after a step that was taken here. */
  constructor(box, onChange) {
    this.#box = box;
    this.#onChange = onChange;
    this.#form = new DeedForm(byId('deed'), {
      onTaken: (item) => this.#take(item),
      onRefused: (id, error) => this.#refuse(id, error),
    });
  }

  get lastStep() {
    return this.#item?.last_step ?? 0;
  }

  setMap(settings) {
    this.#settings = settings;
    this.#drawMap();
  }

  /** [id, name] pairs in order, of all that a case can be assigned to. */
  setSchools(schools) {
    this.#schools = schools;
    if (this.#item !== null) this.#form.show(this.#item, schools);
  }

  show(item) {
    const another = item.id !== this.#item?.id;
    if (!another && item.last_step < this.#item.last_step) return; // overtaken by a later answer
    if (another) this.#refusals.delete(this.#item?.id);
    this.#item = item;
    this.redraw();
    if (another) this.#box.focus({ preventScroll: true });
  }

  clear() {
    this.#item = null;
    this.#failure = null;
    this.redraw();
  }

  fail(error) {
    this.#item = null;
    this.#failure = error;
    this.redraw();
  }

  redraw() {
    this.#map?.remove();
    this.#map = null;
    if (this.#item !== null) {
      this.#draw(this.#item);
      return;
    }
    this.#form.hide();
    this.#head.replaceChildren(h('p', { class: 'empty' }, this.#failure ? failureText(this.#failure) : t('case.choose')));
    this.#rest.replaceChildren();
  }

  #draw(item) {
    const refusal = this.#refusals.get(item.id);
    this.#head.replaceChildren(
      head(item),
      refusal ? h('p', { class: 'case-error', role: 'alert' }, refusalText(refusal)) : '',
      about(item));
    this.#form.show(item, this.#schools);
    this.#rest.replaceChildren(
      section(t('case.steps'), h('ol', { class: 'steps' }, item.steps.map(stepRow))),
      item.alerts.length > 0 ? section(t('case.alerts'), ...item.alerts.map(alertBlock)) : '',
      section(t('case.evidence'),
        verification(item.evidence),
        h('div', { class: 'case-map', id: 'case-map', role: 'img', 'aria-label': t('case.map') }),
        trackTable(item.evidence)),
      section(t('case.licenceThen'), licenceBlock(item.evidence)),
      h('footer', { class: 'print-foot' }, t('case.printed', { time: dateTime(Date.now()) })),
      h('p', { class: 'no-print' }, h('button', { type: 'button', class: 'btn btn-outline-primary', onclick: () => window.print() }, t('case.print'))),
    );
    this.#drawMap();
  }

  // Another case may have been chosen meanwhile: then this one is drawn when it is chosen again.
  #take(item) {
    this.#refusals.delete(item.id);
    this.#onChange(item);
    if (item.id !== this.#item?.id) return;
    if (item.last_step >= this.#item.last_step) this.#item = item;
    this.redraw();
  }

  #refuse(id, error) {
    this.#refusals.set(id, error);
    if (id === this.#item?.id) this.redraw();
  }

  #place([lat, lon]) {
    return this.#settings.tiles_frame === 'gcj02' && this.#settings.tiles !== '' ? gcj02FromWgs84([lat, lon]) : [lat, lon];
  }

  #drawMap() {
    const box = this.#box.querySelector('#case-map');
    const { L } = globalThis;
    if (box === null || this.#settings === null || this.#map !== null || !L) return;
    const track = this.#item.evidence.track.map(({ lat, lon }) => this.#place([lat, lon]));
    const places = this.#item.alerts.filter(({ lat }) => lat !== null).map(({ lat, lon }) => this.#place([lat, lon]));
    if (track.length + places.length === 0) {
      box.remove();
      return;
    }
    // Whole at once: paper shows no tile that is still on its way, and no animation.
    this.#map = L.map(box, { ...ZOOM, zoomControl: true, fadeAnimation: false, zoomAnimation: false, attributionControl: false });
    if (this.#settings.tiles !== '') L.tileLayer(this.#settings.tiles, ZOOM).addTo(this.#map);
    L.polyline(track, TRACK).addTo(this.#map);
    for (const place of places) L.circleMarker(place, PLACE).addTo(this.#map);
    this.#map.fitBounds(L.latLngBounds([...track, ...places]), { padding: [24, 24], maxZoom: 16, animate: false });
  }
}
