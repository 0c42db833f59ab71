#!/usr/bin/env python3
"""Makes a GTFS feed of a whole province's size, the same for the same numbers: gtfs_feed.py FILE.zip [ROWS]

Rows are those of all files together; most are stop times and positions of shapes, as in real feeds.
"""
import random
import sys
import zipfile

ROUTES, STOPS_OF_ROUTE, SHAPE_POINTS = 400, 25, 220


def make(rows):
    rng = random.Random(617)
    files = {
        "agency.txt": ["agency_id,agency_name,agency_url,agency_timezone", "a,教育局,https://example.org,Asia/Shanghai"],
        "calendar.txt": ["service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
                         "school,1,1,1,1,1,0,0,20260901,20270131"],
        "calendar_dates.txt": ["service_id,date,exception_type", "school,20261001,2", "school,20261010,1"],
        "routes.txt": ["route_id,route_short_name,route_long_name,route_type"],
        "stops.txt": ["stop_id,stop_name,stop_lat,stop_lon"],
        "shapes.txt": ["shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence"],
        "trips.txt": ["route_id,service_id,trip_id,shape_id"],
        "stop_times.txt": ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"],
    }
    lines = []
    for route in range(ROUTES):
        lat, lon = 29 + rng.random(), 120 + rng.random()
        files["routes.txt"].append(f"r{route},{route},{route}路,3")
        line = []
        for i in range(SHAPE_POINTS):
            lat += rng.uniform(-0.0002, 0.0008)
            lon += rng.uniform(-0.0002, 0.0008)
            line.append((lat, lon))
            files["shapes.txt"].append(f"s{route},{lat:.6f},{lon:.6f},{i}")
        for i in range(STOPS_OF_ROUTE):
            lat, lon = line[i * SHAPE_POINTS // STOPS_OF_ROUTE]
            files["stops.txt"].append(f"p{route}-{i},站{route}-{i},{lat:.6f},{lon:.6f}")
        lines.append(line)
    left = rows - sum(len(file) - 1 for file in files.values())
    trip = 0
    while left > 0:
        route, start = trip % ROUTES, 6 * 3600 + (trip // ROUTES) * 600
        stops = min(STOPS_OF_ROUTE, max(left - 1, 2))
        files["trips.txt"].append(f"r{route},school,t{trip},s{route}")
        for i in range(stops):
            at = start + i * 90
            text = f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}"
            files["stop_times.txt"].append(f"t{trip},{text},{text},p{route}-{i},{i + 1}")
        left -= 1 + stops
        trip += 1
    return files


def main():
    files = make(int(sys.argv[2]) if len(sys.argv) > 2 else 440000)
    with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in files.items():
            info = zipfile.ZipInfo(name, (2026, 9, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, "\n".join(lines) + "\n")
    print(f"{sum(len(lines) - 1 for lines in files.values())} rows")


main()
