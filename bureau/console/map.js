// The map: licensed corridors drawn to scale, stops, buses, and the place of the chosen alert. Needs no tiles.

import { baseLayer, placeOn, ZOOMS } from './basemap.js';
import { h, setText } from './dom.js';
import { openKinds } from './fleet.js';
import { aboardText, age, distance, kindText, vehicleName } from './format.js';
import { t } from './i18n.js';

const { L } = globalThis;

const CORRIDOR_MIN_PX = 9; // a corridor narrower than this on the screen is drawn this wide
const FOCUS_ZOOM = 15;
const MARGIN_PX = 48; // left free around what is brought into view
const NAMES_ZOOM = 13; // stop names from here on
const LABELS_ZOOM = 11; // buses shrink to dots below
const KINDS_MAX = 2; // named on a bus; the others are counted
const EMPTY_VIEW = { center: [35, 105], zoom: 4 }; // China, until there is something to show
const EARTH_MPP = 156543.034; // metres a pixel at zoom 0 on the equator, 256 px tiles

const COLOURS = { line: '#1d5fa8', corridor: '#2f7fd1', stop: '#1d5fa8', alert: '#b3261e' };
const SPOT = { color: COLOURS.alert, weight: 2, interactive: false };

/** All parts of a LineString or MultiLineString, as arrays of [lat, lon]. */
function partsOf(geometry) {
  const parts = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
  return parts.map((part) => part.map(([lon, lat]) => [lat, lon]));
}

export class FleetMap {
  #map;
  #place; // [lat, lon] WGS-84 -> [lat, lon] of the base map
  #corridors = []; // { route_id, parts, line, halfWidth_m }
  #buses = new Map(); // vehicle_id -> { marker, label parts }
  #routes = L.featureGroup();
  #spot = L.layerGroup();
  #severityOf;
  #onSelect;
  #covered_px;
  #home;
  #hasRoutes = false;
  #framed = false;

