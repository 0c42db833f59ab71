// Who is logged in: shown in the top bar of every page, with the way out.

import { logOut } from './api.js';
import { byId, setText } from './dom.js';
import { onLanguage, t } from './i18n.js';

/** session: the answer of getSession(). */
export function showWho(session) {
  const draw = () => setText(byId('who'), `${session.name} · ${session.school || t(`role.${session.role}`)}`);
  document.body.dataset.role = session.role; // what a role has no use for is not shown (style.css)
  byId('log-out').addEventListener('click', logOut);
  onLanguage(draw);
  draw();
}
