// Elements without markup strings: whatever the server sends ends up in a text node, never in HTML.

/** An element; attributes with value null or false are left out, children null or '' too. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets the text only when it differs, so that live regions and text selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A list of labelled values; rows whose value is null are left out. */
export function facts(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h('dl', { class: 'facts' }, shown.map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value))));
}

/**
 * Keyed rows of one <ul>, kept sorted. A row's <button> lives as long as its item, so focus and scroll position
 * survive every update. Changes are drawn once a frame: a burst of events costs one pass.
 */
export class RowList {
  #list;
  #options;
  #rows = new Map(); // id -> { item, li, button }
  #dirty = new Set();
  #scheduled = false;
  #selected = null;

  /** options: compare(a, b), render(item) -> nodes, className(item), matches(item), onSelect(id), onDraw(shown). */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  put(id, item) {
    const row = this.#rows.get(id) ?? this.#create(id);
    row.item = item;
    this.#invalidate(id);
  }

  remove(id) {
    this.#rows.get(id)?.li.remove();
    this.#rows.delete(id);
    this.#invalidate(id);
  }

  clear() {
    for (const id of [...this.#rows.keys()]) this.remove(id);
  }

  redraw() {
    for (const id of this.#rows.keys()) this.#dirty.add(id);
    this.#schedule();
  }

  select(id) {
    this.#rows.get(this.#selected)?.button.removeAttribute('aria-current');
    this.#selected = id;
    this.#rows.get(id)?.button.setAttribute('aria-current', 'true');
  }

  focus(id) {
    this.#rows.get(id)?.button.focus();
  }

  /** For a moment, the row is shown as new. */
  flash(id) {
    const li = this.#rows.get(id)?.li;
    li?.classList.add('is-new');
    li?.addEventListener('animationend', () => li.classList.remove('is-new'), { once: true });
  }

  #create(id) {
    const button = h('button', { type: 'button', onclick: () => this.#options.onSelect(id) });
    const row = { item: null, li: h('li', {}, button), button };
    if (id === this.#selected) button.setAttribute('aria-current', 'true');
    this.#rows.set(id, row);
    return row;
  }

  #invalidate(id) {
    this.#dirty.add(id);
    this.#schedule();
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#scheduled = false;
    for (const id of this.#dirty) {
      const row = this.#rows.get(id);
      if (!row) continue;
      row.button.className = `row-button ${this.#options.className(row.item)}`;
      row.button.replaceChildren(...this.#options.render(row.item));
      row.li.hidden = !this.#options.matches(row.item);
    }
    this.#dirty.clear();
    this.#order();
    this.#options.onDraw([...this.#rows.values()].filter((row) => !row.li.hidden).length);
  }

  // Moves only rows that are out of place: moving a node drops its focus.
  #order() {
    const sorted = [...this.#rows.values()].sort((a, b) => this.#options.compare(a.item, b.item));
    let next = this.#list.firstElementChild;
    for (const { li } of sorted) {
      if (li === next) next = next.nextElementSibling;
      else this.#list.insertBefore(li, next);
    }
  }
}
