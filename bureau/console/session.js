// Who is logged in: shown in the top bar of every page, with the way out.

import { ApiError, getSession, logOut } from './api.js';
import { byId, setText } from './dom.js';
import { onLanguage, t } from './i18n.js';

const RETRY_MS = 2000;

/** Whether whoever is shown is of the bureau's staff. Others may not change what is the bureau's. */
export const isStaff = () => ['admin', 'bureau'].includes(document.body.dataset.role);

/** session: the answer of getSession(). */
export function showWho(session) {
  const draw = () => setText(byId('who'), `${session.name} · ${session.school || t(`role.${session.role}`)}`);
  document.body.dataset.role = session.role; // what a role has no use for is not shown (style.css)
  byId('log-out').addEventListener('click', logOut);
  onLanguage(draw);
  draw();
}

/** Shows who is logged in as soon as the server says so, and returns that; null without a session: the log-in comes then. */
export async function knowWho() {
  for (;;) {
    try {
      const session = await getSession();
      showWho(session);
      return session;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return null;
    }
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
  }
}
