// Where the phone is. A fix is that of one moment, and whoever reports walks on: an old one is shown as such and not sent.

import { setText } from './dom.js';
import { t } from './i18n.js';

const FIX_AGE_MAX_MS = 5 * 60000;
const DRAW_INTERVAL_MS = 10000;
const MINUTE_MS = 60000;

export class Position {
  #said;
  #drop;
  #fix = null; // { lat, lon, accuracy_m, at_ms }
  #isUnknown = false; // it was asked for in vain
  #run = 0; // of locate() and drop(): what an earlier one brings is dropped

  /** The buttons that ask for a fix and drop it, and the line that says what there is. */
  constructor({ locate, drop, said }) {
    this.#said = said;
    this.#drop = drop;
    locate.hidden = !window.isSecureContext || !navigator.geolocation; // browsers tell it over HTTPS alone
    locate.addEventListener('click', () => this.#locate());
    drop.addEventListener('click', () => this.#take(null));
    setInterval(() => this.draw(), DRAW_INTERVAL_MS);
  }

  /** The fix that a report may have, or null. */
  get fix() {
    return this.#fix !== null && this.#age_ms <= FIX_AGE_MAX_MS ? this.#fix : null;
  }

  draw() {
    this.#drop.hidden = this.#fix === null;
    setText(this.#said, this.#text());
  }

  get #age_ms() {
    return Math.abs(Date.now() - this.#fix.at_ms); // the phone's clock may be set back
  }

  #text() {
    if (this.#fix === null) return this.#isUnknown ? t('report.noPosition') : '';
    const minutes = Math.floor(this.#age_ms / MINUTE_MS);
    if (this.fix === null) return t('report.oldFix', { minutes });
    return t(minutes < 1 ? 'report.locatedNow' : 'report.located', { n: this.#fix.accuracy_m, minutes });
  }

  #locate() {
    this.#run += 1;
    const run = this.#run;
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => {
        if (run !== this.#run) return;
        this.#take({ lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy), at_ms: timestamp });
      },
      () => { if (run === this.#run) this.#take(null, true); },
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
  }

  #take(fix, isUnknown = false) {
    this.#run += 1;
    this.#fix = fix;
    this.#isUnknown = isUnknown;
    this.draw();
  }
}
