// The bureau's HTTP interface (docs/api/openapi.yaml) and the live connection to it.

const REQUEST_TIMEOUT_MS = 8000;
const REPORT_TIMEOUT_MS = 60000; // a year takes seconds, and others may be before it
const UPLOAD_TIMEOUT_MS = 60000; // a photo over a bad network
const PASSWORD_TIMEOUT_MS = 60000; // one is checked after the other, and each is made to take its time
const HEALTH_INTERVAL_MS = 10000;
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_LIMIT_MS = 15000;
const OPEN_PAGE = 500; // the interface's largest
export const OPEN_MAX = 5000; // open alerts that a snapshot holds, the newest
export const PAGE_LIMIT = 100;
const TRIPS_LIMIT = 20;

const LOGIN_PAGE = '/console/login.html';

export class ApiError extends Error {
  constructor(status, message, { body = null, retryAfter_s = null } = {}) {
    super(message);
    this.status = status; // 0: no answer at all
    this.body = body; // what the server said, if it was JSON
    this.code = body?.error?.code;
    this.retryAfter_s = retryAfter_s;
  }
}

let isLeft = location.pathname !== LOGIN_PAGE;

/** For a page that would lose what is being typed: it hears of each 401, and asks for the log-in itself. */
export const stayWithoutLogIn = () => { isLeft = false; };

/** To the log-in, and from there back to where one was. */
function askForLogIn() {
  if (!isLeft) return;
  const here = location.pathname + location.search + location.hash;
  location.replace(`${LOGIN_PAGE}?next=${encodeURIComponent(here)}`);
}

/** What went wrong, in the answer's own words. */
async function errorOf(response) {
  const retryAfter_s = Number(response.headers.get('Retry-After')) || null;
  const body = await response.json().catch(() => null); // none: a proxy's answer; its status has to do
  return new ApiError(response.status, body?.error?.message ?? response.statusText, { body, retryAfter_s });
}

/** JSON of `path`, null when it has no content. Statuses listed in `accept` are answers too. Throws ApiError. */
async function get(path, accept = []) {
  return ask(path, {}, accept);
}

/** A change. X-Buswarden tells the server that no form of another site asks. */
export async function send(method, path, body, timeout_ms = REQUEST_TIMEOUT_MS) {
  const headers = { 'X-Buswarden': '1' };
  if (body === undefined) return ask(path, { method, headers }, [], timeout_ms);
  const json = { ...headers, 'Content-Type': 'application/json' };
  return ask(path, { method, headers: json, body: JSON.stringify(body) }, [], timeout_ms);
}

async function ask(path, options, accept = [], timeout_ms = REQUEST_TIMEOUT_MS) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout_ms);
  let response;
  try {
    response = await fetch(path, { signal: abort.signal, cache: 'no-store', ...options });
  } catch (cause) {
    throw new ApiError(0, cause.message);
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok && !accept.includes(response.status)) {
    if (response.status === 401) askForLogIn();
    throw await errorOf(response);
  }
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (cause) {
    throw new ApiError(response.status, cause.message);
  }
}

/** A call that may take longer, or changes something. Throws ApiError with the server's own words. */
async function call(path, timeout_ms, options, read) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout_ms);
  try {
    const response = await fetch(path, { signal: abort.signal, cache: 'no-store', ...options });
    if (response.ok) return await read(response);
    if (response.status === 401) askForLogIn();
    throw await errorOf(response);
  } catch (cause) {
    throw cause instanceof ApiError ? cause : new ApiError(0, cause.message);
  } finally {
    clearTimeout(timer);
  }
}

/** The header is one that no form of a foreign page can send. */
const post = (path, type, body, timeout_ms) =>
  call(path, timeout_ms, { method: 'POST', headers: { 'Content-Type': type, 'X-Buswarden': '1' }, body },
    (response) => response.json());

