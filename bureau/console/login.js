// The log-in page: the one page that nobody has to be logged in for.

import { byId, setText } from './dom.js';
import { onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { bindLogIn } from './loginform.js';

/** Where the log-in was asked for: a place of this console, whatever the address says. */
function destination() {
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  const url = new URL(next, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + url.hash : '/';
}

bindLogIn(byId('login-form'), () => location.replace(destination()));
byId('language').addEventListener('click', toggleLanguage);
onLanguage(() => {
  setText(byId('language'), t('language'));
  byId('language').setAttribute('aria-label', t('language.label'));
});
setLanguage(storedLanguage());
