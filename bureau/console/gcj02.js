// WGS-84 and GCJ-02, for drawing on a base map in the Chinese web frame, and for lines that were drawn on one. Everything
// else stays in WGS-84.

const AXIS_M = 6378245; // Krasovsky 1940
const ECCENTRICITY_SQUARED = 0.00669342162296594323;
const RAD = Math.PI / 180;

const outsideChina = (lat, lon) => lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271;

const wave = (x, a, b, c, d) => ((a * Math.sin(c * Math.PI * x) + b * Math.sin(d * Math.PI * x)) * 2) / 3;

function northing(x, y) {
  return -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) +
    wave(x, 20, 20, 6, 2) + wave(y, 20, 40, 1, 1 / 3) + wave(y, 160, 320, 1 / 12, 1 / 30);
}

function easting(x, y) {
  return 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) +
    wave(x, 20, 20, 6, 2) + wave(x, 20, 40, 1, 1 / 3) + wave(x, 150, 300, 1 / 12, 1 / 30);
}

/** [lat, lon] in degrees -> [lat, lon] in degrees; unchanged outside China, as the frame has it. */
export function gcj02FromWgs84([lat, lon]) {
  if (outsideChina(lat, lon)) return [lat, lon];
  const [x, y] = [lon - 105, lat - 35];
  const sine = Math.sin(lat * RAD);
  const magic = 1 - ECCENTRICITY_SQUARED * sine * sine;
  const north = northing(x, y) / (((AXIS_M * (1 - ECCENTRICITY_SQUARED)) / magic ** 1.5) * RAD);
  const east = easting(x, y) / ((AXIS_M / Math.sqrt(magic)) * Math.cos(lat * RAD) * RAD);
  return [lat + north, lon + east];
}

/** The inverse, which has no formula: each round leaves less than a thousandth of the error of the one before. */
export function wgs84FromGcj02([lat, lon]) {
  let place = [lat, lon];
  for (let round = 0; round < 3; round += 1) {
    const there = gcj02FromWgs84(place);
    place = [place[0] + lat - there[0], place[1] + lon - there[1]];
  }
  return place;
}
