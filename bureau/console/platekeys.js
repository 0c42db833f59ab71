// A keyboard for plates: what may stand next is what is shown. The plate is whatever stands in the input, so that a
// desktop's keyboard and the clipboard work as well.

import { h } from './dom.js';
import { t } from './i18n.js';

const PROVINCES = [...'浙苏皖沪赣闽京津冀晋蒙辽吉黑鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新'];
const DIGITS = [...'1234567890'];
const LETTERS = [...'ABCDEFGHJKLMNPQRSTUVWXYZ'];
const ENDINGS = [...'学警港澳挂领使'];
const UNREAD = '?';
export const PLATE_MAX = 8;

/** The characters of a plate as the keyboard counts them. */
export const characters = (text) => [...text.replace(/[\s·•.\-－]/g, '')];

export class PlateKeys {
  #area;
  #input;
  #shown = '';

  constructor(area, input) {
    this.#area = area;
    this.#input = input;
    input.addEventListener('input', () => this.draw());
    this.draw();
  }

  /** Draws the keys anew; `force` after a change of language. */
  draw(force = false) {
    const at = characters(this.#input.value).length;
    const stage = at === 0 ? 'province' : at === 1 ? 'letter' : 'serial';
    if (stage === this.#shown && !force) return;
    this.#shown = stage;
    const keys = { province: PROVINCES, letter: LETTERS, serial: [...DIGITS, ...LETTERS, ...ENDINGS] }[stage];
    this.#area.replaceChildren(
      ...[...keys, UNREAD].map((key) =>
        h('button', { type: 'button', onclick: () => this.#press(key), 'aria-label': key === UNREAD ? t('report.unread') : null }, key)),
      h('button', { type: 'button', class: 'wide', onclick: () => this.#back() }, t('report.back')),
      h('button', { type: 'button', class: 'wide', onclick: () => this.#set('') }, t('report.clear')));
  }

  #press(key) {
    if (characters(this.#input.value).length < PLATE_MAX) this.#set(this.#input.value + key);
  }

  #back() {
    this.#set([...this.#input.value].slice(0, -1).join(''));
  }

  #set(value) {
    this.#input.value = value;
    this.draw();
  }
}
