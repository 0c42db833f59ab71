// Vehicles that were reported at gates and on the road: which come again and again, where and when; each report with its
// photo; and the hand-over to the police.

import { ApiError, getPhoto, getRecurrence, getSightings, postJson } from './api.js';
import { byId, h, setText } from './dom.js';
import { dateTime, plateText } from './format.js';
import { isChinese, onLanguage, t } from './i18n.js';
import { nearMisses } from './plates.js';

const TONES = { licensed: 'good', wrong_hour: 'warn', unread: 'warn' }; // else bad
const LISTED = 50;

const badge = (verdict) => h('span', { class: `badge-verdict is-${TONES[verdict] ?? 'bad'}` }, t(`sighting.${verdict}`));

const gateName = (gate) => (gate ? gate.name ?? gate.school_id : t('sightings.elsewhere'));

const hourText = (hour) => `${String(hour).padStart(2, '0')}:00`;

const placeText = ({ gate, place, lat, lon }) =>
  [gate ? gateName(gate) : null, place, lat === null ? null : `${lat.toFixed(4)}, ${lon.toFixed(4)}`].filter(Boolean).join(' · ');

const headsText = (heads) => (heads === null ? null : t('sightings.heads', { n: heads }));

const facts = (...parts) => h('span', { class: 'school' }, parts.filter(Boolean).join(' · '));

export class SightingList {
  #onPlate;
  #rows = [];
  #by = 'plate';
  #days = 30;
  #asked = 0; // an answer that was overtaken by a newer question is dropped
  #note = 'loading'; // text key of why there are no rows, '' = none were reported
  #open = null; // the plate whose reports are shown
  #reports = []; // of that plate, or the newest of all
  #reportsNote = ''; // text key of why there are none of that plate
  #photos = new Map(); // id -> object URL: looked at once, on record once
  #photoFaults = new Map(); // id -> text key of why it is not shown

