// The card beside the map: one alert with its whole evidence and the law, or one vehicle.

import { lateBadge, severityBadge, stateBadge, urgentBadge } from './alerts.js';
import { byId, facts, h } from './dom.js';
import { evidenceFacts, evidenceLine } from './evidence.js';
import { aboardText, dateTime, distance, kindText, plateText, shortTime, vehicleName } from './format.js';
import { isChinese, onLanguage, t } from './i18n.js';
import { chineseNumber, ruleOf } from './law.js';
import { VehicleTrips } from './trips.js';
import { isBehind, stateText } from './vehicles.js';

const FOCUSABLE = 'button, [tabindex]'; // inside the card: drawn anew with every update, focus goes on

const articleText = (n) => t('law.article', { n: isChinese() ? chineseNumber(n) : n });

function positionText({ lat, lon, accuracy_m }) {
  if (lat === null || lon === null) return t('field.noPosition');
  const place = `${lat.toFixed(5)}°N ${lon.toFixed(5)}°E`;
  return accuracy_m ? `${place} ${t('field.accuracy', { distance: distance(accuracy_m) })}` : place;
}

function judgedUnder({ licence_version: version, damaged }) {
  if (damaged) return null;
  return version > 0 ? t('field.licenceVersion', { version }) : t('field.noLicence');
}

function licenceText({ issued, held }) {
  if (issued === 0) return t('field.heldNone');
  return t(held < issued ? 'field.heldBehind' : 'field.heldCurrent', { held, issued });
}

function lawSection(alert) {
  const rule = ruleOf(alert);
  const isNotice = alert.severity === 'notice';
  if (!rule) return null;
  const articles = rule.articles.map(articleText).join(isChinese() ? '、' : ', ');
  return h('section', { class: 'law' },
    h('h3', {}, t('detail.law')),
    h('p', {}, h('b', {}, t('law.title', { articles })), ' ', t(rule.gist)),
    rule.penalty && !isNotice ? h('p', {}, t('law.penalty', { n: isChinese() ? chineseNumber(rule.penalty) : rule.penalty })) : null,
    isNotice ? h('p', {}, t('law.notice')) : null,
    alert.severity === 'criminal' ? h('p', { class: 'grave' }, t('law.criminal')) : null);
}

const section = (title, rows) => h('section', {}, h('h3', {}, title), facts(rows));

function alertCard(alert, names) {
  return [
    h('div', { class: `detail-head sev-${alert.severity}` },
      h('p', {}, severityBadge(alert.severity), urgentBadge(alert), ' ', stateBadge(alert), ' ', lateBadge(alert)),
      h('h2', { id: 'detail-title', tabindex: '-1' }, `${vehicleName(alert)} ${kindText(alert.kind)}`),
      h('p', { class: 'lead-line' }, evidenceLine(alert, names))),
    section(t('detail.evidence'), [
      ...evidenceFacts(alert, names),
      [t('field.aboard'), aboardText(alert.aboard)],
      [t('field.position'), positionText(alert)],
    ]),
    section(t('detail.process'), [
      [t('field.school'), alert.school],
      [t('field.raised'), dateTime(alert.raised_at)],
      [t('field.updated'), dateTime(alert.time)],
      [t('field.cleared'), dateTime(alert.cleared_at)],
      [t('field.received'), dateTime(alert.received_at)],
      [t('field.licence'), judgedUnder(alert)],
      [t('field.vehicle'), alert.vehicle_id],
      [t('field.event'), `${alert.id} / ${alert.event}`],
    ]),
    lawSection(alert),
  ];
}

