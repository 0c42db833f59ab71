// Values as people read them. Times come as RFC 3339 UTC and are shown as Asia/Shanghai, wherever the browser is.

import { has, isChinese, t } from './i18n.js';

const PARTS = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric', month: '2-digit', day: '2-digit',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

function localParts(instant) {
  return Object.fromEntries(PARTS.formatToParts(instant).map(({ type, value }) => [type, value]));
}

/** "2025-03-03 07:12:31"; '' for null. */
export function dateTime(time) {
  if (time === null) return '';
  const p = localParts(new Date(time));
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
}

/** "07:12:31". */
export const clockTime = (time) => dateTime(time).slice(11);

/** "07:12:31" for today, "03-02 07:12" for another day. */
export function shortTime(time) {
  const text = dateTime(time);
  return text.slice(0, 10) === dateTime(Date.now()).slice(0, 10) ? text.slice(11) : text.slice(5, 16);
}

/** "3 分钟前". */
export function age(time, now_ms = Date.now()) {
  const minutes = Math.floor((now_ms - Date.parse(time)) / 60000);
  if (minutes < 1) return t('age.s');
  if (minutes < 60) return t('age.m', { n: minutes });
  if (minutes < 48 * 60) return t('age.h', { n: Math.floor(minutes / 60) });
  return t('age.d', { n: Math.floor(minutes / 1440) });
}

export function duration(seconds) {
  if (seconds === null) return t('value.unknown');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  if (h > 0) return t('duration.h', { h, m });
  return m > 0 ? t('duration.m', { m, s }) : t('duration.s', { s });
}

/** "45 分钟", "7 小时 19 分". */
export const minutes = (n) => (n < 120 ? t('duration.minutes', { n }) : duration(n * 60));

export function distance(metres) {
  if (metres === null) return t('value.unknown');
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

export const speed = (kmh) => (kmh === null ? t('value.unknown') : `${Math.round(kmh)} km/h`);

/** "浙J12345" -> "浙J·12345", as it is printed on the plate; anything else is left alone. */
export const plateText = (plate) => plate.replace(/^(\p{Script=Han}[A-Z])([A-Z0-9])/u, '$1·$2');

/** What a vehicle is called: its plate, or its id when the registry has none. */
export const vehicleName = ({ plate, vehicle_id }) => plateText(plate || vehicle_id);

/** "20", "约 20（18–22）" or "人数未知". */
export function aboardText(aboard) {
  if (!aboard || aboard.quality === 'unknown') return t('aboard.unknown');
  if (aboard.low === aboard.high) return String(aboard.count);
  return t('aboard.range', aboard);
}

/** One of a group of words, "kind", "reason"...; what only a newer server knows reads as "unknown". */
export const word = (group, name) => t(has(`${group}.${name}`) ? `${group}.${name}` : `${group}.NONE`);

export const kindText = (kind) => word('kind', kind);

export function weekdaysText(days) {
  const names = isChinese() ? [...t('weekdays')] : t('weekdays').split(',');
  const consecutive = days.length > 2 && days.every((day, i) => i === 0 || day === days[i - 1] + 1);
  const shown = consecutive
    ? `${names[days[0] - 1]}–${names[days.at(-1) - 1]}`
    : days.map((day) => names[day - 1]).join(isChinese() ? '、' : ', ');
  return t('weekdays.prefix') + shown.replace('–', isChinese() ? '至' : '–');
}
