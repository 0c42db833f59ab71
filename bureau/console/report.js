// The gate's page: plate, heads, place and photo go to the bureau, the verdict comes back. Made for a phone of 390 pixels
// and a network that comes and goes.

import { ApiError, getPlate, getSession } from './api.js';
import { byId, h, setText } from './dom.js';
import { plateText } from './format.js';
import { isChinese, onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { shrink } from './photo.js';
import { characters, PlateKeys } from './platekeys.js';
import { nearMisses } from './plates.js';
import { QUEUE_MAX, ReportQueue } from './reportqueue.js';

const HEADS_MAX = 200;
const PLATE_MIN = 7;
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
let photo = null;
let position = null;
let session = null;
let shownKey = ''; // of the report whose verdict stands on the page
let draw = () => []; // of what stands there, for a change of language

const plate = byId('plate');
const keys = new PlateKeys(byId('keys'), plate);
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

function onAnswer(item, sighting) {
  if (item.key === shownKey) show(() => card(sighting.verdict, sighting));
}

function showLogIn() {
  show(() => h('article', { class: 'answer is-warn' },
    h('header', {}, h('h2', {}, t('report.logIn'))),
    h('p', { class: 'words' }, h('a', { href: '/' }, t('report.logIn.note')))));
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
    if (error.status === 401) showLogIn();
    else show(notice('warn', error.status === 400 ? 'report.malformed' : 'report.offline'));
  }
}

/* --- the form --- */

const uuid = () => crypto.randomUUID?.() ??
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

function bodyOf() {
  return {
    key: uuid(),
    plate: plate.value.trim(),
    gate: session?.school_id || null,
    place: byId('place').value.trim(),
    lat: position?.lat ?? null,
    lon: position?.lon ?? null,
    accuracy_m: position?.accuracy_m ?? null,
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
  const body = bodyOf();
  const fault = faultOf(body);
  if (fault) {
    show(notice('warn', fault, { n: QUEUE_MAX }));
    byId('verdict').scrollIntoView();
    return;
  }
  shownKey = body.key;
  show(notice('wait', 'report.sending'));
  if (body.plate !== '') localStorage.setItem(PROVINCE_KEY, [...body.plate][0]);
  await queue.add(session?.name ?? '', body, photo);
  clear();
  byId('verdict').scrollIntoView();
}

// The next vehicle is at the same place, and mostly of the same province.
function clear() {
  plate.value = localStorage.getItem(PROVINCE_KEY) ?? '';
  byId('note').value = '';
  keys.draw();
  setHeads(null);
  setPhoto(null);
}

function setHeads(value) {
  heads = value;
  setText(byId('heads'), value === null ? t('report.headsUnknown') : String(value));
}

function step(by) {
  const value = (heads ?? 0) + by;
  setHeads(value < 0 ? null : Math.min(HEADS_MAX, value));
}

function setPhoto(blob) {
  const preview = byId('preview');
  photo = blob;
  URL.revokeObjectURL(preview.src);
  preview.hidden = blob === null;
  byId('no-photo').hidden = blob === null;
  if (blob === null) byId('photo').value = '';
  else preview.src = URL.createObjectURL(blob);
}

async function takePhoto(event) {
  const [file] = event.target.files;
  if (!file) return;
  try {
    setPhoto(await shrink(file));
  } catch {
    setPhoto(null);
    show(notice('warn', 'report.badPhoto'));
  }
}

/* --- where --- */

function locate() {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      position = { lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy) };
      showPlace();
    },
    () => setText(byId('located'), t('report.noPosition')),
    { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
}

function showPlace() {
  setText(byId('gate'), session?.school_id ? t('report.gate', { school: session.school || session.school_id }) : '');
  setText(byId('located'), position ? t('report.located', { n: position.accuracy_m }) : '');
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

/* --- together --- */

async function whoAmI() {
  const before = session?.name;
  session = await getSession();
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

byId('form').addEventListener('submit', send);
byId('check').addEventListener('click', check);
byId('photo').addEventListener('change', takePhoto);
byId('no-photo').addEventListener('click', () => setPhoto(null));
byId('again').addEventListener('click', () => queue.sendNow());
byId('locate').addEventListener('click', locate);
byId('locate').hidden = !window.isSecureContext || !navigator.geolocation; // browsers tell it over HTTPS alone
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
