// The plate look-up: one question, one clear verdict. Used at the school gate and at the roadside, from a phone.

import { ApiError, getPlate } from './api.js';
import { byId, facts, h } from './dom.js';
import { aboardText, dateTime, kindText, plateText, weekdaysText } from './format.js';
import { onLanguage, t } from './i18n.js';

// verdict -> [text key, tone, sign]; the sign and the words carry the meaning, the colour only helps
const VERDICTS = {
  licensed: ['licensed', 'good', '✓'],
  outside: ['outside', 'warn', '!'],
  expired: ['expired', 'bad', '✕'],
  suspended: ['suspended', 'bad', '✕'],
  no_permit: ['no_permit', 'bad', '✕'],
  unfit: ['unfit', 'bad', '✕'],
  unknown: ['unknown', 'bad', '?'],
};

function verdictOf({ verdict, in_window, permit_no }) {
  if (verdict === 'licensed' && !in_window) return VERDICTS.outside;
  if (verdict === 'no_permit' && permit_no) return VERDICTS.unfit; // overdue or scrapped: no permit helps
  return VERDICTS[verdict];
}

const validityText = ({ valid_from, valid_until }) => (valid_until ? `${valid_from ?? ''} – ${valid_until}` : null);

const hoursText = ({ hours }) => (hours ? `${weekdaysText(hours.weekdays)} ${hours.start}–${hours.end}` : null);

const aboardOf = ({ aboard, capacity }) =>
  aboard ? t('aboard.of', { aboard: aboardText(aboard), capacity: capacity ?? '–' }) : null;

function openAlertsOf({ open_alerts }) {
  if (!open_alerts?.length) return null;
  return h('b', { class: 'attention' }, open_alerts.map(kindText).join(' · '));
}

/** Registered plates that may have been meant; a press takes one. Null when there are none. */
export function nearMisses(list, onTake) {
  if (!list?.length) return null;
  const words = ({ position, confusable }) =>
    position === null ? t('near.fits') : t(confusable ? 'near.confusable' : 'near.differs', { position });
  return h('div', { class: 'near-misses' },
    h('p', {}, t('near.title')),
    h('ul', {}, list.map((near) =>
      h('li', {}, h('button', { type: 'button', class: 'link-row', onclick: () => onTake(near.plate) },
        h('b', { class: 'plate' }, plateText(near.plate)), h('span', {}, words(near)))))));
}

function card(answer, onTake) {
  const [key, tone, sign] = verdictOf(answer);
  return h('article', { class: `verdict is-${tone}` },
    h('header', {},
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      h('div', {}, h('h2', {}, t(`verdict.${key}`)), h('p', { class: 'plate' }, plateText(answer.plate)))),
    h('p', { class: 'note' }, t(`verdict.${key}.note`)),
    nearMisses(answer.near_misses, onTake),
    facts([
      [t('field.openAlerts'), openAlertsOf(answer)],
      [t('field.aboard'), aboardOf(answer)],
      [t('field.school'), answer.school],
      [t('field.route'), answer.route?.name],
      [t('field.hours'), hoursText(answer)],
      [t('field.permit'), answer.permit_no],
      [t('field.validity'), validityText(answer)],
      [t('field.driver'), answer.driver],
      [t('field.seats'), answer.seats ? String(answer.seats) : null],
      [t('field.capacity'), answer.capacity ? String(answer.capacity) : null],
      [t('field.vehicle'), answer.vehicle_id],
      [t('field.asOf'), dateTime(answer.as_of)],
    ]));
}

const failure = (error) => h('p', { class: 'plate-error' }, t(error.status === 400 ? 'plate.malformed' : 'plate.failed'));

export class PlateCheck {
  #draw = () => []; // of the last answer, for a change of language
  #asked = 0; // an answer that was overtaken by a newer question is dropped

  constructor() {
    byId('plate-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#check(new FormData(event.target).get('plate').trim());
    });
    onLanguage(() => this.#show(this.#draw));
  }

  /** Looks up `plate`, as if it had been typed. */
  take(plate) {
    byId('plate-input').value = plate;
    this.#check(plate);
  }

  async #check(plate) {
    if (plate === '') return;
    this.#asked += 1;
    const asked = this.#asked;
    this.#show(() => h('p', { class: 'empty' }, t('plate.checking')));
    let draw;
    try {
      const answer = await getPlate(plate);
      draw = () => card(answer, (near) => this.take(near));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      draw = () => failure(error);
    }
    if (asked === this.#asked) this.#show(draw);
  }

  #show(draw) {
    this.#draw = draw;
    byId('plate-result').replaceChildren(...[draw()].flat());
  }
}
