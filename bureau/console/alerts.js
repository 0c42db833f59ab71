// The list of alerts: what is urgent, then newest first; each row one alert object, updated in place as its phases arrive.

import { ApiError, getAlertsBefore, OPEN_MAX } from './api.js';
import { byId, h, RowList, setText } from './dom.js';
import { evidenceLine } from './evidence.js';
import { CLEARED_MAX, isOpen, isUrgent } from './fleet.js';
import { kindText, plateText, shortTime, vehicleName } from './format.js';
import { onLanguage, t } from './i18n.js';
import { KINDS } from './law.js';

/** The alert in one spoken line. */
export function alertText(alert, names) {
  const parts = [vehicleName(alert), kindText(alert.kind), t(`severity.${alert.severity}`), evidenceLine(alert, names)];
  return parts.filter((part) => part !== '').join(' ');
}

export const severityBadge = (severity) =>
  h('span', { class: `badge-severity sev-${severity}` }, t(`severity.${severity}`));

export const stateBadge = (alert) =>
  h('span', { class: isOpen(alert) ? 'state-open' : 'state-cleared' }, t(isOpen(alert) ? 'phase.open' : 'phase.CLEARED'));

export const urgentBadge = (alert) => (isUrgent(alert) ? h('span', { class: 'badge-urgent' }, t('urgent')) : null);

export const lateBadge = (alert) =>
  alert.late ? h('span', { class: 'badge-late', title: t('late.hint') }, t('late')) : null;

export class AlertList {
  #fleet;
  #names;
  #rows;
  #openOnly = false;
  #kind = ''; // '' is every kind
  #search = '';
  #nextBefore = null; // page of history that comes next
  #loaded = false;
  #openTruncated = false;
  #more = byId('alert-more');

  /** names: { route(id), stop(id) }; onSelect(alert id). */
  constructor(fleet, names, onSelect) {
    this.#fleet = fleet;
    this.#names = names;
    this.#rows = new RowList(byId('alert-rows'), {
      compare: (a, b) => isUrgent(b) - isUrgent(a) || b.id - a.id,
      className: (alert) => `alert-row sev-${alert.severity} ${isOpen(alert) ? '' : 'is-cleared'} ${isUrgent(alert) ? 'is-urgent' : ''}`,
      render: (alert) => this.#render(alert),
      matches: (alert) => this.#matches(alert),
      onSelect,
      onDraw: (shown) => this.#drawEmpty(shown),
    });
    fleet.addEventListener('alert', ({ detail }) => this.#put(detail));
    fleet.addEventListener('alert-gone', ({ detail }) => this.#rows.remove(detail.id));
    fleet.addEventListener('reset', () => this.#rows.clear());
    this.#bindTools();
    onLanguage(() => {
      this.#nameKinds();
      this.#rows.redraw();
    });
    this.#drawEmpty(0);
  }

  /** After a snapshot; nextBefore: where its page of history ended, null = at the beginning; openTruncated: there are more
      open alerts than it holds. */
  setLoaded({ nextBefore, openTruncated }) {
    if (!this.#loaded) this.#nextBefore = nextBefore; // later snapshots overlap what has been paged in
    this.#loaded = true;
    this.#openTruncated = openTruncated;
    this.#rows.redraw();
  }

  /** Names of routes and stops have arrived. */
  redraw() {
    this.#rows.redraw();
  }

  select(id) {
    this.#rows.select(id);
  }

  focus(id) {
    this.#rows.focus(id);
  }

  #put({ alert, isNew }) {
    this.#rows.put(alert.id, alert);
    if (isNew) this.#rows.flash(alert.id);
  }

  #render(alert) {
    const evidence = evidenceLine(alert, this.#names);
    return [
      h('span', { class: 'line' },
        severityBadge(alert.severity),
        urgentBadge(alert),
        h('b', { class: 'kind' }, kindText(alert.kind)),
        h('span', { class: 'plate' }, vehicleName(alert)),
        h('time', { class: 'when', datetime: alert.raised_at }, shortTime(alert.raised_at))),
      evidence === '' ? '' : h('span', { class: 'line evidence' }, evidence),
      h('span', { class: 'line' },
        h('span', { class: 'school' }, alert.school || alert.vehicle_id),
        lateBadge(alert),
        stateBadge(alert)),
    ];
  }

  #matches(alert) {
    if (this.#openOnly && !isOpen(alert)) return false;
    if (this.#kind !== '' && alert.kind !== this.#kind) return false;
    const text = `${alert.plate} ${plateText(alert.plate)} ${alert.school} ${alert.vehicle_id} ${kindText(alert.kind)}`;
    return text.toLowerCase().includes(this.#search);
  }

  #bindTools() {
    byId('alert-search').addEventListener('input', ({ target }) => {
      this.#search = target.value.trim().toLowerCase();
      this.#rows.redraw();
    });
    const kinds = byId('alert-kind');
    kinds.append(...['', ...KINDS].map((kind) => h('option', { value: kind })));
    kinds.addEventListener('change', () => {
      this.#kind = kinds.value;
      this.#rows.redraw();
    });
    const buttons = document.querySelectorAll('[data-filter]');
    for (const button of buttons) {
      button.addEventListener('click', () => {
        this.#openOnly = button.dataset.filter === 'open';
        for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
        this.#rows.redraw();
      });
    }
    this.#more.addEventListener('click', () => this.#loadMore());
  }

  #nameKinds() {
    for (const option of byId('alert-kind').options) {
      setText(option, option.value === '' ? t('filter.kinds') : kindText(option.value));
    }
  }

  #drawEmpty(shown) {
    setText(byId('alert-empty'), shown > 0 ? '' : this.#emptyText());
    const hasMore = !this.#openOnly && this.#nextBefore !== null;
    this.#more.hidden = !hasMore || this.#fleet.isFull;
    const limits = [
      this.#openTruncated ? t('alerts.openMax', { n: OPEN_MAX }) : '',
      hasMore && this.#fleet.isFull ? t('alerts.clearedMax', { n: CLEARED_MAX }) : '',
    ];
    setText(byId('alert-limits'), limits.join(' ').trim());
  }

  #emptyText() {
    if (!this.#loaded) return t('loading');
    if (this.#search !== '' || this.#kind !== '') return t('alerts.noMatch');
    return t(this.#openOnly ? 'alerts.noOpen' : 'alerts.none');
  }

  async #loadMore() {
    this.#more.disabled = true;
    try {
      let tells = false;
      while (!tells && this.#nextBefore !== null) { // a page can be of open alerts alone, which are here
        const page = await getAlertsBefore(this.#nextBefore);
        this.#nextBefore = page.next_before;
        tells = this.#fleet.putHistory(page.alerts);
      }
      setText(this.#more, t('alerts.more'));
      this.#rows.redraw();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(this.#more, t('alerts.moreFailed'));
    } finally {
      this.#more.disabled = false;
    }
  }
}
