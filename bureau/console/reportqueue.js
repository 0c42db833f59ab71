// Reports that are on their way. Each is kept on the phone (IndexedDB) until the bureau has it, photo and all, and is sent
// again and again until then; its key makes sure that the bureau keeps it once. At most QUEUE_MAX. A phone may be handed on: what
// somebody has reported goes out when that account is logged in, and in nobody else's name.

import { ApiError, postJson, postPhoto } from './api.js';

export const QUEUE_MAX = 20;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60000;
const DATABASE = 'buswarden-reports';
const TABLE = 'reports';

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Keeps nothing where the browser keeps nothing (a private window): the queue then lives as long as the page. */
class Shelf {
  #database = null;

  async open() {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: 'key' });
      this.#database = await asked(request);
      return await asked(this.#table('readonly').getAll());
    } catch {
      return [];
    }
  }

  async put(item) {
    try {
      if (this.#database) await asked(this.#table('readwrite').put(item));
    } catch {
      this.#database = null; // full, or gone
    }
  }

  async remove(key) {
    if (this.#database) await asked(this.#table('readwrite').delete(key)).catch(() => {});
  }

  #table(mode) {
    return this.#database.transaction(TABLE, mode).objectStore(TABLE);
  }
}

/** Will it go if it is sent again? 401: after a log-in. */
const isPassing = ({ status }) => status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;

/**
 * Items: { key, account, body, photo: Blob or null, id: of the sighting or 0, state: 'waiting' or 'refused', reason }.
 * handlers: onChange(items), onAnswer(item, sighting), onLogIn(), whoAmI(): the account, or an ApiError.
 */
export class ReportQueue {
  #handlers;
  #shelf = new Shelf();
  #items = [];
  #sending = false;
  #timer = 0;
  #pause_ms = FIRST_PAUSE_MS;

  constructor(handlers) {
    this.#handlers = handlers;
    window.addEventListener('online', () => this.sendNow());
  }

  async open() {
    const kept = (await this.#shelf.open()).map((item) => ({ account: '', ...item })); // a former console knew no accounts
    this.#items = [...kept.sort((a, b) => a.body.seen_at.localeCompare(b.body.seen_at)), ...this.#items];
    this.#changed();
    this.sendNow();
  }

  get isFull() {
    return this.#items.length >= QUEUE_MAX;
  }

  redraw() {
    this.#changed();
  }

  /** account: whose report it is. */
  async add(account, body, photo) {
    const item = { key: body.key, account, body, photo, id: 0, state: 'waiting', reason: '' };
    this.#items.push(item);
    this.#changed();
    await this.#shelf.put(item);
    this.sendNow();
  }

  async discard(key) {
    this.#items = this.#items.filter((item) => item.key !== key);
    this.#changed();
    await this.#shelf.remove(key);
  }

  sendNow() {
    this.#pause_ms = FIRST_PAUSE_MS;
    this.#send();
  }

  async #send() {
    clearTimeout(this.#timer);
    if (this.#sending) return;
    this.#sending = true;
    const waits = this.#items.some(({ state }) => state === 'waiting') && !(await this.#sendOwn());
    this.#sending = false;
    if (!waits) return;
    this.#timer = setTimeout(() => this.#send(), this.#pause_ms);
    this.#pause_ms = Math.min(LONGEST_PAUSE_MS, this.#pause_ms * 2);
  }

  /** All of whoever is logged in. False: not now. */
  async #sendOwn() {
    let who;
    try {
      who = await this.#handlers.whoAmI();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this.#handlers.onLogIn();
      return false;
    }
    let item;
    while ((item = this.#items.find(({ state, account }) => state === 'waiting' && (account === who || account === '')))) {
      if (!(await this.#sendOne(item))) return false;
    }
    return true;
  }

  /** False: not now. */
  async #sendOne(item) {
    try {
      if (item.id === 0) {
        const sighting = await postJson('/v1/sightings', item.body);
        item.id = sighting.id;
        this.#handlers.onAnswer(item, sighting);
        await this.#shelf.put(item);
      }
      if (item.photo !== null) await postPhoto(`/v1/sightings/${item.id}/photo`, item.photo);
      await this.discard(item.key);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this.#handlers.onLogIn();
      if (isPassing(error)) return false;
      item.state = 'refused';
      item.reason = error.message;
      await this.#shelf.put(item);
      this.#changed();
      return true;
    }
  }

  #changed() {
    this.#handlers.onChange(this.#items);
  }
}
