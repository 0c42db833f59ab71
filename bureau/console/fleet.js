// What the page knows: alerts and vehicles as last heard. Views listen; nothing here touches the document.

export const CLEARED_MAX = 1000; // kept; beyond it the oldest go. Open ones stay: a snapshot has a limit of its own (api.js)
const SEVERITIES = ['none', 'notice', 'minor', 'serious', 'criminal'];

export const isOpen = (alert) => alert.phase !== 'CLEARED';

/** A life may be at stake: shown above everything else. */
const URGENT = 'CHILD_LEFT_BEHIND';
export const isUrgent = (alert) => alert.kind === URGENT && isOpen(alert);
export const needsUrgentLook = (vehicle) => vehicle.open_alerts.includes(URGENT);

/** The kinds of a vehicle's open alerts, the urgent one first. */
export const openKinds = (vehicle) => [...vehicle.open_alerts].sort((a, b) => (b === URGENT) - (a === URGENT));

export const isGrave = (alert) => SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf('serious');

/** Events: alert {alert, isNew}, alert-gone {id}, vehicle {vehicle}, vehicle-gone {id}, reset. */
export class Fleet extends EventTarget {
  alerts = new Map();
  vehicles = new Map();
  lastEvent = 0; // number of the newest event seen
  #loaded = false;
  #openByVehicle = new Map(); // vehicle_id -> Map(alert id -> alert)
  #cleared = new Set(); // ids

  /**
   * A fresh snapshot; alerts not known and newer than the last event seen count as new. Only the first one moves
   * lastEvent: a later one does not tell of old alerts that were cleared meanwhile, but the stream from there does.
   */
  load({ alerts, vehicles, lastEvent }) {
    if (lastEvent < this.lastEvent) this.#reset(); // another store: numbers start again
    for (const alert of alerts) this.#keep(alert);
    this.#forgetOthers(new Set(vehicles.map((vehicle) => vehicle.vehicle_id)));
    for (const vehicle of vehicles) this.putVehicle(vehicle);
    if (!this.#loaded) this.lastEvent = lastEvent;
    this.#loaded = true;
  }

  /** One event of the stream; an event older than what is known is ignored. */
  putAlert(alert) {
    this.#keep(alert);
    this.lastEvent = Math.max(this.lastEvent, alert.event);
  }

  /** A page of history: never new. True when it told of an alert that was not known. */
  putHistory(alerts) {
    const tells = alerts.some(({ id }) => !this.alerts.has(id));
    for (const alert of alerts) this.#keep(alert);
    return tells;
  }

  putVehicle(vehicle) {
    this.vehicles.set(vehicle.vehicle_id, vehicle);
    this.#emit('vehicle', { vehicle });
  }

  /** No more history fits. */
  get isFull() {
    return this.#cleared.size >= CLEARED_MAX;
  }

  openAlerts() {
    return [...this.#openByVehicle.values()].flatMap((alerts) => [...alerts.values()]);
  }

  openAlertsOf(vehicleId) {
    return [...(this.#openByVehicle.get(vehicleId)?.values() ?? [])].sort((a, b) => b.id - a.id);
  }

  /** The gravest severity among a vehicle's open alerts, 'none' without any. */
  severityOf(vehicle) {
    // The vehicle object can run ahead of the alert itself; then the least accusing colour stands in.
    const floor = vehicle.open_alerts.length > 0 ? 1 : 0;
    const ranks = this.openAlertsOf(vehicle.vehicle_id).map((alert) => SEVERITIES.indexOf(alert.severity));
    return SEVERITIES[Math.max(floor, ...ranks)];
  }

  // A new registry may have dropped vehicles.
  #forgetOthers(registered) {
    for (const id of [...this.vehicles.keys()]) {
      if (registered.has(id)) continue;
      this.vehicles.delete(id);
      this.#emit('vehicle-gone', { id });
    }
  }

  #keep(alert) {
    const known = this.alerts.get(alert.id);
    if (known && known.event >= alert.event) return;
    this.alerts.set(alert.id, alert);
    this.#index(alert);
    this.#emit('alert', { alert, isNew: this.#loaded && !known && alert.event > this.lastEvent });
    const vehicle = this.vehicles.get(alert.vehicle_id);
    if (vehicle) this.#emit('vehicle', { vehicle });
    if (this.#cleared.size > CLEARED_MAX) this.#evict();
  }

  #index(alert) {
    const open = this.#openByVehicle.get(alert.vehicle_id) ?? new Map();
    if (isOpen(alert)) open.set(alert.id, alert);
    else open.delete(alert.id);
    this.#openByVehicle.set(alert.vehicle_id, open);
    if (isOpen(alert)) this.#cleared.delete(alert.id);
    else this.#cleared.add(alert.id);
  }

  #evict() {
    const id = Math.min(...this.#cleared);
    this.#cleared.delete(id);
    this.alerts.delete(id);
    this.#emit('alert-gone', { id });
  }

  #reset() {
    this.alerts.clear();
    this.vehicles.clear();
    this.#openByVehicle.clear();
    this.#cleared.clear();
    this.lastEvent = 0;
    this.#loaded = false;
    this.#emit('reset');
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
