"""The inside of a vehicle for tests/integration/fitter: an SLCAN adapter on a pseudo terminal with the cabin of
`buswarden-sim dbc` behind it, and a receiver that tells gpsd where it is."""
import os
import pty
import re
import select
import socket
import subprocess
import threading
import time
import tty

PERIOD_S = 0.1


class Signal:
    def __init__(self, name, message, start, length):
        self.name, self.message, self.start, self.length = name, message, start, length
        self.value = 0


class Cabin:
    """Every signal as what it is told to be: empty seats, open belts, closed doors, a good supply and antenna."""

    def __init__(self, dbc, link):
        self.messages, self.signals, self.silent, self.wires = {}, {}, set(), {}
        for line in dbc.splitlines():
            if match := re.match(r"BO_ (\d+) (\w+): (\d+)", line):
                message = match[2]
                self.messages[message] = (int(match[1]), int(match[3]))
            elif match := re.match(r" SG_ (\w+) : (\d+)\|(\d+)@1\+", line):
                self.signals[match[1]] = Signal(match[1], message, int(match[2]), int(match[3]))
        for name in ("POWER_MAIN", "GNSS_ANTENNA"):
            self.signals[name].value = 1
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        os.symlink(os.ttyname(self.slave), link)
        self.open, self.command = False, b""

    def set(self, name, value):
        """-1: all ones, which is how a seat says that it does not know."""
        self.signals[self.wires.get(name, name)].value = value

    def swap_wires(self, a, b):
        self.wires = {a: b, b: a}

    def answer(self):
        try:
            self.command += os.read(self.master, 4096)
        except BlockingIOError:
            return
        while b"\r" in self.command:
            command, self.command = self.command.split(b"\r", 1)
            if command[:1] in (b"O", b"L"):
                self.open = True
            elif command[:1] == b"C":
                self.open = False
            self.write({b"V": b"V0101\r", b"N": b"NTEST\r"}.get(command[:1], b"\r"))

    def write(self, data):
        try:
            os.write(self.master, data)
        except BlockingIOError:
            pass  # nobody reads: then the frame is lost, as with a real adapter

    def send(self):
        words = dict.fromkeys(self.messages, 0)
        for signal in self.signals.values():
            words[signal.message] |= (signal.value & ((1 << signal.length) - 1)) << signal.start
        for name, (identifier, length) in self.messages.items():
            if self.open and name not in self.silent:
                self.write(b"t%03X%d%s\r" % (identifier, length, words[name].to_bytes(8, "little")[:length].hex().upper().encode()))


class Receiver:
    """It stands still at a place near a school. state: fix, no fix, silent."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port, self.state, self.ahead_s, self.due_s = port, "fix", 0, 0.0

    def sentence(self, body):
        total = 0
        for c in body.encode():
            total ^= c
        self.socket.sendto(b"$%s*%02X\r\n" % (body.encode(), total), ("127.0.0.1", self.port))

    def send(self):
        now_s = time.time()
        if self.state == "silent" or now_s < self.due_s:
            return
        self.due_s = now_s + 1
        now_s += self.ahead_s
        clock, day = time.strftime("%H%M%S.00", time.gmtime(now_s)), time.strftime("%d%m%y", time.gmtime(now_s))
        if self.state == "fix":
            place = "2908.40000,N,12101.80000,E"
            self.sentence("GPGSA,A,3,02,05,07,09,13,15,20,26,,,,,1.70,1.00,1.40")
            for i, ids in enumerate(((2, 5, 7, 9), (13, 15, 20, 26)), 1):
                self.sentence(f"GPGSV,2,{i},08" + "".join(f",{n:02},{5 * n % 90:02},{13 * n:03},40" for n in ids))
            self.sentence(f"GPGST,{clock},2.0,2.0,2.0,0.0,2.0,2.0,3.0")
            self.sentence(f"GPRMC,{clock},A,{place},0.000,,{day},,,A")
            self.sentence(f"GPGGA,{clock},{place},1,08,1.00,300.0,M,12.0,M,,")
        else:
            self.sentence("GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99")
            self.sentence(f"GPRMC,{clock},V,,,,,,,{day},,,N")
            self.sentence(f"GPGGA,{clock},,,,,0,00,99.99,,,,,,")


class Vehicle(threading.Thread):
    """Both of them in true time until the program ends."""

    def __init__(self, simulator, link, port):
        super().__init__(daemon=True)
        dbc = subprocess.run([simulator, "dbc"], check=True, capture_output=True, text=True).stdout
        self.cabin, self.receiver = Cabin(dbc, link), Receiver(port)

    def run(self):
        due_s = time.monotonic()
        while True:
            if select.select([self.cabin.master], [], [], max(0.0, due_s - time.monotonic()))[0]:
                self.cabin.answer()
            if time.monotonic() >= due_s:
                self.cabin.send()
                self.receiver.send()
                due_s = time.monotonic() + PERIOD_S
