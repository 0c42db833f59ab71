// One case: what happened, what was done about it, what may be done now, and the evidence. It can be printed.

import { lateBadge, severityBadge } from './alerts.js';
import { ApiError } from './api.js';
import { takeStep } from './caseapi.js';
import { facts, h } from './dom.js';
import { evidenceFacts, evidenceLine } from './evidence.js';
import { dateTime, plateText, weekdaysText, word } from './format.js';
import { gcj02FromWgs84 } from './gcj02.js';
import { has, t } from './i18n.js';

const NAMES = { route: (id) => id, stop: (id) => id };
const TRACK_ROWS_MAX = 40; // of the printed table
const ZOOM = { minZoom: 4, maxZoom: 18 };
const TRACK = { color: '#1d5fa8', weight: 4 };
const PLACE = { color: '#b3261e', weight: 2, radius: 9, fillOpacity: 0.25 };

/** "silent:lost", "outage:county lost=10 heard=0": words of the bureau's own program. */
function textOf({ text }) {
  const [code, ...values] = text.split(' ');
  if (!has(`case.text.${code}`)) return text;
  return t(`case.text.${code}`, Object.fromEntries(values.map((value) => value.split('='))));
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
  #onChange;
  #item = null;
  #schools = new Map();
  #error = '';
  #settings = null;
  #map = null;

  /** onChange(case) after a step that was taken here. */
  constructor(box, onChange) {
    this.#box = box;
    this.#onChange = onChange;
  }

  get lastStep() {
    return this.#item?.last_step ?? 0;
  }

  setMap(settings) {
    this.#settings = settings;
    this.#drawMap();
  }

  show(item, schools) {
    const another = item.id !== this.#item?.id;
    this.#item = item;
    this.#schools = schools;
    if (another) this.#error = '';
    this.redraw();
    if (another) this.#box.focus({ preventScroll: true });
  }

  clear() {
    this.#item = null;
    this.#error = '';
    this.redraw();
  }

  fail(error) {
    this.#item = null;
    this.#error = error.status === 404 ? t('case.unknown') : error.status === 410 ? t('case.purged') : t('cases.failed');
    this.redraw();
  }

  redraw() {
    const item = this.#item;
    this.#map?.remove();
    this.#map = null;
    if (item === null) {
      this.#box.replaceChildren(h('p', { class: 'empty' }, this.#error || t('case.choose')));
      return;
    }
    this.#box.replaceChildren(
      head(item),
      this.#error ? h('p', { class: 'case-error', role: 'alert' }, this.#error) : '',
      about(item),
      this.#deedForm(item),
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

  #deedForm({ actions, assigned_school_id, school_id }) {
    if (actions.length === 0) return '';
    const action = h('select', { name: 'action', 'aria-label': t('case.action') },
      actions.map((name) => h('option', { value: name }, t(`case.do.${name}`))));
    const answer = h('select', { name: 'answer', 'aria-label': t('case.schoolSays') },
      ['in_progress', 'done', 'no_action', 'later'].map((name) => h('option', { value: name }, t(`case.answer.${name}`))));
    const school = h('select', { name: 'school_id', 'aria-label': t('field.school') },
      h('option', { value: '' }, t('case.bureauItself')),
      [...this.#schools].map(([id, name]) => h('option', { value: id, selected: id === (assigned_school_id || school_id) }, name)));
    const deadline = h('input', { type: 'datetime-local', name: 'deadline', 'aria-label': t('case.deadline') });
    const text = h('textarea', { name: 'text', rows: '2', maxlength: '600', placeholder: t('case.textHint'), 'aria-label': t('case.textHint') });
    const fields = {
      answer: [answer, ['answer']], school: [h('label', {}, t('field.school'), school), ['assign']],
      deadline: [h('label', {}, t('case.deadlineOr'), deadline), ['assign', 'return']],
    };
    const fit = () => {
      for (const [node, wanted] of Object.values(fields)) node.hidden = !wanted.includes(action.value);
    };
    action.addEventListener('change', fit);
    fit();
    return h('form', { class: 'deed no-print', onsubmit: (event) => this.#act(event) },
      action, ...Object.values(fields).map(([node]) => node), text,
      h('button', { class: 'btn btn-primary', type: 'submit' }, t('case.take')));
  }

  async #act(event) {
    event.preventDefault();
    const { id, last_step } = this.#item;
    const given = Object.fromEntries(new FormData(event.target));
    const deed = { action: given.action, seen_step: last_step, text: given.text.trim() };
    if (deed.action === 'answer') deed.answer = given.answer;
    if (deed.action === 'assign') deed.school_id = given.school_id;
    if (['assign', 'return'].includes(deed.action) && given.deadline) deed.deadline = new Date(`${given.deadline}:00+08:00`).toISOString();
    try {
      const item = await takeStep(id, deed);
      this.#error = '';
      this.#item = item;
      this.#onChange(item);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#error = has(`case.refused.${error.code}`) ? t(`case.refused.${error.code}`) : error.message || t('cases.failed');
    }
    this.redraw();
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
