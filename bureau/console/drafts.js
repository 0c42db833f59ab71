// What is chosen and typed about cases and not yet submitted. It outlives a reload, and the log-in that an ended session
// leads to; in this tab alone, and nobody but the account that typed it gets it back.

const STORAGE_KEY = 'buswarden.drafts';
const KEPT_MAX = 20;

let who = null;
let drafts = []; // [case id, values], the newest last

const save = () => sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ who, drafts }));
const without = (id) => drafts.filter(([of]) => of !== id);

/** Before anything else: whose they are. */
export function openDrafts(account) {
  const kept = JSON.parse(sessionStorage.getItem(STORAGE_KEY));
  who = account;
  drafts = kept?.who === account ? kept.drafts : [];
  save();
}

/** null: nothing was typed about this case. */
export const draftOf = (id) => drafts.find(([of]) => of === id)?.[1] ?? null;

export function keepDraft(id, values) {
  drafts = [...without(id), [id, values]].slice(-KEPT_MAX);
  save();
}

export function dropDraft(id) {
  drafts = without(id);
  save();
}
