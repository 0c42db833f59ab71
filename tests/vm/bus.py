"""A bus on a test bench: what its receiver says to gpsd, and what its cabin says to a CAN adapter.

It drives up and down its route at a steady speed, once a second a position. Unless calm, doors open, pupils squeeze in
and the supply goes away at random, each for some seconds, so that alerts come and go all the time.
"""
import math
import random
import re
import socket
import threading
import time

SPEED_MPS = 10.0
FRAMES_PER_S = 10  # of each kind
# What goes wrong: for how many seconds, after how many; bounds of a uniform draw.
TROUBLES = {"door": ((4, 8), (4, 7)), "crowd": ((5, 9), (6, 9)), "supply": ((7, 12), (20, 90))}
METRES_A_DEGREE = 111_195.0


class Signals:
    """The frames of a DBC file whose signals all are little-endian and unsigned."""

    def __init__(self, dbc):
        self.frames = {}  # id: (length, {name: (start, scale)})
        for line in dbc.splitlines():
            if found := re.match(r"BO_ (\d+) \w+: (\d+)", line):
                self.frames[int(found[1])] = (int(found[2]), current := {})
            elif found := re.match(r" SG_ (\w+) : (\d+)\|\d+@1\+ \(([\d.]+),0\)", line):
                current[found[1]] = (int(found[2]), float(found[3]))

    def slcan(self, values):
        """A line for each frame, as a LAWICEL adapter passes them on."""
        text = ""
        for number, (length, signals) in self.frames.items():
            bits = sum(round(values.get(name, 0) / scale) << start for name, (start, scale) in signals.items())
            text += f"t{number:03X}{length}{bits.to_bytes(length, 'little').hex().upper()}\r"
        return text.encode()


class Adapter:
    """The far end of the gateway's serial line; a frame that finds it full is lost, as with a real one."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.setblocking(False)
        self.waiting = b""
        self.open = False

    def pass_on(self, frames):
        try:
            for command in self.connection.recv(256).split(b"\r")[:-1]:
                self.waiting += b"\r"
                self.open = command.startswith(b"O") or self.open and not command.startswith(b"C")
        except BlockingIOError:
            pass
        if self.open and len(self.waiting) < 4096:
            self.waiting += frames
        try:
            self.waiting = self.waiting[self.connection.send(self.waiting):]
        except BlockingIOError:
            pass


class Bus:
    def __init__(self, route, dbc, nmea_port, seed):
        self.way = Way(route)
        self.signals = Signals(dbc)
        self.random = random.Random(seed)
        self.gpsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.gpsd.connect(("127.0.0.1", nmea_port))
        self.adapter = None  # set while a machine runs
        self.calm = False
        self.wrong = {name: [False, 0.0] for name in TROUBLES}  # so, until when
        self.fixes = []  # seconds since 1970, as sent
        self.running = True
        self.thread = threading.Thread(target=self.drive, daemon=True)
        self.thread.start()

    def stop(self):
        self.running = False
        self.thread.join()

    def drive(self):
        start = next_turn = time.time()
        second = int(start)
        while self.running:
            now = time.time()
            if int(now) > second:
                second = int(now)
                self.send_fix(second, (second - start) * SPEED_MPS)
            if adapter := self.adapter:
                try:
                    adapter.pass_on(self.signals.slcan(self.cabin(now)))
                except OSError:
                    self.adapter = None  # the machine is gone
            next_turn = max(next_turn + 1 / FRAMES_PER_S, now)
            time.sleep(max(0, next_turn - time.time()))

    def cabin(self, now):
        for name, (on_s, off_s) in TROUBLES.items():
            state = self.wrong[name]
            if now >= state[1]:
                state[0] = not state[0] and not self.calm
                state[1] = now + self.random.uniform(*(on_s if state[0] else off_s))
        pupils = 3 if self.wrong["crowd"][0] else 1  # on each of nine benches, where 18 are allowed in all
        values = {"IGN_ON": 1, "VEHICLE_SPEED": SPEED_MPS * 3.6, "GNSS_ANTENNA": 1,
                  "POWER_MAIN": not self.wrong["supply"][0], "DOOR_REAR_OPEN": self.wrong["door"][0]}
        for bench in "1L 2L 2R 3L 3R 4L 4R 5L 5R".split():
            values |= {f"SEAT_R{bench}_OCC": pupils, f"SEAT_R{bench}_BELT": 1}
        return values

    def send_fix(self, second, driven_m):
        lat, lon, course = self.way.at(driven_m)
        clock = time.strftime("%H%M%S.00", time.gmtime(second))
        day = time.strftime("%d%m%y", time.gmtime(second))
        place = f"{angle(lat, 2)},{'N' if lat >= 0 else 'S'},{angle(lon, 3)},{'E' if lon >= 0 else 'W'}"
        for text in (f"GPRMC,{clock},A,{place},{SPEED_MPS / 0.514444:.1f},{course:.1f},{day},,,A",
                     f"GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.6,0.9,1.3",
                     f"GPGGA,{clock},{place},1,08,0.9,180.0,M,0.0,M,,"):
            check = 0
            for byte in text.encode():
                check ^= byte
            try:
                self.gpsd.send(f"${text}*{check:02X}\r\n".encode())
            except ConnectionRefusedError:
                return  # gpsd is not there yet
        self.fixes.append(second)


class Way:
    """Up and down a line of (lon, lat)."""

    def __init__(self, line):
        self.line = line + line[-2::-1]
        self.metres = [0.0]
        for (lon_a, lat_a), (lon_b, lat_b) in zip(self.line, self.line[1:]):
            east = (lon_b - lon_a) * math.cos(math.radians(lat_a))
            self.metres.append(self.metres[-1] + math.hypot(lat_b - lat_a, east) * METRES_A_DEGREE)

    def at(self, driven_m):
        """lat, lon, course in degrees."""
        m = driven_m % self.metres[-1]
        i = next(i for i in range(1, len(self.metres)) if self.metres[i] >= m)
        part = (m - self.metres[i - 1]) / max(self.metres[i] - self.metres[i - 1], 1e-9)
        (lon_a, lat_a), (lon_b, lat_b) = self.line[i - 1:i + 1]
        course = math.degrees(math.atan2((lon_b - lon_a) * math.cos(math.radians(lat_a)), lat_b - lat_a)) % 360
        return lat_a + part * (lat_b - lat_a), lon_a + part * (lon_b - lon_a), course


def angle(degrees, digits):
    """ddmm.mmmmmm as NMEA writes it."""
    whole, minutes = divmod(abs(degrees) * 60, 60)
    return f"{int(whole):0{digits}d}{minutes:09.6f}"
