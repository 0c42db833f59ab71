// The part of the HTTP interface that is about cases (docs/api/openapi.yaml).

import { ApiError } from './api.js';

const REQUEST_TIMEOUT_MS = 8000;
const LOGIN_PAGE = '/console/login.html';

/** An answer that says why not: code and message of its error. */
export class Refusal extends ApiError {
  constructor(status, { code = '', message = '' } = {}) {
    super(status, message);
    this.code = code;
  }
}

async function ask(path, options = {}) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), REQUEST_TIMEOUT_MS);
  let response;
  try {
    response = await fetch(path, { signal: abort.signal, cache: 'no-store', ...options });
  } catch (cause) {
    throw new ApiError(0, cause.message);
  } finally {
    clearTimeout(timer);
  }
  let body = {};
  try {
    body = await response.json();
  } catch (cause) {
    if (response.ok) throw new ApiError(response.status, cause.message);
  }
  if (response.ok) return body;
  if (response.status === 401) {
    const here = location.pathname + location.search + location.hash;
    location.replace(`${LOGIN_PAGE}?next=${encodeURIComponent(here)}`);
  }
  throw new Refusal(response.status, body.error);
}

/** filters: { state, kind, school, overdue, mine }, '' or null = all; before: next_before, null = the newest. */
export function getCases(filters, before) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  if (before !== null) query.set('before', before);
  return ask(`/v1/cases?${query}`);
}

export const getCase = (id) => ask(`/v1/cases/${id}`);

/** deed: { action, seen_step, text, school_id, deadline, answer }. The case as it is then. */
export const takeStep = (id, deed) =>
  ask(`/v1/cases/${id}/steps`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
    body: JSON.stringify(deed),
  });