  /** onPlate(plate): what to do with a registered plate that may have been meant. */
  constructor({ onPlate }) {
    this.#onPlate = onPlate;
    const by = byId('sighting-by');
    const days = byId('sighting-days');
    by.addEventListener('change', () => this.#choose(by.value, this.#days));
    days.addEventListener('change', () => this.#choose(this.#by, Number(days.value)));
    byId('tab-sightings').addEventListener('shown.bs.tab', () => this.load());
    onLanguage(() => {
      for (const option of days.options) option.textContent = t('sightings.days.n', { n: option.value });
      this.#draw();
    });
  }

  /** For a school, which sees its own reports: what comes again and again is of the whole county. */
  showNewestOnly() {
    this.#choose('newest', this.#days);
  }

  async load() {
    this.#asked += 1;
    const asked = this.#asked;
    let [rows, reports, note] = [[], [], ''];
    try {
      if (this.#by === 'newest') reports = (await getSightings({ limit: LISTED })).sightings;
      else rows = (await getRecurrence(this.#by, this.#days)).rows;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      note = 'sightings.failed';
    }
    if (asked === this.#asked) this.#show(rows, reports, note);
  }

  // Nothing stays of what was shown before: rows of another kind have other members.
  #choose(by, days) {
    this.#by = by;
    this.#days = days;
    this.#show([], [], 'loading');
    this.load();
  }

  #show(rows, reports, note) {
    this.#rows = rows;
    this.#reports = reports;
    this.#open = null;
    this.#note = note;
    this.#draw();
  }

  #showReports(reports, note) {
    this.#reports = reports;
    this.#reportsNote = note;
    this.#draw();
  }

  async #toggle(plate) {
    this.#open = this.#open === plate ? null : plate;
    this.#showReports([], 'loading');
    if (this.#open === null) return;
    let [reports, note] = [[], ''];
    try {
      reports = (await getSightings({ plate, limit: LISTED })).sightings;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      note = 'sightings.failed';
    }
    if (this.#open === plate) this.#showReports(reports, note); // else another was opened meanwhile
  }

  async #showPhoto(id) {
    try {
      if (!this.#photos.has(id)) this.#photos.set(id, URL.createObjectURL(await getPhoto(id)));
      this.#photoFaults.delete(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#photoFaults.set(id, error.status === 404 ? 'sightings.photoGone' : 'sightings.failed');
    }
    this.#draw();
  }

  async #handOver(id) {
    const text = window.prompt(t('sightings.handOverWhy'));
    if (!text?.trim()) return;
    try {
      const changed = await postJson(`/v1/sightings/${id}/hand-over`, { text: text.trim() });
      this.#reports = this.#reports.map((report) => (report.id === id ? { ...report, case_id: changed.case_id } : report));
      setText(byId('announce'), t('sightings.handedOver', { n: changed.case_id }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(byId('announce'), t('sightings.notHandedOver', { reason: error.message }));
      window.alert(t('sightings.notHandedOver', { reason: error.message }));
    }
    this.#draw();
  }

  #photoOf({ id, photo }) {
    if (!photo) return null;
    const url = this.#photos.get(id);
    if (url) return h('img', { class: 'sighting-photo', src: url, alt: t('sightings.photo') });
    const fault = this.#photoFaults.get(id);
    return [
      h('button', { type: 'button', class: 'act for-readers', onclick: () => this.#showPhoto(id) }, t('sightings.showPhoto')),
      fault ? h('span', { class: 'failed', role: 'alert' }, t(fault)) : null,
    ];
  }

  #report(report) {
    return h('li', { class: 'sighting' },
      h('p', { class: 'line' }, h('b', {}, report.plate ? plateText(report.plate) : t('report.noPlate')), badge(report.verdict)),
      facts(dateTime(report.seen_at), placeText(report), headsText(report.heads), report.reported_by.account),
      report.note ? h('p', {}, report.note) : null,
      h('p', { class: 'acts' }, this.#photoOf(report),
        report.case_id ? h('span', {}, t('sightings.case', { n: report.case_id })) : null,
        report.verdict === 'licensed' ? null
          : h('button', { type: 'button', class: 'act for-staff', onclick: () => this.#handOver(report.id) }, t('sightings.handOver'))));
  }

  #reportsOfPlate() {
    const note = this.#reportsNote ? h('li', { class: 'sighting' }, h('p', { role: 'status' }, t(this.#reportsNote))) : null;
    return h('ul', { class: 'sighting-reports' }, this.#reports.map((report) => this.#report(report)), note);
  }

  #plate(row) {
    const isOpen = this.#open === row.plate;
    const gates = row.at.map(({ gate, count }) => `${gateName(gate)} ×${count}`).join('、');
    const hours = row.hours.map(({ hour, count }) => `${hourText(hour)} ×${count}`).join('、');
    return h('li', {},
      h('button', { type: 'button', class: 'row-button', 'aria-expanded': String(isOpen), onclick: () => this.#toggle(row.plate) },
        h('span', { class: 'line' }, h('b', { class: 'plate' }, plateText(row.plate)), badge(row.verdict),
          h('span', { class: 'count' }, t('sightings.times', { n: row.count, days: row.days }))),
        facts(gates), facts(hours),
        facts(t('sightings.last', { at: dateTime(row.last_at) }), headsText(row.heads))),
      nearMisses(row.near_misses, this.#onPlate),
      isOpen ? this.#reportsOfPlate() : null);
  }

  #share(row) {
    const name = this.#by === 'gate' ? gateName(row.gate) : hourText(row.hour);
    return h('li', { class: 'sighting' },
      h('p', { class: 'line' }, h('b', {}, name), h('span', { class: 'count' }, t('sightings.times', { n: row.count, days: row.days }))),
      facts(t('sightings.plates', { n: row.plates }), row.unread > 0 ? t('sightings.unread', { n: row.unread }) : null,
        this.#by === 'hour' ? t('sightings.gates', { n: row.gates }) : null, t('sightings.last', { at: dateTime(row.last_at) })));
  }

  #draw() {
    const list = byId('sighting-rows');
    const draw = { plate: (row) => this.#plate(row), newest: (row) => this.#report(row) }[this.#by] ?? ((row) => this.#share(row));
    const shown = this.#by === 'newest' ? this.#reports : this.#rows;
    list.replaceChildren(...shown.map(draw));
    setText(byId('sighting-empty'), this.#note ? t(this.#note) : shown.length === 0 ? t('sightings.none') : '');
    list.lang = isChinese() ? 'zh-CN' : 'en';
  }
}
