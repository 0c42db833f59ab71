"""Plays gpsd and the cabin buses of several vehicles for tests/kill/run: alerts come and go all the time.

usage: player.py PORT VEHICLES SEED CALM_FILE

gpsd on PORT, ten positions a second, on the road r-shiliang. Vehicle N = 1, 2... has an SLCAN adapter at ./canN: seats
that are overloaded for some tenths of a second and then not, a door that opens on the way. While CALM_FILE exists nobody
breaks a rule. gpsd is played because the real one takes longer to start than most of the gateway's lives last, and hands
out the time of its own start; how the gateway reads the real one is tested elsewhere (tests/replay, tests/integration).
"""
import json
import math
import os
import pty
import random
import socket
import sys
import threading
import time
import tty

START, END = (29.14, 121.03), (29.1409, 121.0312)  # the road's first stretch
LAT_M, LON_M, SPEED_MPS = 110860.0, 97300.0, 8.0


def position(now_s):
    """To and fro along the stretch."""
    north_m, east_m = (END[0] - START[0]) * LAT_M, (END[1] - START[1]) * LON_M
    length_m = math.hypot(north_m, east_m)
    at_m = (now_s * SPEED_MPS) % (2 * length_m)
    back = at_m > length_m
    share = (2 * length_m - at_m if back else at_m) / length_m
    course = math.degrees(math.atan2(east_m, north_m)) + (180 if back else 0)
    return START[0] + share * (END[0] - START[0]), START[1] + share * (END[1] - START[1]), course % 360


def serve(client):
    lines = [{"class": "VERSION", "release": "3.22", "rev": "3.22", "proto_major": 3, "proto_minor": 14},
             {"class": "DEVICES", "devices": [{"class": "DEVICE", "path": "/dev/gps0"}]},
             {"class": "WATCH", "enable": True, "json": True}]
    try:
        while True:
            for line in lines:
                client.sendall((json.dumps(line, separators=(",", ":")) + "\r\n").encode())
            time.sleep(0.1)
            now_s = time.time()
            lat, lon, course = position(now_s)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_s)) + f".{int(now_s * 1000) % 1000:03d}Z"
            lines = [{"class": "TPV", "device": "/dev/gps0", "mode": 3, "time": stamp, "lat": lat, "lon": lon,
                      "alt": 300.0, "eph": 4.0, "speed": SPEED_MPS, "track": course}]
    except OSError:
        client.close()


class Bus:
    def __init__(self, number, seed):
        self.random = random.Random(seed + number)
        self.master, slave = pty.openpty()  # the slave stays open here, so that a gateway may come and go
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        link = f"can{number}"
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.ttyname(slave), link)
        self.over = self.door = False
        self.next_s = self.door_s = 0.0

    def step(self, now_s, calm):
        if now_s >= self.next_s:
            self.over = not self.over
            self.next_s = now_s + self.random.uniform(0.3, 0.9)
        if now_s >= self.door_s:
            self.door = not self.door
            self.door_s = now_s + self.random.uniform(1.0, 6.0)
        each = 1 if calm else 3 if self.over else 2
        seats = sum(each << 3 * i for i in range(9)).to_bytes(8, "little")
        state = bytes([0 if calm or not self.door else 1, 1])
        try:
            os.read(self.master, 4096)  # commands to the adapter
        except BlockingIOError:
            pass
        try:
            os.write(self.master, b"t3108" + seats.hex().upper().encode() + b"\r" + b"t3202" +
                     state.hex().upper().encode() + b"\r")
        except BlockingIOError:
            pass  # nobody reads


def main(port, vehicles, seed, calm_file):
    buses = [Bus(number, seed) for number in range(1, vehicles + 1)]
    server = socket.create_server(("127.0.0.1", port))

    def accept():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    while True:
        calm = os.path.exists(calm_file)
        for bus in buses:
            bus.step(time.monotonic(), calm)
        time.sleep(0.1)


main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
