// A vehicle's trips: where how many got on and off. Counts only. Asked for while the vehicle's card is open.

import { ApiError, getTrip, getTrips } from './api.js';
import { facts, h } from './dom.js';
import { aboardText, dateTime, distance, duration } from './format.js';
import { onLanguage, t } from './i18n.js';

const INTERVAL_MS = 30000; // a trip that has just ended shows after this long at the latest

const minute = (time) => dateTime(time).slice(11, 16);

/** "11-28 07:02–07:41". */
const whenText = ({ begun_at, ended_at }) => `${dateTime(begun_at).slice(5, 16)}–${minute(ended_at)}`;

function peakText({ peak, capacity }) {
  return t('trip.peak', { peak, capacity: capacity ?? t('value.unknown') });
}

/** Zeros of a trip on which nobody could ever count are no counts. */
const countsText = (trip) =>
  trip.quality === 'unknown' && trip.boarded + trip.alighted + trip.peak === 0
    ? t('trip.notCounted')
    : `${t('trip.counts', trip)} · ${peakText(trip)}`;

/** What a reader must know before he believes the numbers. */
const marks = ({ quality, began_late, cut_short }) => [
  quality === 'good' ? null : t(`trip.quality.${quality}`),
  began_late ? t('trip.beganLate') : null,
  cut_short ? t('trip.cutShort') : null,
].filter((mark) => mark !== null);

function stopRow({ stop_id, name, opened_at, boarded, alighted, quality }) {
  const counts = boarded === null ? t('trip.notCounted') : t('trip.stopCounts', { boarded, alighted });
  return h('li', {},
    h('time', { datetime: opened_at }, minute(opened_at)),
    h('span', { class: 'trip-stop' }, name ?? (stop_id || t('trip.noStop'))),
    h('span', { class: 'trip-counts' }, quality === 'degraded' ? `${counts} · ${t('trip.quality.degraded')}` : counts));
}

const stopList = (trip) =>
  h('div', { class: 'trip-whole' },
    facts([
      [t('trip.distance'), distance(trip.distance_m)],
      [t('trip.left'), aboardText(trip.left)],
      [t('field.permit'), trip.permit_no],
    ]),
    trip.stops.length > 0 ? h('ol', { 'aria-label': t('trip.stops') }, trip.stops.map(stopRow)) : h('p', {}, t('trip.noStops')),
    trip.stops_left_out > 0 ? h('p', {}, t('trip.stopsLeftOut', { n: trip.stops_left_out })) : null);

export class VehicleTrips {
  /** The section of the card; lives as long as the page. */
  element = h('section', { class: 'trips' });
  #names;
  #vehicleId = null;
  #trips = null; // newest first; null = not heard of yet
  #nextBefore = null;
  #failed = false;
  #open = null; // id of the trip whose stops are shown
  #wholes = new Map(); // id -> trip with its stops, of this vehicle

  /** names: { route(id), stop(id) }. */
  constructor(names) {
    this.#names = names;
    onLanguage(() => this.#draw());
    setInterval(() => this.#refresh(), INTERVAL_MS);
  }

  /** vehicleId null: no card is open. */
  show(vehicleId) {
    this.#vehicleId = vehicleId;
    this.#trips = this.#nextBefore = this.#open = null;
    this.#failed = false;
    this.#wholes.clear();
    this.#draw();
    this.#refresh();
  }

  /** Names of routes have arrived. */
  redraw() {
    this.#draw();
  }

  // The newest page; trips that were paged in before it stay.
  #refresh() {
    return this.#load(null);
  }

  async #load(before) {
    const vehicleId = this.#vehicleId;
    if (vehicleId === null) return;
    try {
      const page = await getTrips(vehicleId, before);
      if (vehicleId !== this.#vehicleId) return;
      this.#take(page, before);
      this.#failed = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (vehicleId !== this.#vehicleId) return;
      this.#failed = true;
    }
    this.#draw();
  }

  #take({ trips, next_before }, before) {
    const known = new Map((this.#trips ?? []).map((trip) => [trip.id, trip]));
    for (const trip of trips) {
      if (known.get(trip.id)?.received_at !== trip.received_at) this.#wholes.delete(trip.id); // another record stands now
      known.set(trip.id, trip);
    }
    if (before !== null || this.#trips === null) this.#nextBefore = next_before;
    this.#trips = [...known.values()].sort((a, b) => (a.begun_at < b.begun_at ? 1 : -1));
  }

  async #toggle(id) {
    this.#open = this.#open === id ? null : id;
    this.#draw();
    if (this.#open === null || this.#wholes.has(id)) return;
    try {
      this.#wholes.set(id, await getTrip(id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failed = true;
      this.#open = null;
    }
    this.#draw();
  }

  #row(trip) {
    const isOpen = trip.id === this.#open;
    const whole = this.#wholes.get(trip.id);
    const route = trip.route_name ?? this.#names.route(trip.route_id);
    return h('li', {},
      h('button', { type: 'button', class: 'trip-row', 'aria-expanded': String(isOpen), onclick: () => this.#toggle(trip.id) },
        h('span', { class: 'line' }, h('b', {}, whenText(trip)), h('span', { class: 'route' }, route || t('trip.noRoute'))),
        h('span', { class: 'line' }, countsText(trip)),
        trip.over_s > 0 ? h('span', { class: 'line attention' }, t('trip.over', { duration: duration(trip.over_s) })) : null,
        marks(trip).length > 0 ? h('span', { class: 'line' }, marks(trip).map((mark) => h('span', { class: 'badge-late' }, mark))) : null),
      isOpen ? (whole ? stopList(whole) : h('p', {}, t('loading'))) : null);
  }

  #note() {
    if (this.#failed || this.#trips === null) return this.#failed ? null : t('loading');
    return this.#trips.length > 0 ? null : t('trips.none');
  }

  #draw() {
    const note = this.#note();
    const retry = () => this.#load(this.#trips === null ? null : this.#nextBefore);
    const hasMore = this.#failed || this.#nextBefore !== null;
    const focused = [...this.element.querySelectorAll('button')].indexOf(document.activeElement);
    this.element.replaceChildren(...[
      h('h3', {}, t('trips')),
      note === null ? null : h('p', {}, note),
      h('ul', {}, (this.#trips ?? []).map((trip) => this.#row(trip))),
      hasMore ? h('button', { type: 'button', class: 'more', onclick: retry }, t(this.#failed ? 'trips.failed' : 'trips.more')) : null,
    ].filter((node) => node !== null));
    if (focused >= 0) this.element.querySelectorAll('button')[focused]?.focus({ preventScroll: true });
  }
}
