"""Plays gpsd for tests/integration/orders: a vehicle on the road r-shiliang, and off it once it is told.

usage: orders_gpsd.py PORT FILE    as soon as FILE exists the vehicle leaves the road to the north

Five positions a second, of now, to everyone who connects.
"""
import json
import math
import os
import socket
import sys
import threading
import time

LAT_M = 110860.0  # metres a degree at 29.14 degrees
LON_M = 97300.0
START = (29.14, 121.03)
ROAD = (29.1409, 121.0312)  # the road's first bend
SPEED_MPS = 12.0


class Drive:
    """To and fro on the road's first stretch, then straight on to the north for ever."""

    def __init__(self, leave_path):
        self.leave_path = leave_path
        self.lock = threading.Lock()
        self.at_s = time.monotonic()
        self.east_m = self.north_m = 0.0
        self.sign = 1.0
        self.length_m = math.hypot((ROAD[1] - START[1]) * LON_M, (ROAD[0] - START[0]) * LAT_M)
        self.course = math.atan2((ROAD[1] - START[1]) * LON_M, (ROAD[0] - START[0]) * LAT_M)

    def step(self):
        with self.lock:
            now_s = time.monotonic()
            way_m, self.at_s = SPEED_MPS * (now_s - self.at_s), now_s
            if os.path.exists(self.leave_path):
                self.north_m += way_m
                return self.position(0.0)
            along_m = math.hypot(self.east_m, self.north_m) + self.sign * way_m
            if not 0 <= along_m <= self.length_m:
                self.sign = -self.sign
                along_m = min(max(along_m, 0.0), self.length_m)
            self.east_m, self.north_m = along_m * math.sin(self.course), along_m * math.cos(self.course)
            return self.position(self.course if self.sign > 0 else self.course + math.pi)

    def position(self, course):
        return (START[0] + self.north_m / LAT_M, START[1] + self.east_m / LON_M, math.degrees(course) % 360)


def report(drive):
    lat, lon, track = drive.step()
    now_s = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_s)) + f".{int(now_s * 1000) % 1000:03d}Z"
    return {"class": "TPV", "device": "/dev/gps0", "mode": 3, "time": stamp, "lat": lat, "lon": lon, "alt": 300.0,
            "eph": 4.0, "speed": SPEED_MPS, "track": track}


def serve(client, drive):
    lines = [{"class": "VERSION", "release": "3.22", "rev": "3.22", "proto_major": 3, "proto_minor": 14},
             {"class": "DEVICES", "devices": [{"class": "DEVICE", "path": "/dev/gps0"}]},
             {"class": "WATCH", "enable": True, "json": True}]
    try:
        while True:
            for line in lines:
                client.sendall((json.dumps(line, separators=(",", ":")) + "\r\n").encode())  # as libgps wants it
            time.sleep(0.2)
            lines = [report(drive)]
    except OSError:
        client.close()


def main():
    drive = Drive(sys.argv[2])
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client, drive), daemon=True).start()


main()
