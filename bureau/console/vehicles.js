// The list of vehicles: those with a pupil left inside first, with open alerts, then online, then offline.

import { byId, h, RowList, setText } from './dom.js';
import { needsUrgentLook, openKinds } from './fleet.js';
import { aboardText, age, kindText, plateText, vehicleName } from './format.js';
import { onLanguage, t } from './i18n.js';

function rank(vehicle) {
  if (needsUrgentLook(vehicle)) return 0;
  if (vehicle.open_alerts.length > 0) return 1;
  return vehicle.online ? 2 : 3;
}

const sortKey = (vehicle) => vehicle.plate || vehicle.vehicle_id;

export const stateText = (vehicle) => {
  if (vehicle.online) return vehicle.speed_kmh === null ? '–' : `${Math.round(vehicle.speed_kmh)} km/h`;
  return vehicle.seen_at === null ? t('field.neverSeen') : `${t('offline')} · ${age(vehicle.seen_at)}`;
};

export const isBehind = ({ licence }) => licence.issued > licence.held;

/** Text key of what is to be said of the vehicle's certificate, or null. */
const certificateMark = ({ certificate_until, certificate_warn_from }) => {
  const now = Date.now(); // false against NaN, when none was issued here
  if (Date.parse(certificate_until) <= now) return 'vehicle.certificateEnded';
  return Date.parse(certificate_warn_from) < now ? 'vehicle.certificateEnds' : null;
};

/** A thin bar, full at the approved capacity; decoration of the number beside it. */
function loadBar(vehicle) {
  const known = vehicle.aboard !== null && vehicle.aboard.quality !== 'unknown' && vehicle.capacity > 0;
  const fill = h('i');
  fill.style.width = `${known ? Math.min(100, (vehicle.aboard.count * 100) / vehicle.capacity) : 0}%`;
  const over = known && vehicle.aboard.count > vehicle.capacity;
  return h('span', { class: over ? 'load is-over' : 'load', 'aria-hidden': 'true' }, fill);
}

export class VehicleList {
  #rows;
  #severityOf;
  #search = '';
  #loaded = false;

  /** onSelect(vehicle_id). */
  constructor(fleet, onSelect) {
    this.#severityOf = (vehicle) => fleet.severityOf(vehicle);
    this.#rows = new RowList(byId('vehicle-rows'), {
      compare: (a, b) => rank(a) - rank(b) || (sortKey(a) < sortKey(b) ? -1 : 1),
      className: (vehicle) => `vehicle-row sev-${this.#severityOf(vehicle)} ${vehicle.online ? '' : 'offline'}`,
      render: (vehicle) => this.#render(vehicle),
      matches: (vehicle) => this.#matches(vehicle),
      onSelect,
      onDraw: (shown) => setText(byId('vehicle-empty'), shown > 0 ? '' : this.#emptyText()),
    });
    fleet.addEventListener('vehicle', ({ detail }) => this.#rows.put(detail.vehicle.vehicle_id, detail.vehicle));
    fleet.addEventListener('vehicle-gone', ({ detail }) => this.#rows.remove(detail.id));
    fleet.addEventListener('reset', () => this.#rows.clear());
    byId('vehicle-search').addEventListener('input', ({ target }) => {
      this.#search = target.value.trim().toLowerCase();
      this.#rows.redraw();
    });
    onLanguage(() => this.#rows.redraw());
  }

  setLoaded() {
    this.#loaded = true;
    this.#rows.redraw();
  }

  /** Ages grow by themselves. */
  redraw() {
    this.#rows.redraw();
  }

  select(id) {
    this.#rows.select(id);
  }

  focus(id) {
    this.#rows.focus(id);
  }

  #render(vehicle) {
    return [
      h('span', { class: 'line' },
        h('b', { class: 'plate' }, vehicleName(vehicle)),
        h('span', { class: 'tags' }, openKinds(vehicle).map((kind) => h('span', { class: 'tag' }, kindText(kind)))),
        h('span', { class: 'count' }, t('aboard.of', { aboard: aboardText(vehicle.aboard), capacity: vehicle.capacity })),
        loadBar(vehicle)),
      h('span', { class: 'line' },
        h('span', { class: 'school' }, vehicle.school),
        isBehind(vehicle) ? h('span', { class: 'badge-late' }, t('vehicle.pending')) : null,
        certificateMark(vehicle) ? h('span', { class: 'badge-late' }, t(certificateMark(vehicle))) : null,
        vehicle.lat === null ? h('span', { class: 'badge-late' }, t('vehicle.noFix')) : null,
        h('span', { class: 'when' }, stateText(vehicle))),
    ];
  }

  #matches(vehicle) {
    const text = `${vehicle.plate} ${plateText(vehicle.plate)} ${vehicle.school} ${vehicle.vehicle_id}`;
    return text.toLowerCase().includes(this.#search);
  }

  #emptyText() {
    if (!this.#loaded) return t('loading');
    return t(this.#search === '' ? 'vehicles.none' : 'vehicles.noMatch');
  }
}
