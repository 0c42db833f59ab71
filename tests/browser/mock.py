"""A stand-in for buswarden-bureau: serves the console with a small made-up fleet and lets a test push events.

    mock.py [PORT]        prints "ready PORT"; PORT 0 or none = any free port

Test controls: POST /mock/alert and /mock/vehicle (JSON merged over the object with the same id, then sent over the
stream; a new alert id makes a new alert), POST /mock/every-kind (an open alert of each kind),
POST /mock/cleared {"first", "last"} (so many that are over, without an event), POST /mock/broker {"connected": false}, POST /mock/drop (ends every stream).
"""

import json
import mimetypes
import pathlib
import queue
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = {
    "/console/": ROOT / "bureau/console",
    "/lib/leaflet/": pathlib.Path("/usr/share/javascript/leaflet"),
    "/lib/bootstrap/": pathlib.Path("/usr/share/javascript/bootstrap5"),  # its files are links to elsewhere
}
CSP = "default-src 'self'"
HEARTBEAT_S = 1


def ago(**kwargs):
    instant = datetime.now(timezone.utc) - timedelta(**kwargs)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def spline(points, steps=14):
    """Catmull-Rom through [lon, lat] points: bends like a road in the hills."""
    ends = [points[0], *points, points[-1]]
    line = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:]):
        for i in range(steps):
            t = i / steps
            line.append([
                round(0.5 * (2 * b[k] + (c[k] - a[k]) * t + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t
                             + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t ** 3), 6) for k in (0, 1)
            ])
    return [*line, points[-1]]


ROUTES = {
    "r-shiliang": ("石梁线", 30, 40, spline([
        [121.0330, 29.1450], [121.0362, 29.1515], [121.0410, 29.1540], [121.0432, 29.1608], [121.0515, 29.1632],
        [121.0498, 29.1701], [121.0570, 29.1740], [121.0612, 29.1815], [121.0590, 29.1880]])),
    "r-tantou": ("坦头线", 30, 60, spline([
        [121.0330, 29.1450], [121.0425, 29.1418], [121.0530, 29.1436], [121.0622, 29.1392], [121.0745, 29.1378],
        [121.0860, 29.1402], [121.0950, 29.1351]])),
    "r-baihe": ("白鹤线", 40, 60, spline([
        [121.0330, 29.1450], [121.0240, 29.1481], [121.0165, 29.1462], [121.0080, 29.1515], [120.9985, 29.1570],
        [120.9935, 29.1655], [120.9842, 29.1702]])),
}
STOPS = [
    ("s1", "实验小学", "r-shiliang", 0), ("s2", "桥南", "r-shiliang", 42), ("s3", "后洋村", "r-shiliang", 70),
    ("s4", "石梁小学", "r-shiliang", -1), ("s5", "东门", "r-tantou", 20), ("s6", "坦头中心小学", "r-tantou", -1),
    ("s7", "下畈", "r-tantou", 56), ("s8", "五里牌", "r-baihe", 34), ("s9", "白鹤镇中心小学", "r-baihe", -1),
]


def routes():
    lines = [{"type": "Feature", "geometry": {"type": "LineString", "coordinates": line},
              "properties": {"route_id": key, "name": name, "half_width_m": width, "speed_limit_kmh": speed}}
             for key, (name, width, speed, line) in ROUTES.items()]
    stops = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": ROUTES[route][3][at]},
              "properties": {"stop_id": key, "name": name, "route_id": route, "sequence": n, "radius_m": 40}}
             for n, (key, name, route, at) in enumerate(STOPS)]
    return {"type": "FeatureCollection", "features": lines + stops}


def count(n, spread=0):
    return {"quality": "degraded" if spread else "good", "low": n - spread, "count": n, "high": n + spread}


def vehicle(number, plate, school, capacity, place, aboard, **extra):
    lon, lat = place
    return {"vehicle_id": f"tt-{number:04d}", "plate": plate, "school": school, "division": "331023",
            "capacity": capacity, "online": True, "seen_at": ago(seconds=1), "lat": lat, "lon": lon,
            "fix_at": ago(seconds=1), "speed_kmh": 31.4, "aboard": aboard, "licence": {"issued": 3, "held": 3},
            "certificate_until": ago(days=-400), "certificate_warn_from": ago(days=-370), "open_alerts": [], **extra}


