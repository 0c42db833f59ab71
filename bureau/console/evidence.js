// Each kind's evidence, as one line for the list and as facts for the detail. A kind without an entry here is shown
// with its raw fields: nothing that a newer server sends is hidden.

import { isOpen } from './fleet.js';
import { dateTime, distance, duration, minutes, speed, word } from './format.js';
import { has, t } from './i18n.js';

const over = (aboard, capacity) => Math.max(0, aboard - capacity);

const clock = (time) => time ?? t('value.unknown');

const windowText = ({ window_start, window_end }) => `${clock(window_start)}–${clock(window_end)}`;

const minuteOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)); // of "06:30"

/** "08:25（晚 45 分钟）". */
function localTimeText({ local_time: time, window_start, window_end }) {
  if (time === null || window_start === null || window_end === null) return clock(time);
  const [early, late] = [minuteOf(window_start) - minuteOf(time), minuteOf(time) - minuteOf(window_end)];
  const isOvernight = window_start > window_end; // then the nearer end counts
  if (isOvernight ? early <= 0 || late <= 0 : early <= 0 && late <= 0) return time;
  if (late > 0 && (!isOvernight || late <= early)) return t('field.lateBy', { time, minutes: minutes(late) });
  return t('field.early', { time, minutes: minutes(early) });
}

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
    line(evidence, alert, names) {
      const values = {
        route: t('route.quoted', { name: names.route(evidence.route_id) }),
        distance: distance(isOpen(alert) ? evidence.distance_m : evidence.peak_distance_m),
        width: distance(evidence.half_width_m),
        duration: duration(evidence.outside_s),
      };
      const entered = isOpen(alert) ? 'evidence.OFF_ROUTE' : 'evidence.OFF_ROUTE.past';
      const line = t(evidence.entered ? entered : 'evidence.OFF_ROUTE.never', values);
      return evidence.exempted_by ? t('evidence.exempted', { line, order: evidence.exempted_by }) : line;
    },
    facts(evidence, alert, names) {
      return [
        [t('field.route'), names.route(evidence.route_id)],
        [t('field.distance'), distance(evidence.distance_m)],
        [t('field.peakDistance'), distance(evidence.peak_distance_m)],
        [t('field.width'), distance(evidence.half_width_m)],
        [t('field.left'), evidence.entered ? dateTime(evidence.left_at) : t('field.never')],
        [t('field.duration'), duration(evidence.outside_s)],
        [t('field.exempted'), evidence.exempted_by],
      ];
    },
  },
  OUT_OF_HOURS: {
    line: (evidence) => t('evidence.OUT_OF_HOURS', { time: clock(evidence.local_time), window: windowText(evidence) }),
    facts(evidence) {
      return [
        [t('field.permit'), evidence.permit_no],
        [t('field.window'), windowText(evidence)],
        [t('field.localTime'), localTimeText(evidence)],
      ];
    },
  },
  UNAPPROVED_STOP: {
    line(evidence, alert, names) {
      const { stop_id, boarded, alighted } = evidence;
      const place = {
        stop: t('route.quoted', { name: names.stop(stop_id) }),
        distance: distance(evidence.distance_m),
        radius: distance(evidence.radius_m),
      };
      return t(boarded + alighted > 0 ? 'evidence.UNAPPROVED_STOP' : 'evidence.UNAPPROVED_STOP.door', {
        boarded,
        alighted,
        duration: duration(evidence.door_open_s),
        place: t(stop_id ? 'evidence.UNAPPROVED_STOP.place' : 'evidence.UNAPPROVED_STOP.noStop', place),
      });
    },
    facts(evidence, alert, names) {
      const isCounted = evidence.boarded + evidence.alighted > 0;
      const persons = (n) => (isCounted ? t('field.persons', { n }) : t('value.unknown'));
      return [
        [t('field.stop'), evidence.stop_id ? names.stop(evidence.stop_id) : t('field.noStop')],
        [t('field.stopDistance'), evidence.stop_id && distance(evidence.distance_m)],
        [t('field.stopRadius'), evidence.stop_id && distance(evidence.radius_m)],
        [t('field.boarded'), persons(evidence.boarded)],
        [t('field.alighted'), persons(evidence.alighted)],
        [t('field.doorOpen'), duration(evidence.door_open_s)],
      ];
    },
  },
  UNLICENSED: {
    line({ reason, valid_until }) {
      const values = { reason: word('reason', reason), date: valid_until };
      const own = `evidence.UNLICENSED.${reason}`;
      if (!valid_until) return t('evidence.UNLICENSED', values);
      return t(has(own) ? own : 'evidence.UNLICENSED.until', values);
    },
    facts({ reason, permit_no, valid_until }) {
      return [
        [t('field.reason'), word('reason', reason)],
        [t('field.permit'), permit_no],
        [t(has(`field.validUntil.${reason}`) ? `field.validUntil.${reason}` : 'field.validUntil'), valid_until],
      ];
    },
  },
  OVERSPEED: {
    line(evidence, alert) {
      return t(isOpen(alert) ? 'evidence.OVERSPEED' : 'evidence.OVERSPEED.past', {
        speed: speed(evidence.speed_kmh),
        peak: speed(evidence.peak_kmh),
        limit: speed(evidence.limit_kmh),
        duration: duration(evidence.over_s),
      });
    },
    facts(evidence) {
      const { peak_kmh, limit_kmh, source, motorway } = evidence;
      const isKnown = peak_kmh !== null && limit_kmh > 0;
      const percent = isKnown ? Math.max(0, Math.floor(((peak_kmh - limit_kmh) * 100) / limit_kmh)) : null;
      return [
        [t('field.speed'), speed(evidence.speed_kmh)],
        [t('field.judgedSpeed'), t('field.judgedBy', { speed: speed(peak_kmh) })],
        [t('field.limit'), speed(limit_kmh)],
        [t('field.limitSource'), source === 'LAW' && motorway ? t('limit.LAW.motorway') : word('limit', source)],
        [t('field.order'), evidence.order_id],
        [t('field.overPercent'), isKnown ? t('field.percent', { percent }) : null],
        [t('field.overFor'), duration(evidence.over_s)],
      ];
    },
  },
  UNBELTED: {
    line(evidence, alert) {
      const { unbelted, peak, speed_kmh } = evidence;
      if (isOpen(alert) && unbelted > 0) return t('evidence.UNBELTED', { unbelted, speed: speed(speed_kmh) });
      return t('evidence.UNBELTED.past', { peak });
    },
    facts(evidence) {
      return [
        [t('field.unbelted'), t('field.persons', { n: evidence.unbelted })],
        [t('field.unbeltedPeak'), t('field.persons', { n: evidence.peak })],
        [t('field.speed'), speed(evidence.speed_kmh)],
      ];
    },
  },
  DOOR_OPEN_MOVING: {
    line(evidence, alert) {
      return t(isOpen(alert) ? 'evidence.DOOR_OPEN_MOVING' : 'evidence.DOOR_OPEN_MOVING.past', {
        duration: duration(evidence.open_s),
        speed: speed(evidence.speed_kmh),
        peak: speed(evidence.peak_kmh),
      });
    },
    facts(evidence) {
      return [
        [t('field.openFor'), duration(evidence.open_s)],
        [t('field.speed'), speed(evidence.speed_kmh)],
        [t('field.peakSpeed'), speed(evidence.peak_kmh)],
      ];
    },
  },
  CHILD_LEFT_BEHIND: {
    line(evidence, alert) {
      return t(isOpen(alert) ? 'evidence.CHILD_LEFT_BEHIND' : 'evidence.CHILD_LEFT_BEHIND.past', {
        aboard: evidence.aboard,
        duration: duration(evidence.waiting_s),
      });
    },
    facts(evidence) {
      return [
        [t('field.leftAboard'), t('field.persons', { n: evidence.aboard })],
        [t('field.waiting'), duration(evidence.waiting_s)],
        [t('field.alarm'), word('alarm', evidence.alarm)],
      ];
    },
  },
  SENSOR_FAULT: {
    line(evidence, alert) {
      return t(isOpen(alert) ? 'evidence.SENSOR_FAULT' : 'evidence.SENSOR_FAULT.past', {
        fault: word('fault', evidence.fault),
        duration: duration(evidence.for_s),
      });
    },
    facts({ fault, for_s, seats_unknown }) {
      return [
        [t('field.fault'), word('fault', fault)],
        [t('field.lasting'), duration(for_s)],
        [t('field.seatsUnknown'), seats_unknown > 0 ? t('field.seatsUnknownValue', { n: seats_unknown }) : null],
        [t('field.note'), t('note.device')],
      ];
    },
  },
  TAMPER: {
    line({ sign, for_s, moved_m }, alert) {
      const own = `evidence.TAMPER.${sign}`;
      return t(has(own) ? own : isOpen(alert) ? 'evidence.TAMPER' : 'evidence.TAMPER.past', {
        sign: word('sign', sign),
        duration: duration(for_s),
        distance: distance(moved_m),
      });
    },
    facts({ sign, for_s, moved_m, persons }) {
      const isMoved = sign === 'POSITION' || sign === 'JAMMED';
      return [
        [t('field.sign'), word('sign', sign)],
        [t(sign === 'CLOCK' ? 'field.back' : 'field.lasting'), sign === 'POSITION' ? null : duration(for_s)],
        [t('field.moved'), isMoved ? distance(moved_m) : null],
        [t('field.counted'), sign === 'SEATS_EMPTY' ? t('field.persons', { n: persons }) : null],
        [t('field.note'), t('note.tamper')],
      ];
    },
  },
};

const RAW = {
  line: () => '',
  facts: (evidence) => Object.entries(evidence).map(([name, value]) => [name, value === null ? null : String(value)]),
};

const DAMAGED = { line: () => t('evidence.damaged'), facts: () => [] };

function of(alert) {
  if (alert.damaged) return DAMAGED;
  return alert.evidence ? KINDS[alert.kind] ?? RAW : { line: () => '', facts: () => [] };
}

/** "实载 20 / 核定 18，超 2 人". names: { route(id), stop(id) }. */
export const evidenceLine = (alert, names) => of(alert).line(alert.evidence, alert, names);

/** [[label, text]...]. */
export const evidenceFacts = (alert, names) => of(alert).facts(alert.evidence, alert, names);