function vehicleCard(vehicle, alerts, severity, trips, onAlert) {
  const links = alerts.map((alert) =>
    h('button', { type: 'button', class: 'link-row', onclick: () => onAlert(alert.id) },
      severityBadge(alert.severity), h('b', {}, kindText(alert.kind)), h('span', {}, shortTime(alert.raised_at))));
  return [
    h('div', { class: `detail-head sev-${severity} ${vehicle.online ? '' : 'offline'}` },
      h('p', {}, vehicle.online
        ? h('span', { class: 'state-online' }, `${t('online')} · ${stateText(vehicle)}`)
        : h('span', { class: 'state-cleared' }, stateText(vehicle))),
      h('h2', { id: 'detail-title', tabindex: '-1' }, vehicleName(vehicle)),
      h('p', { class: 'lead-line' }, vehicle.school)),
    links.length > 0 ? h('section', {}, h('h3', {}, t('field.openAlerts')), links) : null,
    section(t('detail.vehicle'), [
      [t('field.aboard'), aboardText(vehicle.aboard)],
      [t('field.capacity'), String(vehicle.capacity)],
      [t('field.position'), positionText(vehicle)],
      [t('field.fix'), dateTime(vehicle.fix_at)],
      [t('field.seen'), vehicle.seen_at === null ? t('field.neverSeen') : dateTime(vehicle.seen_at)],
      [t('field.held'), h('span', { class: isBehind(vehicle) ? 'attention' : null }, licenceText(vehicle.licence))],
      [t('field.vehicle'), vehicle.vehicle_id],
    ]),
    trips,
  ];
}

export class Detail {
  #box = byId('detail');
  #fleet;
  #names;
  #handlers;
  #trips;
  #shown = null; // { type: 'alert' or 'vehicle', id }

  /** handlers: onAlert(id) from a vehicle's card, onClose(). */
  constructor(fleet, names, handlers) {
    this.#fleet = fleet;
    this.#names = names;
    this.#handlers = handlers;
    this.#trips = new VehicleTrips(names);
    fleet.addEventListener('alert', ({ detail }) => this.#refresh('alert', detail.alert.id));
    fleet.addEventListener('vehicle', ({ detail }) => this.#refresh('vehicle', detail.vehicle.vehicle_id));
    fleet.addEventListener('reset', () => this.close());
    onLanguage(() => this.#draw());
    this.#box.querySelector('.close').addEventListener('click', () => this.close());
    this.#box.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
  }

  /** selection: { type, id }. Focus moves to the card's title. */
  show(selection) {
    this.#shown = selection;
    this.#trips.show(selection.type === 'vehicle' ? selection.id : null);
    this.#draw();
    this.#box.scrollTop = 0;
    byId('detail-title')?.focus({ preventScroll: true });
  }

  /** Names of routes and stops have arrived. */
  redraw() {
    this.#trips.redraw();
    this.#draw();
  }

  /** How much of the right side of `element` the card hides, in pixels. */
  covers(element) {
    const [card, box] = [this.#box.getBoundingClientRect(), element.getBoundingClientRect()];
    return this.#box.hidden || card.top >= box.bottom ? 0 : Math.max(0, box.right - card.left);
  }

  close() {
    if (this.#shown === null) return;
    const closed = this.#shown;
    this.#shown = null;
    this.#trips.show(null);
    this.#draw();
    this.#handlers.onClose(closed);
  }

  #refresh(type, id) {
    if (this.#shown?.type === type && this.#shown.id === id) this.#draw();
  }

  #content() {
    if (this.#shown === null) return null;
    const { type, id } = this.#shown;
    if (type === 'alert') {
      const alert = this.#fleet.alerts.get(id);
      return alert ? alertCard(alert, this.#names) : null;
    }
    const vehicle = this.#fleet.vehicles.get(id);
    if (!vehicle) return null;
    const alerts = this.#fleet.openAlertsOf(id);
    return vehicleCard(vehicle, alerts, this.#fleet.severityOf(vehicle), this.#trips.element, this.#handlers.onAlert);
  }

  #draw() {
    const content = this.#content();
    this.#box.hidden = content === null;
    if (content === null) return;
    const target = byId('detail-content');
    const focused = [...target.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
    target.replaceChildren(...content.filter((node) => node !== null));
    if (focused >= 0) target.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
  }
}
