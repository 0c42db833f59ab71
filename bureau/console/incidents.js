// Acts that were refused by the broker or the bureau: one row a vehicle and kind. Asked for while the page is open.

import { ApiError, getIncidents } from './api.js';
import { byId, h, setText } from './dom.js';
import { shortTime, vehicleName } from './format.js';
import { has, onLanguage, t } from './i18n.js';

const INTERVAL_MS = 15000;
const RECENT_MS = 24 * 3600 * 1000; // counted in the tab

const kindOf = ({ kind }) => (has(`incident.${kind}`) ? t(`incident.${kind}`) : kind);

export class IncidentList {
  #fleet;
  #incidents = null; // null = not heard of yet
  #failed = false;

  constructor(fleet) {
    this.#fleet = fleet;
    onLanguage(() => this.#draw());
    this.#ask();
    setInterval(() => this.#ask(), INTERVAL_MS);
  }

  /** Vehicles are known by their plates once the fleet is loaded. */
  redraw() {
    this.#draw();
  }

  async #ask() {
    try {
      this.#incidents = (await getIncidents()).incidents;
      this.#failed = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failed = true; // what was heard before stays, and is said to be old
    }
    this.#draw();
  }

  #who({ vehicle_id }) {
    if (vehicle_id === '') return t('incident.nobody');
    const vehicle = this.#fleet.vehicles.get(vehicle_id);
    return vehicle ? vehicleName(vehicle) : vehicle_id;
  }

  #row(incident) {
    const { count, address, detail, first_at, last_at } = incident;
    return h('li', { class: 'incident' },
      h('span', { class: 'line' },
        h('b', { class: 'plate' }, this.#who(incident)),
        h('span', { class: 'tag' }, kindOf(incident)),
        h('span', { class: 'count' }, t('incident.count', { count })),
        h('span', { class: 'when' }, shortTime(last_at))),
      h('span', { class: 'line incident-detail' },
        [detail, address && t('incident.address', { address }), t('incident.since', { time: shortTime(first_at) })]
          .filter(Boolean).join(' · ')));
  }

  #draw() {
    const incidents = this.#incidents ?? [];
    const recent = incidents.filter(({ last_at }) => Date.now() - Date.parse(last_at) < RECENT_MS).length;
    setText(byId('tab-incidents'), recent > 0 ? `${t('tab.incidents')} (${recent})` : t('tab.incidents'));
    byId('incident-rows').replaceChildren(...incidents.map((incident) => this.#row(incident)));
    setText(byId('incident-empty'), this.#note(incidents));
  }

  #note(incidents) {
    if (this.#failed) return t('incidents.failed');
    if (this.#incidents === null) return t('loading');
    return incidents.length > 0 ? '' : t('incidents.none');
  }
}
