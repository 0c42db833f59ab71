// The pages' two languages, a file a subject in words/. Chinese is the original; every key exists in both, and once.

import * as access from './words/access.js';
import * as alerts from './words/alerts.js';
import * as cases from './words/cases.js';
import * as notices from './words/notices.js';
import * as page from './words/page.js';
import * as registry from './words/registry.js';
import * as sightings from './words/sightings.js';
import * as term from './words/term.js';
import * as vehicles from './words/vehicles.js';

const SUBJECTS = [access, alerts, cases, notices, page, registry, sightings, term, vehicles];
const TABLES = {
  'zh-CN': Object.assign({}, ...SUBJECTS.map(({ zh }) => zh)),
  en: Object.assign({}, ...SUBJECTS.map(({ en }) => en)),
};
const STORAGE_KEY = 'buswarden.language';
const listeners = [];
let current = 'zh-CN';

export const language = () => current;
export const isChinese = () => current === 'zh-CN';

export const has = (key) => key in TABLES[current];

/** The text of `key`, with {name} replaced from `values`. A key that does not exist is shown as it is. */
export function t(key, values = {}) {
  const text = TABLES[current][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Calls `listener` at every change of language. */
export const onLanguage = (listener) => listeners.push(listener);

/** Switches the language, remembers it, redraws the static texts and tells the listeners. */
export function setLanguage(code) {
  current = code in TABLES ? code : 'zh-CN';
  localStorage.setItem(STORAGE_KEY, current);
  document.documentElement.lang = current;
  for (const node of document.querySelectorAll('[data-i18n]')) node.textContent = t(node.dataset.i18n);
  for (const node of document.querySelectorAll('[data-i18n-aria-label]')) {
    node.setAttribute('aria-label', t(node.dataset.i18nAriaLabel));
  }
  for (const node of document.querySelectorAll('[data-i18n-placeholder]')) {
    node.setAttribute('placeholder', t(node.dataset.i18nPlaceholder));
  }
  for (const listener of listeners) listener();
}

export const toggleLanguage = () => setLanguage(isChinese() ? 'en' : 'zh-CN');
export const storedLanguage = () => localStorage.getItem(STORAGE_KEY) ?? 'zh-CN';
