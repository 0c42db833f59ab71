// What lies under the drawings: tiles or a plain grid, and where a position is on it.

import { h } from './dom.js';
import { gcj02FromWgs84 } from './gcj02.js';

const { L } = globalThis;

export const ZOOMS = { minZoom: 4, maxZoom: 18 };

/** The faint grid that shows where the ground is when there are no tiles. */
function gridLayer() {
  const layer = L.gridLayer({ pane: 'tilePane' });
  layer.createTile = () => h('div', { class: 'grid-tile' });
  return layer;
}

export function baseLayer({ tiles }) {
  return tiles === '' ? gridLayer() : L.tileLayer(tiles, ZOOMS);
}

/** config of /v1/console -> [lat, lon] WGS-84 -> [lat, lon] of the base map */
export const placeOn = (config) =>
  (config.tiles !== '' && config.tiles_frame === 'gcj02' ? gcj02FromWgs84 : (point) => point);
