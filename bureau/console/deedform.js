// The form in which a step of a case is taken. It stays where it is while the page around it is drawn anew: what is typed
// there, by whatever input method, is not interrupted.

import { ApiError } from './api.js';
import { takeStep } from './caseapi.js';
import { draftOf, dropDraft, keepDraft } from './drafts.js';
import { h } from './dom.js';
import { t } from './i18n.js';

const ANSWERS = ['in_progress', 'done', 'no_action', 'later'];
const WANTED_BY = { answer: ['answer'], school_id: ['assign'], deadline: ['assign', 'return'] };
const BUREAU_ITSELF = ''; // as school_id

/** Offers [value, text] pairs. When `wanted` is none of them nothing is chosen, and `hint` stands there. */
function offer(select, pairs, wanted, hint) {
  const none = h('option', { value: '', disabled: true, hidden: true }, hint);
  const options = pairs.map(([value, text]) => h('option', { value }, text));
  select.replaceChildren(...options, none);
  (options.find(({ value }) => value === wanted) ?? none).selected = true;
}

/** null: nothing. */
const chosen = (select) => [...select.selectedOptions].find(({ disabled }) => !disabled)?.value ?? null;

const untouched = ({ actions, assigned_school_id, school_id }) => ({
  action: actions[0], answer: ANSWERS[0], school_id: assigned_school_id || school_id || null, deadline: '', text: '',
});

/** What the interface calls a deed, of the form's values. */
function deedOf({ action, answer, school_id, deadline, text }, seen_step) {
  const deed = { action, seen_step, text: text.trim() };
  if (action === 'answer') deed.answer = answer;
  if (action === 'assign') deed.school_id = school_id;
  if (WANTED_BY.deadline.includes(action) && deadline) deed.deadline = new Date(`${deadline}:00+08:00`).toISOString();
  return deed;
}

/** What is missing, by the name that the server would have for it; null: nothing. */
function missing({ action, school_id }) {
  if (action === null) return 'needs_action';
  return action === 'assign' && school_id === null ? 'needs_school' : null;
}

export class DeedForm {
  #form;
  #handlers;
  #item = null;
  #schools = [];
  #underWay = new Set(); // ids of cases

  /** handlers: onTaken(case), onRefused(id, error), of a case that need not be the one that is shown by then. */
  constructor(form, handlers) {
    this.#form = form;
    this.#handlers = handlers;
    form.addEventListener('input', () => this.#keep());
    form.addEventListener('change', () => {
      this.#keep();
      this.#fit();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** schools: [id, name] pairs in order. What was chosen and typed about this case stands there again. */
  show(item, schools) {
    this.#item = item;
    this.#schools = schools;
    this.#form.hidden = item.actions.length === 0;
    this.#fill(draftOf(item.id) ?? untouched(item));
  }

  hide() {
    this.#item = null;
    this.#form.hidden = true;
  }

  #fill(values) {
    const { action, answer, school_id, deadline, text } = this.#form.elements;
    offer(action, this.#item.actions.map((name) => [name, t(`case.do.${name}`)]), values.action, t('case.chooseAction'));
    offer(answer, ANSWERS.map((name) => [name, t(`case.answer.${name}`)]), values.answer, '');
    offer(school_id, [[BUREAU_ITSELF, t('case.bureauItself')], ...this.#schools], values.school_id, t('case.chooseSchool'));
    // Only what differs: to set a value moves the caret.
    if (deadline.value !== values.deadline) deadline.value = values.deadline;
    if (text.value !== values.text) text.value = values.text;
    this.#fit();
  }

  /** What the action has no use for is not there; what is on its way is not sent twice, nor changed. */
  #fit() {
    const { elements } = this.#form;
    for (const [name, actions] of Object.entries(WANTED_BY)) {
      const control = elements[name];
      (control.closest('label') ?? control).hidden = !actions.includes(chosen(elements.action));
    }
    const isUnderWay = this.#underWay.has(this.#item?.id);
    this.#form.querySelector('[type=submit]').disabled = isUnderWay;
    elements.text.readOnly = isUnderWay;
  }

  #keep() {
    const { action, answer, school_id, deadline, text } = this.#form.elements;
    const values = {
      action: chosen(action), answer: chosen(answer), school_id: chosen(school_id), deadline: deadline.value, text: text.value,
    };
    keepDraft(this.#item.id, values);
    return values;
  }

  async #submit() {
    const { id, last_step } = this.#item;
    if (this.#underWay.has(id)) return;
    const values = this.#keep();
    const code = missing(values);
    if (code) {
      this.#handlers.onRefused(id, new ApiError(400, '', { body: { error: { code } } }));
      return;
    }
    this.#underWay.add(id);
    this.#fit();
    try {
      const item = await takeStep(id, deedOf(values, last_step));
      dropDraft(id);
      this.#handlers.onTaken(item);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#handlers.onRefused(id, error);
    } finally {
      this.#underWay.delete(id);
      this.#fit();
    }
  }
}
