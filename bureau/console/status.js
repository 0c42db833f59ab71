// The top bar and the figures above the lists: what is true now, and whether it still is.

import { byId, setText } from './dom.js';
import { isGrave } from './fleet.js';
import { clockTime, dateTime } from './format.js';
import { onLanguage, t } from './i18n.js';

const SUMMARY_PAUSE_MS = 200; // a burst of events costs one pass over the fleet

export class Status {
  #fleet;
  #summaryTimer = 0;
  #state = { name: 'connecting' };
  #heardAt_ms = null; // the last moment the data were known to be current
  #openTruncated = false;

  constructor(fleet, onRetry) {
    this.#fleet = fleet;
    byId('banner').querySelector('button').addEventListener('click', onRetry);
    onLanguage(() => this.#draw());
    setInterval(() => this.#tick(), 1000);
    for (const type of ['alert', 'vehicle', 'vehicle-gone', 'reset']) {
      fleet.addEventListener(type, () => this.#summarySoon());
    }
    this.#draw();
  }

  setState(state) {
    this.#state = state;
    this.#tick();
  }

  /** The snapshot held only the newest open alerts. */
  setOpenTruncated(truncated) {
    this.#openTruncated = truncated;
    this.#drawSummary();
  }

  #tick() {
    if (this.#state.name === 'live') this.#heardAt_ms = Date.now();
    this.#draw();
  }

  #draw() {
    setText(byId('clock'), dateTime(Date.now()));
    const live = byId('live');
    live.dataset.state = this.#state.name;
    setText(live.querySelector('b'), t(`live.${this.#state.name}`));
    this.#drawBanner();
    this.#drawSummary();
  }

  #drawBanner() {
    const text = this.#bannerText();
    const banner = byId('banner');
    banner.hidden = text === '';
    setText(banner.querySelector('span'), text);
    banner.querySelector('button').hidden = this.#state.name !== 'retrying';
  }

  #bannerText() {
    const { name, retryAtMs } = this.#state;
    if (name === 'live') return '';
    if (name === 'degraded' || name === 'faulty') return t(`banner.${name}`);
    if (name === 'connecting') return this.#heardAt_ms ? t('banner.connecting', { time: clockTime(this.#heardAt_ms) }) : '';
    const seconds = Math.max(1, Math.ceil((retryAtMs - Date.now()) / 1000));
    if (!this.#heardAt_ms) return t('banner.never', { seconds });
    return t('banner.retrying', { seconds, time: clockTime(this.#heardAt_ms) });
  }

  // A timer, not a frame: the title counts open alerts even while the tab is hidden.
  #summarySoon() {
    if (this.#summaryTimer) return;
    this.#summaryTimer = setTimeout(() => {
      this.#summaryTimer = 0;
      this.#drawSummary();
    }, SUMMARY_PAUSE_MS);
  }

  #drawSummary() {
    const vehicles = [...this.#fleet.vehicles.values()];
    const online = vehicles.filter((vehicle) => vehicle.online);
    const open = this.#fleet.openAlerts();
    const grave = open.filter(isGrave).length;
    const aboard = online.reduce((sum, vehicle) => sum + (vehicle.aboard?.count ?? 0), 0);
    const more = this.#openTruncated ? '+' : '';
    setText(byId('sum-online'), `${online.length} / ${vehicles.length}`);
    setText(byId('sum-open'), `${open.length}${more}`);
    setText(byId('sum-grave'), `${grave}${more}`);
    setText(byId('sum-aboard'), String(aboard));
    byId('sum-open').classList.toggle('has-open', open.length > 0);
    byId('sum-grave').classList.toggle('has-grave', grave > 0);
    document.title = `${open.length > 0 ? `(${open.length}${more}) ` : ''}${t('product')} Buswarden`;
  }
}
