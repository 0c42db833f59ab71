// Where a row of the registry lies: its line, area or point as it is, and as it will be once it is saved.

import { baseLayer, placeOn, ZOOMS } from './basemap.js';
import { h } from './dom.js';
import { wgs84FromGcj02 } from './gcj02.js';
import { t } from './i18n.js';

const { L } = globalThis;

const MARGIN_PX = 24;
const STYLES = {
  now: { color: '#1d5fa8', weight: 4, opacity: 0.9 },
  before: { color: '#5d6670', weight: 4, opacity: 0.9, dashArray: '3 8' },
  next: { color: '#b3261e', weight: 4, opacity: 0.9 },
};

/** Of any GeoJSON geometry: its lines, rings and points, each an array of [lon, lat]. */
function partsOf({ type, coordinates }) {
  const depth = { Point: 0, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 }[type];
  if (depth === undefined || !Array.isArray(coordinates)) return [];
  return depth === 0 ? [[coordinates]] : [coordinates].flat(depth - 1);
}

const isPosition = (position) => Array.isArray(position) && Math.abs(position[0]) <= 180 && Math.abs(position[1]) <= 90;

/** WGS-84, [lat, lon]; nothing of what is no position or has no frame, which the server will not take either. */
function placesOf({ frame, geometry }) {
  if (!geometry || !['WGS84', 'GCJ02'].includes(frame)) return [];
  const toWgs84 = frame === 'GCJ02' ? wgs84FromGcj02 : (point) => point;
  return partsOf(geometry).filter(Array.isArray)
    .map((part) => part.filter(isPosition).map(([lon, lat]) => toWgs84([lat, lon])))
    .filter((part) => part.length > 0);
}

export class LineMap {
  #map;
  #place;
  #drawn = L.featureGroup();
  #legend = h('p', { class: 'line-legend' });

  /** config of /v1/console. The element is in the document; remove() before it goes. */
  constructor(element, config) {
    const box = h('div', { class: 'line-map' });
    element.replaceChildren(box, this.#legend);
    this.#place = placeOn(config);
    this.#map = L.map(box, { ...ZOOMS, preferCanvas: true, attributionControl: false, fadeAnimation: false, zoomAnimation: false });
    baseLayer(config).addTo(this.#map);
    this.#drawn.addTo(this.#map);
  }

  /** Each {frame, geometry}; next null: nothing is about to change. False: there is nothing to show. */
  show(now, next) {
    this.#drawn.clearLayers();
    this.#legend.replaceChildren();
    if (next) this.#add('before', placesOf(now));
    this.#add(next ? 'next' : 'now', placesOf(next ?? now));
    const bounds = this.#drawn.getBounds();
    if (!bounds.isValid()) return false;
    this.#map.invalidateSize({ animate: false });
    this.#map.fitBounds(bounds, { padding: [MARGIN_PX, MARGIN_PX], maxZoom: 16, animate: false });
    return true;
  }

  remove() {
    this.#map.remove();
  }

  #add(name, parts) {
    if (parts.length === 0) return;
    const style = { ...STYLES[name], interactive: false };
    for (const part of parts.map((places) => places.map(this.#place))) {
      this.#drawn.addLayer(part.length === 1 ? L.circleMarker(part[0], { ...style, radius: 8 }) : L.polyline(part, style));
    }
    this.#legend.append(h('span', { 'data-line': name }, h('i', { class: `line-${name}` }), t(`registry.map.${name}`)));
  }
}
