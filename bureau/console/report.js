// The gate's page: plate, heads, place and photo go to the bureau, the verdict comes back. Made for a phone of 390 pixels
// and a network that comes and goes.

import { ApiError, getPlate, getSession, stayWithoutLogIn } from './api.js';
import { byId, h, setText } from './dom.js';
import { plateText } from './format.js';
import { isChinese, onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { bindLogIn } from './loginform.js';
import { PhotoEntry } from './photoentry.js';
import { characters, PlateKeys } from './platekeys.js';
import { nearMisses } from './plates.js';
import { Position } from './position.js';
import { QUEUE_MAX, ReportQueue } from './reportqueue.js';

const HEADS_MAX = 200;
const PLATE_MIN = 7;
const DOUBLE_TAP_MS = 600;
const PROVINCE_KEY = 'buswarden.province';

// verdict -> [tone, sign]; the words and the sign carry the meaning, the colour only helps
const TONES = {
  licensed: ['good', '✓'],
  wrong_hour: ['warn', '!'],
  unread: ['warn', '?'],
  expired: ['bad', '✕'],
  suspended: ['bad', '✕'],
  no_permit: ['bad', '✕'],
  unknown: ['bad', '✕'],
};

let heads = null;
let session = null;
let shownKey = ''; // of the report whose verdict stands on the page
let draw = () => []; // of what stands there, for a change of language

const plate = byId('plate');
const logIn = byId('log-in');
const keys = new PlateKeys(byId('keys'), plate);
const photos = new PhotoEntry({
  input: byId('photo'), preview: byId('preview'), remove: byId('no-photo'), onFault: () => tell('report.badPhoto'),
});
const position = new Position({ locate: byId('locate'), drop: byId('no-fix'), said: byId('located') });
const queue = new ReportQueue({ onChange: showQueue, onAnswer, onLogIn: showLogIn, whoAmI });

/* --- the verdict --- */

function show(drawNow) {
  draw = drawNow;
  byId('verdict').replaceChildren(...[draw()].flat());
}

function take(text) {
  plate.value = text;
  keys.draw();
  check();
}

function card(verdict, { plate: number, words, near_misses: near, seen_count: seen }) {
  const [tone, sign] = TONES[verdict];
  return h('article', { class: `answer is-${tone}`, 'data-verdict': verdict },
    h('header', {},
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      h('h2', {}, t(`sighting.${verdict}`)),
      h('p', { class: 'plate' }, number ? plateText(number) : t('report.noPlate'))),
    h('p', { class: 'words' }, words ? words[isChinese() ? 'zh' : 'en'] : t(`sighting.${verdict}.note`)),
    seen > 1 ? h('p', { class: 'again' }, t('report.seen', { n: seen })) : null,
    nearMisses(near, take));
}

function notice(tone, key, values = {}) {
  return () => h('article', { class: `answer is-${tone}` },
    h('header', {}, h('h2', {}, t(key, values))), h('p', { class: 'words' }, t(`${key}.note`, values)));
}

/** What the person has to see, wherever the page is scrolled to. */
function tell(key, values) {
  show(notice('warn', key, values));
  byId('verdict').scrollIntoView();
}

function onAnswer(item, sighting) {
  if (item.key === shownKey) show(() => card(sighting.verdict, sighting));
}

async function check() {
  const text = plate.value.trim();
  shownKey = '';
  if (text === '') return;
  show(notice('wait', 'report.checking'));
  try {
    const answer = await getPlate(text);
    const verdict = answer.verdict === 'licensed' && !answer.in_window ? 'wrong_hour' : answer.verdict;
    show(() => card(verdict, answer));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) {
      show(() => []);
      showLogIn();
    } else show(notice('warn', error.status === 400 ? 'report.malformed' : 'report.offline'));
  }
}

/* --- the form --- */

const uuid = () => crypto.randomUUID?.() ??
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

function bodyOf() {
  const { fix } = position;
  return {
    key: uuid(),
    plate: plate.value.trim(),
    gate: session?.school_id || null,
    place: byId('place').value.trim(),
    lat: fix?.lat ?? null,
    lon: fix?.lon ?? null,
    accuracy_m: fix?.accuracy_m ?? null,
    seen_at: new Date().toISOString(),
    heads,
    note: byId('note').value.trim(),
  };
}

function faultOf(body) {
  const n = characters(body.plate).length;
  if (n > 0 && n < PLATE_MIN) return 'report.malformed';
  if (body.gate === null && body.place === '' && body.lat === null) return 'report.noWhere';
  if (queue.isFull) return 'report.full';
  return null;
}

