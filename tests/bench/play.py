#!/usr/bin/python3
"""play.py TPV.json --nmea PORT --can LINK [--speed X] [--seconds S]: drives a recording to and fro, for a real gateway.

Plays the receiver of a recorded drive as NMEA (GSA, GST, RMC, GGA) to UDP port PORT of a gpsd, one position a second, and
a cabin bus of 200 frames/s (8 persons aboard, doors closed, ignition on) through an SLCAN adapter: a pseudo terminal with
a link at LINK. At the end of the recording it turns round and drives back. With --speed X everything comes X times as
often, and the receiver's clock, which begins at the present time, runs X times as fast. Ends after S seconds of the
receiver's time, or on SIGTERM. Then it prints "played: N positions, N frames, N frames lost".
"""
import argparse
import json
import math
import os
import pty
import select
import signal
import socket
import time
import tty

FRAMES_PER_S = 200
SEATS, STATE, BELTS, DEVICE, COUNTS = "t3108DB06000000000000", "t32020001", "t3122FF01", "t340103", "t32220000"
KNOTS_PER_MPS = 3600 / 1852


def read_drive(path):
    """Position by second, None in its gaps."""
    drive = {}
    with open(path, encoding="utf-8") as log:
        for line in log:
            report = json.loads(line)
            if report.get("class") == "TPV" and "lat" in report and "time" in report:
                stamp = report["time"].split(".")[0].rstrip("Z")
                second = int(time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%S")))
                drive[second] = (report["lat"], report["lon"], report.get("speed", 0.0), report.get("track", 0.0))
    return [drive.get(second) for second in range(min(drive), max(drive) + 1)]


def at_second(drive, second):
    """Where the vehicle is: to the end of the recording, back to its beginning, and so on."""
    period = 2 * (len(drive) - 1)
    place = second % period
    if place < len(drive):
        return drive[place]
    fix = drive[period - place]
    return fix and (fix[0], fix[1], fix[2], (fix[3] + 180) % 360)


def sentence(body):
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n"


def angle(deg, width, signs):
    units = round(abs(deg) * 6e6)
    return f"{units // 6000000:0{width}d}{units / 1e5 % 60:08.5f},{signs[deg < 0]}"


def nmea(fix, utc_s):
    clock = time.gmtime(utc_s)
    at, day = time.strftime("%H%M%S.00", clock), time.strftime("%d%m%y", clock)
    if fix is None:
        return sentence(f"GPRMC,{at},V,,,,,,,{day},,,N") + sentence(f"GPGGA,{at},,,,,0,00,99.99,,,,,,")
    lat, lon = angle(fix[0], 2, "NS"), angle(fix[1], 3, "EW")
    return (sentence("GPGSA,A,3,02,05,07,09,13,15,20,26,,,,,1.70,1.00,1.40")
            + sentence(f"GPGST,{at},4.0,4.0,4.0,0.0,4.0,4.0,5.6")
            + sentence(f"GPRMC,{at},A,{lat},{lon},{fix[2] * KNOTS_PER_MPS:.3f},{fix[3]:.2f},{day},,,A")
            + sentence(f"GPGGA,{at},{lat},{lon},1,08,1.00,500.0,M,46.0,M,,"))


class Adapter:
    """What a LAWICEL adapter does: answers commands with CR, and sends frames while its channel is open."""

    def __init__(self, link):
        self.link, self.open, self.sent, self.lost, self.command = link, False, 0, 0, b""
        self.master, self.slave = pty.openpty()  # the slave stays open here, so that a gateway may come and go
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.ttyname(self.slave), link)

    def serve(self):
        while select.select([self.master], [], [], 0)[0]:
            *commands, self.command = (self.command + os.read(self.master, 4096)).split(b"\r")
            for command in commands:
                self.open = command[:1] == b"O" or (self.open and command[:1] != b"C")
                os.write(self.master, b"\r")

    def send(self, number, count, speed_mps):
        """Frames number .. number + count - 1 of the bus, which repeats six."""
        self.serve()
        if not self.open:
            return
        kmh = round(speed_mps * 360)
        wheels = f"t3308{kmh & 255:02X}{kmh >> 8:02X}000000000000"
        six = [SEATS, STATE, wheels, BELTS, DEVICE, COUNTS]
        text = "".join(six[i % 6] + "\r" for i in range(number, number + count)).encode()
        self.sent += count
        while text:
            try:
                text = text[os.write(self.master, text):]
            except BlockingIOError:  # a reader that does not keep up loses frames, as with a real adapter
                if not select.select([], [self.master], [], 0.5)[1]:
                    self.lost += text.count(b"\r")
                    return

    def close(self):
        os.unlink(self.link)


def play(drive, gpsd, adapter, speed, seconds, stopped):
    begin, utc_s = time.monotonic(), int(time.time())
    second = frames = 0
    fix, step_s = None, 1 / min(FRAMES_PER_S * speed, 400)  # at most 400 wakes a second: a block of frames at each
    for step in range(1 << 62):
        now_s = step * step_s
        if stopped() or now_s * speed >= seconds:
            return second
        wait_s = begin + now_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        while second <= now_s * speed:
            fix = at_second(drive, second)
            gpsd(nmea(fix, utc_s + second).encode())
            second += 1
        due = int((now_s + step_s) * speed * FRAMES_PER_S + 0.5)
        adapter.send(frames, due - frames, fix[2] if fix else 0.0)
        frames = due


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tpv")
    parser.add_argument("--nmea", type=int, required=True)
    parser.add_argument("--can", required=True)
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf)
    given = parser.parse_args()
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    os.environ["TZ"] = "UTC"
    time.tzset()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect(("127.0.0.1", given.nmea))
    adapter = Adapter(given.can)

    def gpsd(data):
        try:
            udp.send(data)
        except ConnectionRefusedError:
            pass  # no gpsd at the moment

    try:
        positions = play(read_drive(given.tpv), gpsd, adapter, given.speed, given.seconds, lambda: bool(ended))
        print(f"played: {positions} positions, {adapter.sent} frames, {adapter.lost} frames lost", flush=True)
    finally:
        adapter.close()


if __name__ == "__main__":
    main()
