// What was told to people outside, and whether it arrived: one row an event and channel. Asked for while the page is open.

import { ApiError, getNotifications, retryNotification } from './api.js';
import { byId, h, setText } from './dom.js';
import { shortTime } from './format.js';
import { has, onLanguage, t } from './i18n.js';

const INTERVAL_MS = 15000;
const STATES = ['', 'failed', 'given_up', 'pending', 'sent'];

const kindOf = ({ kind }) => (has(`kind.${kind}`) ? t(`kind.${kind}`) : kind);
const whatOf = ({ what }) => (has(`notification.what.${what}`) ? t(`notification.what.${what}`) : '');

export class NotificationList {
  #rows = null; // null = not heard of yet
  #failed = false;
  #more = false; // there are older ones

  constructor() {
    const filter = byId('notification-state');
    filter.addEventListener('change', () => this.#ask());
    this.#fillFilter(filter);
    onLanguage(() => {
      this.#fillFilter(filter);
      this.#draw();
    });
    this.#ask();
    setInterval(() => this.#ask(), INTERVAL_MS);
  }

  #fillFilter(filter) {
    const chosen = filter.value;
    filter.replaceChildren(...STATES.map((state) =>
      h('option', { value: state }, t(state === '' ? 'notifications.all' : `notification.${state}`))));
    filter.value = chosen;
  }

  async #ask() {
    try {
      const answer = await getNotifications(byId('notification-state').value);
      this.#rows = answer.notifications;
      this.#more = answer.next_before !== null;
      this.#failed = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failed = true; // what was heard before stays, and is said to be old
    }
    this.#draw();
  }

  async #retry(id, button) {
    button.disabled = true;
    try {
      await retryNotification(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(byId('notification-note'), t('notifications.retryFailed', { reason: error.message }));
    }
    await this.#ask();
  }

  #outcome({ channel, attempts, answer, state, next_at }) {
    return [
      channel,
      attempts > 0 && t('notification.attempts', { count: attempts }),
      state === 'failed' && next_at && t('notification.next', { time: shortTime(next_at) }),
      answer,
    ].filter(Boolean).join(' · ');
  }

  #row(notification) {
    const { id, plate, vehicle_id, school, state, time } = notification;
    const unsent = state === 'failed' || state === 'given_up';
    const retry = unsent && h('button', { type: 'button', class: 'btn btn-sm btn-outline-primary' }, t('notification.retry'));
    if (retry) retry.addEventListener('click', () => this.#retry(id, retry));
    return h('li', { class: 'incident' },
      h('span', { class: 'line' },
        h('b', { class: 'kind' }, kindOf(notification)),
        h('span', { class: 'plate' }, [plate || vehicle_id, whatOf(notification)].filter(Boolean).join(' · ')),
        h('span', { class: `tag notification-${state}` }, t(`notification.${state}`)),
        h('span', { class: 'when' }, time ? shortTime(time) : '')),
      h('span', { class: 'line incident-detail' },
        h('span', { class: 'notification-text' }, [school, this.#outcome(notification)].filter(Boolean).join(' · ')), retry || ''));
  }

  #draw() {
    const rows = this.#rows ?? [];
    const lost = rows.filter(({ state }) => state === 'failed' || state === 'given_up').length;
    setText(byId('tab-notifications'), lost > 0 ? `${t('tab.notifications')} (${lost})` : t('tab.notifications'));
    byId('notification-rows').replaceChildren(...rows.map((row) => this.#row(row)));
    setText(byId('notification-empty'), this.#note(rows));
  }

  #note(rows) {
    if (this.#failed) return t('notifications.failed');
    if (this.#rows === null) return t('loading');
    if (rows.length === 0) return t('notifications.none');
    return this.#more ? t('notifications.more', { count: rows.length }) : '';
  }
}
