// The photo of the report that is being typed. To make it smaller takes a phone a moment, in which the report can be sent already.

import { shrink } from './photo.js';

export class PhotoEntry {
  #input;
  #preview;
  #remove;
  #onFault;
  #photo = null;
  #run = 0; // of a file and of clear(): what an earlier one brings is dropped
  #reading = null; // the promise of the file that is being read

  /** The file input, the image, the button that removes it; onFault(): what was taken is no picture. */
  constructor({ input, preview, remove, onFault }) {
    this.#input = input;
    this.#preview = preview;
    this.#remove = remove;
    this.#onFault = onFault;
    input.addEventListener('change', () => this.#take());
    remove.addEventListener('click', () => this.clear());
  }

  /** A JPEG Blob, or null. */
  get photo() {
    return this.#photo;
  }

  clear() {
    this.#run += 1;
    this.#reading = null;
    this.#set(null);
  }

  /** Waits for the file that is being read, if one is. False: it was no picture, which onFault() has told. */
  async settled() {
    let isGood = true;
    while (this.#reading) isGood = await this.#reading;
    return isGood;
  }

  #take() {
    const [file] = this.#input.files;
    if (!file) return;
    this.#run += 1;
    this.#reading = this.#read(file, this.#run);
  }

  async #read(file, run) {
    const jpeg = await shrink(file).catch(() => null);
    if (run !== this.#run) return true;
    this.#reading = null;
    this.#set(jpeg);
    if (jpeg === null) this.#onFault();
    return jpeg !== null;
  }

  #set(jpeg) {
    URL.revokeObjectURL(this.#preview.src);
    this.#photo = jpeg;
    this.#preview.hidden = jpeg === null;
    this.#remove.hidden = jpeg === null;
    if (jpeg === null) this.#input.value = '';
    else this.#preview.src = URL.createObjectURL(jpeg);
  }
}
