// The part of the HTTP interface that is about cases (docs/api/openapi.yaml).

import { send } from './api.js';

const SCHOOLS_AT_ONCE = 500; // the interface's largest page
const SCHOOL_PAGES_MAX = 20;

/** filters: { state, kind, school, overdue, mine }, '' or null = all; before: next_before, null = the newest. */
export function getCases(filters, before) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  if (before !== null) query.set('before', before);
  return send('GET', `/v1/cases?${query}`);
}

export const getCase = (id) => send('GET', `/v1/cases/${id}`);

/** deed: { action, seen_step, text, school_id, deadline, answer }. The case as it is then. */
export const takeStep = (id, deed) => send('POST', `/v1/cases/${id}/steps`, deed);

/** [id, name] of each school that the registry has and whoever asks may see. */
export async function getSchools() {
  const schools = [];
  const query = new URLSearchParams({ limit: SCHOOLS_AT_ONCE });
  for (let page = 0; page < SCHOOL_PAGES_MAX; page++) {
    const answer = await send('GET', `/v1/registry/schools?${query}`);
    schools.push(...answer.schools.map(({ row }) => [row.school_id, row.name || row.school_id]));
    if (answer.next_after === null) break;
    query.set('after', answer.next_after);
  }
  return schools;
}