async function send(event) {
  event.preventDefault();
  const button = event.target.querySelector('.send');
  button.disabled = true; // the second tap of two would be a report of its own
  try {
    await report();
  } finally {
    setTimeout(() => { button.disabled = false; }, DOUBLE_TAP_MS);
  }
}

/** What stands there now, with the photo that is perhaps not ready yet. */
async function report() {
  const body = bodyOf();
  position.draw(); // what it says is what has gone into the report
  const fault = faultOf(body);
  if (fault) {
    tell(fault, { n: QUEUE_MAX });
    return;
  }
  shownKey = body.key;
  show(notice('wait', 'report.sending'));
  const form = byId('form');
  form.inert = true; // what is typed meanwhile would go with clear()
  const isGood = await photos.settled();
  form.inert = false;
  if (!isGood) return;
  if (body.plate !== '') localStorage.setItem(PROVINCE_KEY, [...body.plate][0]);
  const kept = queue.add(session?.name ?? '', body, photos.photo);
  clear(); // before anybody types the next one
  await kept;
  byId('verdict').scrollIntoView();
}

// The next vehicle is at the same place, and mostly of the same province.
function clear() {
  plate.value = localStorage.getItem(PROVINCE_KEY) ?? '';
  byId('note').value = '';
  keys.draw();
  setHeads(null);
  photos.clear();
}

/** Something of a report that has not been sent: the province alone stands there by itself. */
const isBegun = () => characters(plate.value.trim()).length > 1 || byId('note').value.trim() !== '' || heads !== null || photos.photo !== null;

/** The browser asks whether the page is to be left all the same. */
function askBeforeLeaving(event) {
  if (isBegun()) event.preventDefault();
}

function setHeads(value) {
  heads = value;
  setText(byId('heads'), value === null ? t('report.headsUnknown') : String(value));
}

function step(by) {
  const value = (heads ?? 0) + by;
  setHeads(value < 0 ? null : Math.min(HEADS_MAX, value));
}

/* --- where --- */

function showPlace() {
  setText(byId('gate'), session?.school_id ? t('report.gate', { school: session.school || session.school_id }) : '');
  position.draw();
}

/* --- what is on its way --- */

function showQueue(items) {
  byId('queue-area').hidden = items.length === 0;
  setText(byId('queue-count'), `${items.length} / ${QUEUE_MAX}`);
  byId('queue').replaceChildren(...items.map((item) =>
    h('li', {},
      h('b', {}, item.body.plate || t('report.noPlate')),
      h('span', {}, item.body.seen_at.slice(11, 16) && new Date(item.body.seen_at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })),
      item.photo ? h('span', {}, t('report.withPhoto')) : null,
      session && item.account && item.account !== session.name ? h('span', { class: 'why' }, t('report.ofOther', { name: item.account })) : null,
      item.state === 'refused' ? h('span', { class: 'why' }, t('report.refused', { reason: item.reason })) : null,
      h('button', { type: 'button', onclick: () => queue.discard(item.key) }, t('report.discard')))));
  if (items.some(({ key, id }) => key === shownKey && id === 0) && !navigator.onLine) show(notice('wait', 'report.kept'));
}

/* --- who reports --- */

function showLogIn() {
  if (!logIn.hidden) return; // somebody may be typing there
  logIn.elements.name.value = session?.name ?? '';
  logIn.hidden = false;
}

async function whoAmI() {
  const before = session?.name;
  session = await getSession();
  logIn.hidden = true;
  if (session.name !== before) queue.redraw(); // which of them are somebody else's is known by now
  return session.name;
}

async function loadSession() {
  try {
    await whoAmI();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) showLogIn();
  }
  showPlace();
}

async function comeBack() {
  await loadSession();
  queue.sendNow();
}

/** Logged in again in another tab, perhaps. */
function lookAgain() {
  if (!document.hidden && !logIn.hidden) comeBack();
}

/* --- together --- */

stayWithoutLogIn();
bindLogIn(logIn, comeBack);
document.addEventListener('visibilitychange', lookAgain);
window.addEventListener('focus', lookAgain);
window.addEventListener('beforeunload', askBeforeLeaving);
byId('form').addEventListener('submit', send);
byId('check').addEventListener('click', check);
byId('again').addEventListener('click', () => queue.sendNow());
byId('language').addEventListener('click', toggleLanguage);
for (const button of document.querySelectorAll('[data-step]')) {
  button.addEventListener('click', () => step(Number(button.dataset.step)));
}
onLanguage(() => {
  setText(byId('language'), t('language'));
  document.title = t('report.pageTitle');
  keys.draw(true);
  setHeads(heads);
  showPlace();
  queue.redraw();
  show(draw);
});
setLanguage(storedLanguage());
clear();
await Promise.all([loadSession(), queue.open()]);
