// The log-in page: the one page that nobody has to be logged in for.

import { ApiError, logIn } from './api.js';
import { byId, setText } from './dom.js';
import { onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';

let draw = () => ''; // of the last failure, for a change of language

function reasonOf({ status, retryAfter_s }) {
  if (status === 401) return t('login.wrong');
  if (status === 429) return t('login.wait', { seconds: retryAfter_s ?? 30 });
  if (status === 503) return t('login.busy');
  return t('login.failed');
}

/** Where the log-in was asked for: a place of this console, whatever the address says. */
function destination() {
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  const url = new URL(next, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + url.hash : '/';
}

async function submit(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  const button = event.target.querySelector('button');
  button.disabled = true;
  try {
    await logIn(form.get('name').trim(), form.get('password'));
    location.replace(destination());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    draw = () => reasonOf(error);
    setText(byId('login-error'), draw());
    byId('password').select();
  } finally {
    button.disabled = false;
  }
}

byId('login-form').addEventListener('submit', submit);
byId('language').addEventListener('click', toggleLanguage);
onLanguage(() => {
  setText(byId('language'), t('language'));
  byId('language').setAttribute('aria-label', t('language.label'));
  setText(byId('login-error'), draw());
});
setLanguage(storedLanguage());