  /** config of /v1/console; severityOf(vehicle) -> severity; onSelect(vehicle_id); covered_px() -> width hidden at
   *  the right by the detail card. */
  constructor(element, config, { severityOf, onSelect, covered_px }) {
    this.#severityOf = severityOf;
    this.#onSelect = onSelect;
    this.#covered_px = covered_px;
    this.#place = placeOn(config);
    const zoomSnap = config.tiles === '' ? 0.25 : 1; // the drawing can fill the screen, tiles would blur
    this.#map = L.map(element, { zoomControl: false, attributionControl: false, ...ZOOMS, zoomSnap, ...EMPTY_VIEW });
    baseLayer(config).addTo(this.#map);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(this.#map);
    L.control.zoom({ position: 'topleft' }).addTo(this.#map);
    this.#addHomeButton();
    this.#routes.addTo(this.#map);
    this.#spot.addTo(this.#map);
    this.#map.on('zoomend', () => this.#fitToZoom());
    new ResizeObserver(() => this.#map.invalidateSize({ animate: false })).observe(element);
    this.#fitToZoom();
    this.relabel();
  }

  /** GeoJSON of /v1/routes. */
  setRoutes({ features }) {
    this.#routes.clearLayers();
    this.#corridors = [];
    for (const feature of features.filter(({ geometry }) => geometry.type !== 'Point')) this.#addRoute(feature);
    for (const feature of features.filter(({ geometry }) => geometry.type === 'Point')) this.#addStop(feature);
    this.#hasRoutes = true;
    this.#fitToZoom();
    this.#frame();
  }

  /** Draws, moves or removes (no position) one bus. */
  putVehicle(vehicle) {
    const hasPlace = vehicle.lat !== null && vehicle.lon !== null;
    if (!hasPlace) {
      this.removeVehicle(vehicle.vehicle_id);
      return;
    }
    const bus = this.#buses.get(vehicle.vehicle_id) ?? this.#addBus(vehicle);
    bus.vehicle = vehicle;
    bus.marker.setLatLng(this.#place([vehicle.lat, vehicle.lon]));
    this.#label(bus);
    this.#frame();
  }

  removeVehicle(id) {
    this.#buses.get(id)?.marker.remove();
    this.#buses.delete(id);
  }

  clearVehicles() {
    for (const id of [...this.#buses.keys()]) this.removeVehicle(id);
  }

  /** Brings an alert's place into view and marks it, with its accuracy; without a place only the mark goes. */
  showAlert(alert) {
    this.#spot.clearLayers();
    if (alert.lat === null || alert.lon === null) return;
    const place = this.#place([alert.lat, alert.lon]);
    if (alert.accuracy_m > 0) {
      L.circle(place, { ...SPOT, radius: alert.accuracy_m, weight: 1, fillOpacity: 0.08 }).addTo(this.#spot);
    }
    L.circleMarker(place, { ...SPOT, radius: 17, fill: false, dashArray: '4 4' }).addTo(this.#spot);
    L.circleMarker(place, { ...SPOT, radius: 4, fillOpacity: 1 }).addTo(this.#spot);
    this.#focus([place, ...(alert.kind === 'OFF_ROUTE' ? this.#measure(place, alert.evidence) : [])]);
  }

  showVehicle(vehicle) {
    this.#spot.clearLayers();
    if (vehicle.lat !== null && vehicle.lon !== null) this.#focus([this.#place([vehicle.lat, vehicle.lon])]);
  }

  clearSelection() {
    this.#spot.clearLayers();
  }

  /** After a change of language, and now and then for the ages of offline buses. */
  relabel() {
    for (const bus of this.#buses.values()) this.#label(bus);
    const container = this.#map.getContainer();
    const controls = { '.leaflet-control-zoom-in': 'map.zoomIn', '.leaflet-control-zoom-out': 'map.zoomOut' };
    for (const [selector, key] of Object.entries(controls)) this.#name(container.querySelector(selector), t(key));
    this.#name(this.#home, t('map.home'));
    setText(this.#home, t('map.all'));
  }

  // A dashed line from where the bus was to the nearest point of the route it should have been on.
  #measure(place, { route_id, distance_m }) {
    const corridor = this.#corridors.find((candidate) => candidate.route_id === route_id);
    if (!corridor) return [];
    const nearest = this.#nearestOn(corridor.parts, place);
    const line = L.polyline([place, nearest], { ...SPOT, dashArray: '6 5' }).addTo(this.#spot);
    line.bindTooltip(h('span', {}, distance(distance_m)), { permanent: true, className: 'measure' });
    return [nearest];
  }

  #nearestOn(parts, place) {
    const zoom = ZOOMS.maxZoom;
    const point = this.#map.project(place, zoom);
    let best = { squared: Infinity, point };
    for (const part of parts.map((vertices) => vertices.map((vertex) => this.#map.project(vertex, zoom)))) {
      for (let i = 1; i < part.length; i += 1) {
        const candidate = L.LineUtil.closestPointOnSegment(point, part[i - 1], part[i]);
        const squared = (candidate.x - point.x) ** 2 + (candidate.y - point.y) ** 2;
        if (squared < best.squared) best = { squared, point: candidate };
      }
    }
    return this.#map.unproject(best.point, zoom);
  }

  #name(element, text) {
    element.title = text;
    element.setAttribute('aria-label', text);
  }

  #addRoute({ properties, geometry }) {
    const parts = partsOf(geometry).map((part) => part.map(this.#place));
    const corridor = L.polyline(parts, { color: COLOURS.corridor, opacity: 0.22, interactive: false });
    const line = L.polyline(parts, { color: COLOURS.line, weight: 2, opacity: 0.85 });
    const limit = properties.speed_limit_kmh > 0 ? ` · ${properties.speed_limit_kmh} km/h` : '';
    const text = `${properties.name} · ± ${properties.half_width_m} m${limit}`;
    line.bindTooltip(h('span', {}, text), { sticky: true });
    this.#routes.addLayer(corridor).addLayer(line);
    const { route_id, half_width_m } = properties;
    this.#corridors.push({ route_id, parts, line: corridor, halfWidth_m: half_width_m });
  }

  #addStop({ properties, geometry }) {
    const [lon, lat] = geometry.coordinates;
    const stop = L.circleMarker(this.#place([lat, lon]), {
      radius: 4, color: COLOURS.stop, weight: 2, fillColor: '#fff', fillOpacity: 1, interactive: false,
    });
    stop.bindTooltip(h('span', {}, properties.name), {
      permanent: true, direction: 'right', offset: [6, 0], className: 'stop-name',
      pane: 'shadowPane', // under the buses
    });
    this.#routes.addLayer(stop);
  }

  #addBus(vehicle) {
    const parts = { plate: h('b'), count: h('span'), note: h('em') };
    const body = h('div', { class: 'bus' }, parts.plate, parts.count, parts.note);
    const icon = L.divIcon({ className: 'bus-anchor', html: body, iconSize: null });
    const marker = L.marker([vehicle.lat, vehicle.lon], { icon, riseOnHover: true }).addTo(this.#map);
    marker.on('click', () => this.#onSelect(vehicle.vehicle_id));
    marker.getElement().setAttribute('role', 'button');
    const bus = { vehicle, marker, body, parts };
    this.#buses.set(vehicle.vehicle_id, bus);
    return bus;
  }

  #label({ vehicle, marker, body, parts }) {
    const severity = this.#severityOf(vehicle);
    const name = vehicleName(vehicle);
    const known = vehicle.aboard !== null && vehicle.aboard.quality !== 'unknown';
    const silence = vehicle.online ? [] : [t('offline'), vehicle.seen_at === null ? '' : age(vehicle.seen_at)];
    const kinds = openKinds(vehicle).map(kindText);
    const others = kinds.length > KINDS_MAX ? [`+${kinds.length - KINDS_MAX}`] : [];
    const note = [...kinds.slice(0, KINDS_MAX), ...others, ...silence].join(' ');
    setText(parts.plate, name);
    setText(parts.count, `${known ? vehicle.aboard.count : '?'}/${vehicle.capacity}`);
    setText(parts.note, note);
    body.className = `bus sev-${severity} ${vehicle.online ? '' : 'offline'}`;
    marker.getElement().setAttribute('aria-label', `${name} ${aboardText(vehicle.aboard)} ${[...kinds, ...silence].join(' ')}`);
    marker.setZIndexOffset(severity === 'none' ? 0 : 1000);
  }

  // Once, as soon as there is something to look at; after that the view belongs to the user.
  #frame() {
    if (this.#hasRoutes && !this.#framed) this.#framed = this.#showAll(false);
  }

  #showAll(animate) {
    const bounds = this.#routes.getBounds();
    for (const { marker } of this.#buses.values()) bounds.extend(marker.getLatLng());
    if (!bounds.isValid()) return false;
    this.#map.fitBounds(bounds, { padding: [MARGIN_PX, MARGIN_PX], maxZoom: FOCUS_ZOOM, animate });
    return true;
  }

  #focus(places) {
    this.#framed = true;
    this.#map.fitBounds(L.latLngBounds(places), {
      paddingTopLeft: [MARGIN_PX, MARGIN_PX],
      paddingBottomRight: [MARGIN_PX + this.#covered_px(), MARGIN_PX],
      maxZoom: Math.max(this.#map.getZoom(), FOCUS_ZOOM),
      animate: false,
    });
  }

  #fitToZoom() {
    const zoom = this.#map.getZoom();
    const container = this.#map.getContainer();
    container.classList.toggle('no-names', zoom < NAMES_ZOOM);
    container.classList.toggle('no-labels', zoom < LABELS_ZOOM);
    for (const { parts, line, halfWidth_m } of this.#corridors) {
      const lat = parts[0][0][0];
      const scale_mpp = (EARTH_MPP * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom; // metres a pixel
      line.setStyle({ weight: Math.max(CORRIDOR_MIN_PX, (2 * halfWidth_m) / scale_mpp) });
    }
  }

  #addHomeButton() {
    const control = L.control({ position: 'topleft' });
    control.onAdd = () => {
      this.#home = h('button', { type: 'button', class: 'home', onclick: () => this.#showAll(true) });
      const box = h('div', { class: 'leaflet-bar' }, this.#home);
      L.DomEvent.disableClickPropagation(box);
      return box;
    };
    control.addTo(this.#map);
  }
}