/** Any call: {body, tag} of the answer. */
export const callApi = (path, options = {}) =>
  call(path, UPLOAD_TIMEOUT_MS, options,
    async (response) => ({ body: await response.json(), tag: response.headers.get('ETag') }));

export const postJson = (path, body) => post(path, 'application/json', JSON.stringify(body), REQUEST_TIMEOUT_MS);
export const postPhoto = (path, jpeg) => post(path, 'image/jpeg', jpeg, UPLOAD_TIMEOUT_MS);
export const getPhoto = (id) =>
  call(`/v1/sightings/${id}/photo`, UPLOAD_TIMEOUT_MS, {}, (response) => response.blob());
export const getRecurrence = (by, days) => get(`/v1/sightings/recurrence?by=${by}&days=${days}`);
/** The newest reports; query: plate, limit, before... */
export const getSightings = (query) => get(`/v1/sightings?${new URLSearchParams(query)}`);
export const getSession = () => get('/v1/session');
export const logIn = (name, password) => send('POST', '/v1/session', { name, password }, PASSWORD_TIMEOUT_MS);
/** The session may be over already: out is out. */
export async function logOut() {
  try {
    await send('DELETE', '/v1/session');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  location.replace(LOGIN_PAGE);
}
export const changePassword = (password, new_password) =>
  send('POST', '/v1/password', { password, new_password }, PASSWORD_TIMEOUT_MS);
export const getAccounts = async () => (await get('/v1/accounts')).accounts;
export const addAccount = (account) => send('POST', '/v1/accounts', account);
export const renewPassword = (name) => send('POST', `/v1/accounts/${encodeURIComponent(name)}/password`);
export const disableAccount = (name, disabled) => send('PUT', `/v1/accounts/${encodeURIComponent(name)}`, { disabled });
export const getTokens = async () => (await get('/v1/tokens')).tokens;
export const addToken = (token) => send('POST', '/v1/tokens', token);
export const revokeToken = (id) => send('DELETE', `/v1/tokens/${id}`);
export const getConsole = () => get('/v1/console');
/** The newest deliveries; state "" = all. */
export const getNotifications = (state) => get(`/v1/notifications?limit=${PAGE_LIMIT}${state ? `&state=${state}` : ''}`);
export const retryNotification = (id) =>
  call(`/v1/notifications/${id}/retry`, REQUEST_TIMEOUT_MS, { method: 'POST', headers: { 'X-Buswarden': '1' } },
    (response) => response.json());
export const getIncidents = () => get('/v1/incidents');
export const getRoutes = () => get('/v1/routes');
export const getPlate = (plate) => get(`/v1/plates/${encodeURIComponent(plate)}`);
/** A page of a vehicle's trips, newest first; before: next_before of the page before, null = the first. */
export const getTrips = (vehicleId, before) =>
  get(`/v1/trips?vehicle=${encodeURIComponent(vehicleId)}&limit=${TRIPS_LIMIT}${before ? `&before=${before}` : ''}`);
export const getTrip = (id) => get(`/v1/trips/${id}`);
const reportQuery = ({ from, to, by }) => new URLSearchParams({ from, to, by });
/** Days YYYY-MM-DD, both inclusive; by: school or township. */
export const getReport = (question) =>
  call(`/v1/report?${reportQuery(question)}`, REPORT_TIMEOUT_MS, {}, (response) => response.json());
export const reportWorkbookUrl = (question, lang) => `/v1/report.xlsx?${reportQuery(question)}&lang=${lang}`;
export const getAlertsBefore = (id) => get(`/v1/alerts?state=all&limit=${PAGE_LIMIT}&before=${id}`);

/** The open alerts, page by page; next_before is null unless there are more than OPEN_MAX. */
async function getOpenAlerts() {
  const page = (query) => get(`/v1/alerts?state=open&limit=${OPEN_PAGE}${query}`);
  let { alerts, next_before, last_event } = await page('');
  while (next_before !== null && alerts.length < OPEN_MAX) {
    const older = await page(`&before=${next_before}`);
    alerts = alerts.concat(older.alerts);
    next_before = older.next_before;
  }
  return { alerts, next_before, last_event };
}

/** Everything the page starts from: the open alerts, the newest page of all alerts, all vehicles. */
async function getSnapshot() {
  // Alerts first: what changes after `last_event` of the first answer comes again over the stream.
  const open = await getOpenAlerts();
  const [recent, fleet] = await Promise.all([get(`/v1/alerts?state=all&limit=${PAGE_LIMIT}`), get('/v1/vehicles')]);
  return {
    alerts: [...recent.alerts, ...open.alerts],
    vehicles: fleet.vehicles,
    lastEvent: open.last_event,
    nextBefore: recent.next_before,
    openTruncated: open.next_before !== null,
  };
}

function stateOf({ status, broker }) {
  if (status === 'ok') return 'live';
  return broker.connected ? 'faulty' : 'degraded';
}

/**
 * Keeps the page live for ever: snapshot, then the event stream from the last event seen, again after every failure
 * with growing, jittered pauses. A stream can stay "open" on a dead network, so /healthz is asked as well.
 *
 * handlers: onSnapshot(snapshot), onAlert(alert), onVehicle(vehicle), cursor() -> last event number seen,
 * onState(state) with state.name one of connecting, live, degraded (the vehicles' broker is gone), faulty (the server
 * says it is not well for another reason), retrying (+ retryAtMs).
 */
export class Live {
  #handlers;
  #source = null;
  #timer = 0;
  #attempt = 0;
  #run = 0; // of start(): an answer to an earlier one is dropped

  constructor(handlers) {
    this.#handlers = handlers;
    window.addEventListener('online', () => this.retryNow());
  }

  async start() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#run += 1;
    const run = this.#run;
    this.#handlers.onState({ name: 'connecting' });
    try {
      const snapshot = await getSnapshot();
      if (run !== this.#run) return;
      this.#handlers.onSnapshot(snapshot);
      this.#openStream();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run === this.#run) this.#retryLater();
    }
  }

  /** Skips the pause; does nothing unless one is running. */
  retryNow() {
    if (this.#source?.readyState === EventSource.OPEN || this.#attempt === 0) return;
    this.start();
  }

  #openStream() {
    const source = new EventSource(`/v1/alerts/stream?last_event_id=${this.#handlers.cursor()}`);
    this.#source = source;
    source.addEventListener('alert', (event) => this.#handlers.onAlert(JSON.parse(event.data)));
    source.addEventListener('vehicle', (event) => this.#handlers.onVehicle(JSON.parse(event.data)));
    source.addEventListener('open', () => {
      this.#attempt = 0;
      this.#checkHealth();
    });
    // The browser's own reconnection is not used: it gives up for good on an HTTP error and has no backoff.
    source.addEventListener('error', () => this.#retryLater());
  }

  async #checkHealth() {
    clearTimeout(this.#timer);
    const source = this.#source;
    try {
      const health = await get('/healthz', [503]);
      if (source !== this.#source || source.readyState !== EventSource.OPEN) return;
      this.#handlers.onState({ name: stateOf(health) });
      this.#timer = setTimeout(() => this.#checkHealth(), HEALTH_INTERVAL_MS);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (source === this.#source) this.#retryLater();
    }
  }

  #retryLater() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const ceiling_ms = Math.min(BACKOFF_LIMIT_MS, BACKOFF_FIRST_MS * 2 ** this.#attempt);
    const pause_ms = ceiling_ms * (0.5 + Math.random() / 2); // a county's browsers must not return all at once
    this.#attempt += 1;
    this.#handlers.onState({ name: 'retrying', retryAtMs: Date.now() + pause_ms });
    this.#timer = setTimeout(() => this.start(), pause_ms);
  }
}
