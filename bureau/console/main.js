// Puts the page together: fleet (what is known) <- Live (the server), views listen to the fleet.

import { AlertList, alertText } from './alerts.js';
import { ApiError, getConsole, getRoutes, Live } from './api.js';
import { byId, setText } from './dom.js';
import { Detail } from './detail.js';
import { Fleet } from './fleet.js';
import { IncidentList } from './incidents.js';
import { onLanguage, setLanguage, storedLanguage, t, toggleLanguage } from './i18n.js';
import { FleetMap } from './map.js';
import { NotificationList } from './notifications.js';
import { PlateCheck } from './plates.js';
import { SightingList } from './sightings.js';
import { isStaff, knowWho } from './session.js';
import { Status } from './status.js';
import { TermPage } from './term.js';
import { VehicleList } from './vehicles.js';

const AGES_INTERVAL_MS = 15000;
const MAP_RETRY_MS = 10000;
const TABS = ['alerts', 'vehicles', 'plates', 'sightings', 'incidents', 'notifications', 'term'];

const fleet = new Fleet();
const routeNames = new Map();
const stopNames = new Map();
const names = { route: (id) => routeNames.get(id) ?? id, stop: (id) => stopNames.get(id) ?? id };
let map = null; // made when the server has said which tiles to use
let config = {};
let mapTimer = 0;
let incidentList = null; // the bureau's staff have one

const alertList = new AlertList(fleet, names, (id) => select({ type: 'alert', id }));
const vehicleList = new VehicleList(fleet, (id) => select({ type: 'vehicle', id }));
const detail = new Detail(fleet, names, { onAlert: (id) => select({ type: 'alert', id }), onClose: deselect });
const live = new Live({
  onSnapshot,
  onAlert: (alert) => fleet.putAlert(alert),
  onVehicle: (vehicle) => fleet.putVehicle(vehicle),
  cursor: () => fleet.lastEvent,
  onState: (state) => status.setState(state),
});
const status = new Status(fleet, () => live.retryNow());
const plateCheck = new PlateCheck();
const sightingList = new SightingList({ onPlate: lookUp });

function select(selection) {
  alertList.select(selection.type === 'alert' ? selection.id : null);
  vehicleList.select(selection.type === 'vehicle' ? selection.id : null);
  detail.show(selection);
  if (selection.type === 'alert') map?.showAlert(fleet.alerts.get(selection.id));
  else map?.showVehicle(fleet.vehicles.get(selection.id));
}

function lookUp(plate) {
  openTab('plates');
  plateCheck.take(plate);
}

function deselect({ type, id }) {
  alertList.select(null);
  vehicleList.select(null);
  map?.clearSelection();
  (type === 'alert' ? alertList : vehicleList).focus(id);
}

async function onSnapshot(snapshot) {
  fleet.load(snapshot);
  alertList.setLoaded(snapshot);
  vehicleList.setLoaded();
  incidentList?.redraw();
  status.setOpenTruncated(snapshot.openTruncated);
  nameBureau();
  await loadMap();
}

// With every snapshot: the server may have come back with a new registry.
async function loadMap() {
  clearTimeout(mapTimer);
  try {
    if (map === null) await createMap();
    showRoutes(await getRoutes());
    setText(byId('map-note'), '');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(byId('map-note'), t('map.routesFailed'));
    mapTimer = setTimeout(loadMap, MAP_RETRY_MS);
  }
}

function showRoutes(routes) {
  routeNames.clear();
  stopNames.clear();
  for (const { properties, geometry } of routes.features) {
    if (geometry.type === 'Point') stopNames.set(properties.stop_id, properties.name);
    else routeNames.set(properties.route_id, properties.name);
  }
  map.setRoutes(routes);
  alertList.redraw();
  detail.redraw();
}

async function createMap() {
  config = await getConsole();
  nameBureau();
  map = new FleetMap(byId('map'), config, {
    severityOf: (vehicle) => fleet.severityOf(vehicle),
    onSelect: (id) => select({ type: 'vehicle', id }),
    covered_px: () => detail.covers(byId('map')),
  });
  for (const vehicle of fleet.vehicles.values()) map.putVehicle(vehicle);
  fleet.addEventListener('vehicle', ({ detail: { vehicle } }) => map.putVehicle(vehicle));
  fleet.addEventListener('vehicle-gone', ({ detail: { id } }) => map.removeVehicle(id));
  fleet.addEventListener('reset', () => map.clearVehicles());
}

// The bureau's own name when it is configured, else the division that its vehicles belong to.
function nameBureau() {
  const division = [...fleet.vehicles.values()].find((vehicle) => vehicle.division)?.division;
  setText(byId('bureau'), config.bureau || (division ? t('bureau.division', { division }) : t('bureau')));
}

function bindLanguage() {
  const button = byId('language');
  button.addEventListener('click', toggleLanguage);
  onLanguage(() => {
    setText(button, t('language'));
    button.setAttribute('aria-label', t('language.label'));
    nameBureau();
    map?.relabel();
  });
}

const openTab = (name) => globalThis.bootstrap.Tab.getOrCreateInstance(byId(`tab-${name}`)).show();

// #alerts, #vehicles, #plates, #sightings and #incidents open that tab: a phone at the roadside keeps #plates as its bookmark.
function bindTabs() {
  const open = () => {
    const name = location.hash.slice(1);
    if (TABS.includes(name)) openTab(name);
  };
  for (const name of TABS) {
    byId(`tab-${name}`).addEventListener('shown.bs.tab', () => {
      document.body.dataset.tab = name;
      history.replaceState(null, '', `#${name}`);
    });
  }
  window.addEventListener('hashchange', open);
  open();
}

/** Nothing is asked for before it is known who asks: without a session, getSession() leads to the log-in. */
async function begin() {
  const session = await knowWho();
  if (session === null) return;
  byId('tab-notifications').hidden = !isStaff();
  if (session.role === 'school') sightingList.showNewestOnly();
  if (isStaff()) {
    incidentList = new IncidentList(fleet);
    new NotificationList();
  }
  live.start();
}

fleet.addEventListener('alert', ({ detail: { alert, isNew } }) => {
  if (isNew) setText(byId('announce'), t('alerts.new', { text: alertText(alert, names) }));
});
setInterval(() => {
  vehicleList.redraw();
  map?.relabel();
}, AGES_INTERVAL_MS);
new TermPage();
bindLanguage();
bindTabs();
setLanguage(storedLanguage());
begin();
