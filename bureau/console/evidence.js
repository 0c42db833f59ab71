// Each kind's evidence, as one line for the list and as facts for the detail. A kind without an entry here is shown
// with its raw fields: nothing that a newer server sends is hidden.

import { isOpen } from './fleet.js';
import { dateTime, distance, duration } from './format.js';
import { t } from './i18n.js';

const over = (aboard, capacity) => Math.max(0, aboard - capacity);

const KINDS = {
  OVERLOAD: {
    line(evidence, alert) {
      const { aboard, peak, capacity } = evidence;
      if (isOpen(alert) && aboard > capacity) {
        return t('evidence.OVERLOAD', { aboard, capacity, over: over(aboard, capacity) });
      }
      return t('evidence.OVERLOAD.past', { peak, capacity, over: over(peak, capacity) });
    },
    facts({ peak, capacity }) {
      const percent = capacity > 0 ? Math.floor((over(peak, capacity) * 100) / capacity) : 100;
      return [
        [t('field.capacity'), String(capacity)],
        [t('field.peak'), String(peak)],
        [t('field.over'), t('field.overValue', { over: over(peak, capacity), percent })],
      ];
    },
  },
  OFF_ROUTE: {
    line(evidence, alert, routeName) {
      const values = {
        route: t('route.quoted', { name: routeName(evidence.route_id) }),
        distance: distance(isOpen(alert) ? evidence.distance_m : evidence.peak_distance_m),
        width: distance(evidence.half_width_m),
        duration: duration(evidence.outside_s),
      };
      if (!evidence.entered) return t('evidence.OFF_ROUTE.never', values);
      return t(isOpen(alert) ? 'evidence.OFF_ROUTE' : 'evidence.OFF_ROUTE.past', values);
    },
    facts(evidence, alert, routeName) {
      return [
        [t('field.route'), routeName(evidence.route_id)],
        [t('field.distance'), distance(evidence.distance_m)],
        [t('field.peakDistance'), distance(evidence.peak_distance_m)],
        [t('field.width'), distance(evidence.half_width_m)],
        [t('field.left'), evidence.entered ? dateTime(evidence.left_at) : t('field.never')],
        [t('field.duration'), duration(evidence.outside_s)],
      ];
    },
  },
  UNLICENSED: {
    line({ reason, valid_until }) {
      const values = { reason: t(`reason.${reason}`), date: valid_until };
      return t(valid_until ? 'evidence.UNLICENSED.until' : 'evidence.UNLICENSED', values);
    },
    facts({ reason, permit_no, valid_until }) {
      return [
        [t('field.reason'), t(`reason.${reason}`)],
        [t('field.permit'), permit_no],
        [t('field.validUntil'), valid_until],
      ];
    },
  },
};

const RAW = {
  line: () => '',
  facts: (evidence) => Object.entries(evidence).map(([name, value]) => [name, value === null ? null : String(value)]),
};

const of = (alert) => (alert.evidence ? KINDS[alert.kind] ?? RAW : { line: () => '', facts: () => [] });

/** "实载 20 / 核定 18，超 2 人". routeName(route_id) -> name. */
export const evidenceLine = (alert, routeName) => of(alert).line(alert.evidence, alert, routeName);

/** [[label, text]...]. */
export const evidenceFacts = (alert, routeName) => of(alert).facts(alert.evidence, alert, routeName);
