// The form that logs somebody in: on the log-in page, and on a page that would lose what is being typed if it were left for one.

import { ApiError, logIn } from './api.js';
import { setText } from './dom.js';
import { onLanguage, t } from './i18n.js';

function reasonOf({ status, retryAfter_s }) {
  if (status === 401) return t('login.wrong');
  if (status === 429) return t('login.wait', { seconds: retryAfter_s ?? 30 });
  if (status === 503) return t('login.busy');
  return t('login.failed');
}

/** form: has fields name and password, a button, and .form-error. onLoggedIn(): whoever it is, is in. */
export function bindLogIn(form, onLoggedIn) {
  const button = form.querySelector('button');
  const { name, password } = form.elements;
  let draw = () => ''; // of the last failure, for a change of language
  const tell = (drawNow) => setText(form.querySelector('.form-error'), (draw = drawNow)());

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await logIn(name.value.trim(), password.value);
      tell(() => '');
      password.value = '';
      onLoggedIn();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(() => reasonOf(error));
      password.select();
    } finally {
      button.disabled = false;
    }
  });
  onLanguage(() => tell(draw));
}
