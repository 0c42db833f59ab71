// The figures of a term for the yearly safety summary, and the workbook to take away.

import { ApiError, getReport, reportWorkbookUrl } from './api.js';
import { byId, facts, h } from './dom.js';
import { dateTime, duration, kindText } from './format.js';
import { isChinese, onLanguage, t } from './i18n.js';

const BANDS = ['notice', 'minor', 'serious', 'criminal'];
const FAILURES = { 400: 'term.badTerm', 403: 'term.forbidden', 404: 'term.noSchool' };
const number = (n) => (n === null ? t('term.unknown') : n.toLocaleString('en-US'));

/** The term so far: from September on the one that began then, else the one since February. */
export function presentTerm(today) {
  const [year, month] = today.split('-');
  return { from: month >= '09' ? `${year}-09-01` : month === '01' ? `${year - 1}-09-01` : `${year}-02-01`, to: today };
}

const spanText = ({ cases, median_s, p90_s }) =>
  cases === 0 ? t('term.none') : t('term.span', { cases, median: duration(median_s), p90: duration(p90_s) });

const bandsText = (bands) =>
  BANDS.filter((band) => bands[band] > 0).map((band) => `${t(`severity.${band}`)} ${number(bands[band])}`).join(' · ');

function summary({ total }) {
  const { alerts, cases, sightings, sightings_without_permit: suspects } = total;
  return facts([
    [t('term.vehicles'), t('term.vehicles.of', {
      vehicles: number(total.vehicles), permitted: number(total.vehicles_permitted), ran: number(total.vehicles_ran),
    })],
    [t('term.trips'), number(total.trips)],
    [t('term.boarded'), number(total.boarded)],
    [t('term.uncounted'), total.trips_uncounted > 0 ? number(total.trips_uncounted) : null],
    [t('term.alerts'), [number(alerts.all), bandsText(alerts)].filter(Boolean).join(' · ')],
    [t('term.found'), number(cases.found)],
    [t('term.rectified'), number(cases.rectified)],
    [t('term.going'), number(cases.going)],
    [t('term.overdue'), cases.overdue > 0 ? h('b', { class: 'attention' }, number(cases.overdue)) : number(0)],
    [t('term.void'), number(cases.dismissed + cases.explained)],
    [t('term.handedOver'), number(cases.handed_over)],
    [t('term.taken'), spanText(total.taken)],
    [t('term.rectifying'), spanText(total.case_rectified)],
    [t('term.sightings'), t('term.sightings.of', {
      all: number(sightings.all), suspects: number(suspects.all), plates: number(total.plates_without_permit),
      settled: number(suspects.settled), handed_over: number(suspects.handed_over),
    })],
  ]);
}

function table(label, heads, rows) {
  return h('div', { class: 'term-table', tabindex: '0', role: 'region', 'aria-label': label },
    h('table', {},
      h('caption', {}, label),
      h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, rows.map(({ cells: [name, ...values], isTotal }) =>
        h('tr', { class: isTotal ? 'is-total' : null },
          h('th', { scope: 'row' }, name), values.map((value) => h('td', {}, value)))))));
}

const cellsOf = (name, counts) => [name, number(counts.vehicles), number(counts.vehicles_ran), number(counts.trips),
  number(counts.boarded), number(counts.alerts.all), number(counts.cases.found), number(counts.cases.rectified),
  number(counts.cases.overdue), number(counts.sightings.all)];

function rowName({ in_registry, name }) {
  if (!in_registry) return t('term.notInRegistry');
  return name || t('term.noTownship');
}

function parts({ by, rows, total }) {
  const heads = [by, 'vehicles', 'ran', 'trips', 'boarded', 'alerts', 'found', 'rectified', 'overdue', 'sightings'];
  return table(t(`term.by.${by}`), heads.map((head) => t(`term.head.${head}`)), [
    ...rows.map((row) => ({ cells: cellsOf(rowName(row), row) })),
    { cells: cellsOf(t('term.all'), total), isTotal: true },
  ]);
}

function kinds({ total }) {
  const known = Object.entries(total.alert_kinds).filter(([, bands]) => bands.all > 0);
  const cells = (name, bands) => [name, number(bands.all), ...BANDS.map((band) => number(bands[band]))];
  return known.length === 0 ? null : table(t('term.kinds'),
    [t('term.head.kind'), t('term.all'), ...BANDS.map((band) => t(`severity.${band}`))],
    [...known.map(([kind, bands]) => ({ cells: cells(kindText(kind), bands) })),
      { cells: cells(t('term.all'), total.alerts), isTotal: true }]);
}

const isEmpty = ({ rows, total }) => rows.length === 0 && total.trips + total.alerts.all + total.cases.found === 0;

export class TermPage {
  #draw = () => []; // of the last answer, for a change of language
  #asked = 0; // an answer that was overtaken by a newer question is dropped

  constructor() {
    const { from, to } = presentTerm(dateTime(Date.now()).slice(0, 10));
    byId('term-from').value = from;
    byId('term-to').value = to;
    byId('term-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#ask(Object.fromEntries(new FormData(event.target)));
    });
    onLanguage(() => this.#show(this.#draw));
  }

  async #ask(question) {
    this.#asked += 1;
    const asked = this.#asked;
    this.#show(() => h('p', { class: 'empty' }, t('term.making')));
    let draw;
    try {
      const report = await getReport(question);
      draw = () => this.#whole(report, question);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      draw = () => h('p', { class: 'plate-error' }, t(FAILURES[error.status] ?? 'term.failed'));
    }
    if (asked === this.#asked) this.#show(draw);
  }

  #whole(report, question) {
    const workbook = reportWorkbookUrl(question, isChinese() ? 'zh' : 'en');
    return [
      h('h2', {}, t('term.title', { whose: report.school || report.bureau, from: report.from, to: report.to })),
      h('p', {}, h('a', { class: 'btn btn-primary', href: workbook, download: '' }, t('term.workbook'))),
      report.may_lack?.length > 0
        ? h('p', { class: 'attention' }, t('term.mayLack', { what: report.may_lack.map((name) => t(`term.lack.${name}`)).join(' · ') }))
        : null,
      isEmpty(report) ? h('p', {}, t('term.noData')) : null,
      summary(report), parts(report), kinds(report),
      h('p', { class: 'hint' }, t('term.asOf', { time: dateTime(report.made_at) })),
    ].filter((node) => node !== null);
  }

  #show(draw) {
    this.#draw = draw;
    byId('term-result').replaceChildren(...[draw()].flat());
  }
}