def alert(number, of, kind, severity, phase, raised_s, evidence, **extra):
    open_ = phase != "CLEARED"
    return {"id": number, "event": number * 3, "vehicle_id": of["vehicle_id"], "plate": of["plate"],
            "school": of["school"], "division": of["division"], "kind": kind, "severity": severity, "phase": phase,
            "time": ago(seconds=raised_s // 3), "raised_at": ago(seconds=raised_s),
            "cleared_at": None if open_ else ago(seconds=raised_s // 3), "received_at": ago(seconds=raised_s // 3),
            "late": False, "damaged": False, "lat": of["lat"], "lon": of["lon"], "accuracy_m": 4.2, "aboard": of["aboard"],
            "licence_version": 3, "evidence": evidence, **extra}


def overload(aboard, capacity, peak=None):
    peak = peak or aboard
    return {"aboard": aboard, "peak": peak, "capacity": capacity, "over": max(0, peak - capacity), "band": "minor"}


# One alert of each kind: severity and evidence, in the form of docs/api/openapi.yaml.
EVIDENCE = {
    "OVERLOAD": ("minor", overload(20, 18)),
    "OFF_ROUTE": ("notice", {
        "route_id": "r-tantou", "distance_m": 210.0, "peak_distance_m": 240.0, "half_width_m": 30.0, "outside_s": 95.0,
        "left_at": "2026-09-14T22:30:00.250Z", "entered": True, "exempted_by": "road-works-7"}),
    "OUT_OF_HOURS": ("minor", {
        "permit_no": "天校许 2025-006", "window_start": "06:30", "window_end": "07:40", "local_time": "08:25"}),
    "UNAPPROVED_STOP": ("minor", {
        "stop_id": "s2", "distance_m": 310.5, "radius_m": 40.0, "boarded": 3, "alighted": 0, "door_open_s": 21.0}),
    "UNLICENSED": ("serious", {
        "reason": "INSPECTION_EXPIRED", "permit_no": "", "valid_until": "2026-08-31"}),
    "OVERSPEED": ("criminal", {
        "speed_kmh": 58.2, "peak_kmh": 61.0, "limit_kmh": 20.0, "source": "WEATHER", "motorway": False,
        "order_id": "fog-3", "over_s": 75.0}),
    "UNBELTED": ("minor", {"unbelted": 2, "peak": 5, "speed_kmh": 33.4}),
    "DOOR_OPEN_MOVING": ("serious", {"speed_kmh": 12.0, "peak_kmh": 18.2, "open_s": 9.0}),
    "CHILD_LEFT_BEHIND": ("serious", {"aboard": 1, "waiting_s": 75.0, "alarm": "HORN_AND_LIGHTS"}),
    "SENSOR_FAULT": ("notice", {"fault": "SEATS_UNKNOWN", "for_s": 61.0, "seats_unknown": 4}),
    "TAMPER": ("notice", {"sign": "JAMMED", "for_s": 240.0, "moved_m": 3200.0}),
}


def trip(number, of, hours_ago, route, **extra):
    begun = hours_ago * 3600
    return {"id": number, "vehicle_id": of["vehicle_id"], "plate": of["plate"], "school": of["school"],
            "division": "331023", "route_name": ROUTES[route][0] if route else None,
            "received_at": ago(seconds=begun - 2500), "late": False, "begun_at": ago(seconds=begun),
            "ended_at": ago(seconds=begun - 2400), "route_id": route, "permit_no": "天校许 2025-006" if route else "",
            "boarded": 20, "alighted": 20, "peak": 20, "capacity": of["capacity"], "over_s": 0, "quality": "good",
            "began_late": False, "cut_short": False, **extra}


def trip_stop(begun_s, stop_id, name, opened_s, boarded, alighted, quality="good"):
    return {"stop_id": stop_id, "opened_at": ago(seconds=begun_s - opened_s), "open_s": 25, "boarded": boarded,
            "alighted": alighted, "quality": quality, "lat": 29.15, "lon": 121.04, "name": name}


def whole_trip(listed):
    """What the bureau says of one trip: the one of the first page with its stops."""
    s = 2 * 3600
    stops = [trip_stop(s, "s1", "实验小学", 60, 12, 0), trip_stop(s, "s2", "桥南", 600, 8, 0, "degraded"),
             trip_stop(s, "", None, 1200, None, None, "unknown"), trip_stop(s, "s9x", None, 1500, 0, 3),
             trip_stop(s, "s4", "石梁小学", 2300, 0, 17)]
    return {**listed, "distance_m": 14230, "left": count(0), "licence_version": 3, "stops_left_out": 0, "stops": stops}


class World:
    """The made-up fleet, its alerts, and the streams that listen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.streams = []
        self.log = []  # (event, alert), every phase
        self.broker = True
        self.incidents = []
        self.session = {"name": "li", "role": "bureau", "school_id": "", "school": "", "by": "session", "scopes": "all",
                        "expires_at": "2099-01-01T00:00:00.000Z"}
        self.notifications = []
        self.vehicles = {v["vehicle_id"]: v for v in (
            vehicle(1, "浙JA1207", "石梁小学", 18, ROUTES["r-shiliang"][3][58], count(20), open_alerts=["OVERLOAD"]),
            vehicle(2, "浙J58316", "坦头中心小学", 36, [121.0690, 29.1452], count(24, 2), open_alerts=["OFF_ROUTE"],
                    speed_kmh=42.0),
            vehicle(3, "浙JB6620", "白鹤镇中心小学", 19, ROUTES["r-baihe"][3][48], count(11), online=False,
                    seen_at=ago(minutes=12), fix_at=ago(minutes=12), speed_kmh=None, licence={"issued": 4, "held": 3}),
            vehicle(4, "浙JD3088", "实验小学", 44, ROUTES["r-baihe"][3][22], count(38), speed_kmh=24.0),
            vehicle(5, "浙J60173", "坦头中心小学", 36, ROUTES["r-tantou"][3][70], count(29), speed_kmh=47.5),
        )}
        one, two, three, *_ = self.vehicles.values()
        off = {"route_id": "r-tantou", "distance_m": 612.0, "peak_distance_m": 640.0, "half_width_m": 30.0,
               "outside_s": 254, "left_at": ago(seconds=254), "entered": True, "exempted_by": ""}
        past = {**off, "route_id": "r-baihe", "peak_distance_m": 96.0, "outside_s": 71, "half_width_m": 40.0}
        permit = {"reason": "PERMIT_EXPIRED", "permit_no": "天校许 2024-017", "valid_until": "2025-08-31"}
        self.trips = [
            trip(41, one, 2, "r-shiliang", over_s=754, quality="degraded"),
            trip(40, one, 10, "", boarded=0, alighted=0, peak=0, quality="unknown", began_late=True, cut_short=True),
            *(trip(39 - n, one, 26 + 12 * n, "r-shiliang") for n in range(25))]
        self.alerts = {a["id"]: a for a in (
            alert(1, three, "OVERLOAD", "criminal", "CLEARED", 175000, overload(19, 19, 30)),
            alert(2, three, "OVERLOAD", "serious", "CLEARED", 90000, overload(19, 19, 24)),
            alert(3, three, "UNLICENSED", "serious", "CLEARED", 88000, permit),
            alert(4, one, "SENSOR_FAULT", "notice", "CLEARED", 7000, EVIDENCE["SENSOR_FAULT"][1]),
            alert(5, three, "OFF_ROUTE", "minor", "CLEARED", 4100, past, late=True),
            alert(6, two, "OFF_ROUTE", "minor", "UPDATED", 245, off),
            alert(7, one, "OVERLOAD", "minor", "UPDATED", 130, overload(20, 18, 20)),
        )}

    def last_event(self):
        return max(a["event"] for a in self.alerts.values())

    def send(self, kind, data, event=None):
        for stream in self.streams:
            stream.put((kind, data, event))

    def put_alert(self, patch):
        with self.lock:
            event = self.last_event() + 1
            merged = {**self.alerts.get(patch["id"], self.alerts[7]), **patch, "event": event}
            self.alerts[patch["id"]] = merged
            self.log.append((event, merged))
            self.send("alert", merged, event)

    def put_every_kind(self):
        """One open alert of each kind on vehicle 1, numbered from 301; the pupil left inside comes before others."""
        one = self.vehicles["tt-0001"]
        kinds = ["CHILD_LEFT_BEHIND", *(kind for kind in EVIDENCE if kind != "CHILD_LEFT_BEHIND")]
        for number, kind in enumerate(kinds, 301):
            severity, evidence = EVIDENCE[kind]
            self.put_alert(alert(number, one, kind, severity, "UPDATED", 330 - number, evidence))
        self.put_vehicle({"vehicle_id": "tt-0001", "open_alerts": list(EVIDENCE)})

    def put_cleared(self, first, last):
        one = self.vehicles["tt-0001"]
        with self.lock:
            self.alerts.update({n: alert(n, one, "OVERLOAD", "minor", "CLEARED", 600, overload(20, 18)) for n in range(first, last + 1)})

    def put_vehicle(self, patch):
        with self.lock:
            merged = {**self.vehicles[patch["vehicle_id"]], **patch}
            self.vehicles[patch["vehicle_id"]] = merged
            self.send("vehicle", merged)

    def page(self, query):
        limit = int(query.get("limit", ["100"])[0])
        before = int(query.get("before", ["0"])[0]) or float("inf")
        with self.lock:
            rows = [a for a in sorted(self.alerts.values(), key=lambda a: -a["id"]) if a["id"] < before]
            if query.get("state", ["all"])[0] == "open":
                rows = [a for a in rows if a["phase"] != "CLEARED"]
            page = rows[:limit]
            return {"alerts": page, "next_before": page[-1]["id"] if len(rows) > limit else None,
                    "last_event": self.last_event()}

    def trip_page(self, query):
        limit, before = int(query["limit"][0]), int(query.get("before", ["0"])[0]) or 1 << 62
        rows = [t for t in self.trips if t["vehicle_id"] == query["vehicle"][0] and t["id"] < before]
        return {"trips": rows[:limit], "next_before": rows[limit - 1]["id"] if len(rows) > limit else None}


PERMIT = {"in_window": True, "vehicle_id": "tt-0001", "school": "石梁小学",
          "route": {"route_id": "r-shiliang", "name": "石梁线"},
          "hours": {"weekdays": [1, 2, 3, 4, 5], "start": "06:30", "end": "07:40"}, "valid_from": "2025-09-01",
          "valid_until": "2026-08-31", "permit_no": "天校许 2025-006", "driver": "王建国", "seats": 19, "capacity": 18,
          "aboard": count(20), "open_alerts": ["OVERLOAD"]}
NOTHING = {key: None for key in PERMIT} | {"in_window": False, "open_alerts": []}
PLATES = {
    "浙JA1207": ("licensed", PERMIT),
    "浙J58316": ("licensed", {**PERMIT, "in_window": False, "open_alerts": []}),
    "浙JB6620": ("expired", {**PERMIT, "valid_until": "2025-08-31", "aboard": None}),
}


def plate(text):
    key = "".join(c for c in text if c not in " ·.-").upper()
    if not 7 <= len(key) <= 8 or not "一" <= key[0] <= "鿿":
        return None
    verdict, rest = PLATES.get(key, ("unknown", NOTHING))
    return {"plate": key, "verdict": verdict, "as_of": ago(), **rest}


def report_counts(boarded, alerts, found, **extra):
    cases = {"found": found, "rectified": found // 2, "closed": 0, "going": found - found // 2, "overdue": 1, "dismissed": 0,
             "explained": 0, "handed_over": 1}
    sightings = {"all": 7, "settled": 2, "going": 1, "dismissed": 0, "no_case": 4, "handed_over": 1}
    bands = {"all": alerts, "notice": 0, "minor": alerts, "serious": 0, "criminal": 0, "unknown": 0}
    time = {"cases": found, "median_s": 5400, "p90_s": 93600}
    return {"vehicles": 3, "vehicles_permitted": 2, "vehicles_uninspected": 0, "vehicles_ran": 3, "trips": 1234,
            "trips_uncounted": 0 if boarded else 1234, "trips_over": 5, "boarded": boarded, "alerts": bands, "cases": cases,
            "sightings": sightings, "sightings_without_permit": sightings, "taken": time,
            "case_rectified": {"cases": 0, "median_s": None, "p90_s": None}, **extra}


def report(query):
    term = {"from": query["from"][0], "to": query["to"][0], "by": query["by"][0]}
    if term["from"] > term["to"]:
        return None
    place = {"school_id": None, "township": "", "division": "331023"}
    total = report_counts(45678, 90, 40)
    total.update(plates_without_permit=3, alert_kinds={"OVERLOAD": total["alerts"]}, case_kinds={}, sighting_verdicts={})
    return {**term, "made_at": ago(), "bureau": "天台县教育局", "school": "", "may_lack": ["trips", "sightings"], "total": total, "months": [], "rows": [
        report_counts(45678, 80, 36, in_registry=True, name="石梁镇", **place),
        report_counts(None, 6, 2, in_registry=True, name="", **place),
        report_counts(0, 4, 2, in_registry=False, name="", **place)]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, content_type="application/json; charset=utf-8"):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = urlsplit(self.path)
        path, query, world = unquote(url.path), parse_qs(url.query), self.world
        if path == "/v1/alerts/stream":
            self.stream(int(query["last_event_id"][0]))
        elif path == "/v1/session":
            self.answer(world.session)
        elif path == "/v1/alerts":
            self.answer(world.page(query))
        elif path == "/v1/vehicles":
            self.answer({"vehicles": list(world.vehicles.values())})
        elif path == "/v1/routes":
            self.answer(routes())
        elif path == "/v1/trips":
            self.answer(world.trip_page(query))
        elif path.startswith("/v1/trips/"):
            self.answer(whole_trip(next(t for t in world.trips if t["id"] == int(path.rsplit("/", 1)[1]))))
        elif path == "/v1/incidents":
            self.answer({"incidents": world.incidents})
        elif path == "/v1/report":
            told = report(query)
            self.answer(told or {"error": {"code": "bad_request", "message": "from comes after to"}}, 200 if told else 400)
        elif path == "/v1/notifications":
            state = query.get("state", [None])[0]
            self.answer({"notifications": [n for n in world.notifications if state in (None, n["state"])],
                         "next_before": None})
        elif path == "/v1/console":
            self.answer({"tiles": "", "tiles_frame": "wgs84", "version": "mock"})
        elif path == "/healthz":
            status = "ok" if world.broker else "degraded"
            self.answer({"status": status, "version": "mock", "broker": {"connected": world.broker}},
                        200 if world.broker else 503)
        elif path.startswith("/v1/plates/"):
            verdict = plate(path.removeprefix("/v1/plates/"))
            self.answer(verdict or {"error": {"code": "bad_plate", "message": "not a plate"}}, 200 if verdict else 400)
        else:
            self.file("/console/index.html" if path == "/" else path)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path.startswith("/v1/notifications/"):
            number = int(self.path.split("/")[3])
            if self.headers["X-Buswarden"] != "1":
                self.answer({"error": {"code": "forbidden", "message": "not from the console"}}, 403)
                return
            for notification in self.world.notifications:
                if notification["id"] == number:
                    notification["state"] = "sent"
            self.answer({"id": number}, 202)
            return
        if self.path == "/mock/notifications":
            self.world.notifications = body["notifications"]
        elif self.path == "/mock/alert":
            self.world.put_alert(body)
        elif self.path == "/mock/vehicle":
            self.world.put_vehicle(body)
        elif self.path == "/mock/every-kind":
            self.world.put_every_kind()
        elif self.path == "/mock/cleared":
            self.world.put_cleared(**body)
        elif self.path == "/mock/incidents":
            self.world.incidents = body["incidents"]
        elif self.path == "/mock/broker":
            self.world.broker = body["connected"]
        elif self.path == "/mock/drop":
            self.world.send(None, None)
        self.answer({})

    def file(self, path):
        for prefix, folder in FOLDERS.items():
            target = folder / path.removeprefix(prefix)
            if path.startswith(prefix) and ".." not in target.parts and target.is_file():
                self.answer(target.read_bytes(), content_type=mimetypes.guess_type(target.name)[0])
                return
        self.answer({"error": {"code": "not_found", "message": path}}, 404)

    def stream(self, after):
        mine = queue.Queue()
        with self.world.lock:
            for event, data in self.world.log:
                if event > after:
                    mine.put(("alert", data, event))
            self.world.streams.append(mine)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while message := self.next_message(mine):
                self.wfile.write(message.encode())
                self.wfile.flush()
        except OSError:
            pass  # the browser went away
        self.world.streams.remove(mine)
        self.close_connection = True

    @staticmethod
    def next_message(mine):
        try:
            kind, data, event = mine.get(timeout=HEARTBEAT_S)
        except queue.Empty:
            return ": heartbeat\n\n"
        if kind is None:
            return ""
        number = f"id: {event}\n" if event else ""
        return f"{number}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def main():
    mimetypes.add_type("text/javascript", ".js")
    Handler.world = World()
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    server.daemon_threads = True
    print("ready", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
