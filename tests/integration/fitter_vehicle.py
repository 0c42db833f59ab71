"""The inside of a vehicle for tests/integration/fitter: an SLCAN adapter on a pseudo terminal with the cabin of
`buswarden-sim dbc` behind it, and a receiver that tells gpsd where it is.

What a test does to it is one line on standard input each, answered by "ok":
    SIGNAL = VALUE      of the DBC file, e.g. SEAT_R1L_OCC = 1
    SIGNAL lost         its value in every frame is all ones from now on: the sensor does not know
    FRAME silent        e.g. CABIN_SEATS is not sent any more; "FRAME heard" ends it
    A swapped B         the wires of two signals are exchanged
    fix | no fix | no receiver
"""
import os
import pty
import re
import select
import socket
import subprocess
import sys
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
            place = self.signals[self.wires.get(signal.name, signal.name)]
            words[place.message] |= (signal.value & ((1 << place.length) - 1)) << place.start
        for name, (identifier, length) in self.messages.items():
            if self.open and name not in self.silent:
                self.write(b"t%03X%d%s\r" % (identifier, length, words[name].to_bytes(8, "little")[:length].hex().upper().encode()))


class Receiver:
    """It stands still at a place near a school."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port, self.state, self.due_s = port, "fix", 0.0

    def sentence(self, body):
        total = 0
        for c in body.encode():
            total ^= c
        self.socket.sendto(b"$%s*%02X\r\n" % (body.encode(), total), ("127.0.0.1", self.port))

    def send(self):
        now_s = time.time()
        if self.state == "no receiver" or now_s < self.due_s:
            return
        self.due_s = now_s + 1
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


def obey(line, cabin, receiver):
    words = line.split()
    if line in ("fix", "no fix", "no receiver"):
        receiver.state = line
    elif words[1:] == ["lost"]:
        cabin.signals[words[0]].value = -1
    elif words[1:] in (["silent"], ["heard"]):
        (cabin.silent.add if words[1] == "silent" else cabin.silent.discard)(words[0])
    elif words[1] == "swapped":
        cabin.wires[words[0]], cabin.wires[words[2]] = words[2], words[0]
    else:
        cabin.signals[words[0]].value = int(words[2])


def run(cabin, receiver, commands, replies):
    """Until there are no more commands."""
    pending = b""
    due_s = time.monotonic()
    while True:
        ready, _, _ = select.select([commands, cabin.master], [], [], max(0.0, due_s - time.monotonic()))
        if cabin.master in ready:
            cabin.answer()
        if commands in ready:
            data = os.read(commands, 4096)
            if not data:
                return
            pending += data
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                obey(line.decode(), cabin, receiver)
                os.write(replies, b"ok\n")
        if time.monotonic() >= due_s:
            cabin.send()
            receiver.send()
            due_s = time.monotonic() + PERIOD_S


def main(simulator, link, port):
    dbc = subprocess.run([simulator, "dbc"], check=True, capture_output=True, text=True).stdout
    run(Cabin(dbc, link), Receiver(int(port)), sys.stdin.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} SIMULATOR LINK UDP-PORT")
    main(*sys.argv[1:])
