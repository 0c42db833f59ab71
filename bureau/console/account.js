// Accounts (administrators), API tokens and the password of whoever is logged in.

import * as api from './api.js';
import { byId, h, setText } from './dom.js';
import { dateTime } from './format.js';
import { has, onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { showWho } from './session.js';

const ROLES = ['bureau', 'school', 'police', 'admin'];
const SCOPES = ['plates', 'feeds', 'plates,feeds', 'read', 'all'];

const RETRY_MS = 5000;

let session = null; // null: not known yet
let retry = 0; // the timer of the next load()
let accounts = [];
let tokens = [];

const reasonOf = ({ code, message }) => (has(`error.${code}`) ? t(`error.${code}`) : message);
const timeOf = (instant) => (instant ? dateTime(instant) : t('never'));
const scopesText = (scopes) => scopes.split(',').map((scope) => t(`scope.${scope}`)).join('、');

/** Told once, because the server keeps only its hash. */
function showSecret(note, secret) {
  setText(byId('made-note'), note);
  setText(byId('made-secret'), secret);
  byId('made').hidden = false;
  byId('made').scrollIntoView();
}

const action = (key, run) => h('button', { type: 'button', class: 'btn btn-sm btn-link', onclick: () => attempt(null, run) }, t(key));

function accountRow(account) {
  const { name, role, school_id, login_at, disabled_at } = account;
  const renew = async () => showSecret(t('secret.password', { name }), (await api.renewPassword(name)).password);
  return h('tr', { class: disabled_at ? 'is-over' : null },
    h('td', {}, name), h('td', {}, t(`role.${role}`)), h('td', {}, school_id ?? ''), h('td', {}, timeOf(login_at)),
    h('td', {}, t(disabled_at ? 'account.disabled' : 'account.active')),
    h('td', {}, name === session.name ? null : [
      action('account.newPassword', renew),
      action(disabled_at ? 'account.enable' : 'account.disable', () => api.disableAccount(name, !disabled_at)),
    ]));
}

function tokenRow({ id, account, note, scopes, expires_at, revoked_at, used_at }) {
  const over = revoked_at || Date.parse(expires_at) <= Date.now();
  return h('tr', { class: over ? 'is-over' : null },
    h('td', {}, String(id)), h('td', {}, account), h('td', {}, note), h('td', {}, scopesText(scopes)),
    h('td', {}, revoked_at ? t('token.revoked') : dateTime(expires_at)), h('td', {}, timeOf(used_at)),
    h('td', {}, over ? null : action('token.revoke', () => api.revokeToken(id))));
}

function draw() {
  byId('account-rows').replaceChildren(...accounts.map(accountRow));
  byId('token-rows').replaceChildren(...tokens.map(tokenRow));
  for (const [form, name, values, prefix] of [['account-form', 'role', ROLES, 'role'], ['token-form', 'scopes', SCOPES, '']]) {
    const select = byId(form).elements[name];
    const chosen = select.value || values[0];
    select.replaceChildren(...values.map((value) => h('option', { value }, prefix ? t(`role.${value}`) : scopesText(value))));
    select.value = chosen;
  }
}

async function loadSession() {
  const answer = await api.getSession();
  if (session) return; // another load() was quicker
  session = answer;
  byId('accounts').hidden = session.role !== 'admin';
  showWho(session);
}

/** Shows how things are. A failure is told, and tried again for as long as the page stands. */
async function load() {
  clearTimeout(retry);
  try {
    if (!session) await loadSession();
    [accounts, tokens] = await Promise.all([session.role === 'admin' ? api.getAccounts() : [], api.getTokens()]);
    byId('unloaded').hidden = true;
    draw();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 401) return; // api.js leads to the log-in
    byId('unloaded').hidden = false;
    clearTimeout(retry);
    retry = setTimeout(load, RETRY_MS);
  }
}

/** Runs what a button or form asks for, then shows how things are now. */
async function attempt(form, run) {
  const error = form?.querySelector('.form-error');
  try {
    if (error) setText(error, '');
    await run();
    form?.reset();
  } catch (failure) {
    if (!(failure instanceof api.ApiError)) throw failure;
    if (error) setText(error, reasonOf(failure));
    else showSecret(reasonOf(failure), '');
  }
  await load();
}

function bind(id, run) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(event.target, () => run(Object.fromEntries(new FormData(event.target))));
  });
}

function bindForms() {
  const role = byId('account-form').elements.role;
  const school = byId('account-form').elements.school_id;
  const follow = () => { school.disabled = role.value !== 'school'; school.required = !school.disabled; };
  role.addEventListener('change', follow);
  byId('account-form').addEventListener('reset', () => setTimeout(follow));
  bind('account-form', async (fields) => {
    const { name, password } = await api.addAccount(fields);
    showSecret(t('secret.password', { name }), password);
  });
  bind('token-form', async ({ note, scopes, days }) => {
    const { id, token } = await api.addToken({ note, scopes, days: Number(days) });
    showSecret(t('secret.token', { id }), token);
  });
  bind('password-form', async ({ password, new_password, again }) => {
    if (new_password !== again) throw new api.ApiError(0, t('password.differ'));
    await api.changePassword(password, new_password);
    showSecret(t('password.changed'), '');
  });
  byId('made-close').addEventListener('click', () => {
    byId('made').hidden = true;
    setText(byId('made-secret'), '');
  });
}

byId('language').addEventListener('click', toggleLanguage);
onLanguage(() => {
  setText(byId('language'), t('language'));
  byId('language').setAttribute('aria-label', t('language.label'));
  draw();
});
bindForms(); // before anything is waited for: until then the browser sends a form itself
setLanguage(storedLanguage());
await load();
