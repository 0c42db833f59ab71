#!/usr/bin/python3
"""The gateways, their cabin buses and their networks, for tests/bench/alarm_latency.
usage: alarm_latency.py BIN-DIRECTORY STATE-DIRECTORY BROKER-PORT SILENT-BROKER-PORT CYCLES"""

import heapq
import json
import os
import random
import selectors
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration"))
import bad_brokers as bad  # noqa: E402
import play  # noqa: E402

CYCLE_S = 34  # an alert of the same kind is held off for 30 s
FRAMES_EVERY_S = 0.2
LICENCE_WAIT_S = 120
SEATS, SEAT_MAX = 9, 3
PLACE = (29.145, 120.93, 0.0, 0.0)
# What the cabin is, from when in the cycle on [s], and the line in the journal that must come at once; None = none does.
STORY = [
    (0.0, {"aboard": 0, "door": 1, "kmh": 12}, None),  # moves with an open door: a notice after 2 s
    (4.0, {"aboard": 1}, "DOOR_OPEN_MOVING UPDATED (minor)"),
    (4.7, {"kmh": 25}, "DOOR_OPEN_MOVING UPDATED (serious)"),
    (5.5, {"aboard": 11}, None),  # one too many: raised after 3 s, and a second to be looked at
    (10.5, {"aboard": 12}, "OVERLOAD UPDATED (serious)"),
    (11.3, {"aboard": 17}, "OVERLOAD UPDATED (criminal)"),
    (12.5, {"aboard": 0, "door": 0, "kmh": 0}, None),
]


class Network:
    """One case's way to the broker: a proxy that becomes as bad as it is told."""

    def __init__(self, port, broker_port):
        self.target, self.dead, self.pairs = broker_port, False, []
        self.server = bad.Server(port, self.serve, backlog=128)

    def serve(self, server, connection):
        if self.dead:
            bad.deafen(connection)
            server.wait()
        with socket.create_connection(("127.0.0.1", self.target)) as broker:
            self.pairs.append((connection, broker))
            threading.Thread(target=self.copy, args=(broker, connection), daemon=True).start()
            self.copy(connection, broker)

    def copy(self, source, sink):
        try:
            while data := source.recv(bad.BYTES_AT_ONCE):
                sink.sendall(data)
            if not self.dead:
                sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self.dead:
            self.server.wait()

    def part(self):
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs = []

    def go_deaf(self):
        """What comes from the vehicles is dropped, and nothing comes back."""
        self.dead = True
        for vehicle, broker in self.pairs:
            bad.deafen(vehicle)
            bad.deafen(broker)

    def become(self, case, world, silent_port):
        if case == "refused":
            self.server.close()
        elif case == "black-hole":
            self.go_deaf()
        elif case == "resolver-hangs":
            world("hang")
            self.part()
        elif case == "bureau-silent":
            self.target = silent_port
            self.part()


class Vehicle:
    def __init__(self, state, name, case):
        self.name, self.case, self.lines, self.samples = name, case, [], []
        self.config = os.path.join(state, name + ".ini")
        self.cabin = {"aboard": 0, "door": 0, "kmh": 0}
        self.adapter = play.Adapter(os.path.join(state, name + ".can"))
        self.process = None

    def start(self, gateway, world):
        environment = dict(os.environ, FAKEWORLD=world, LD_PRELOAD=os.path.join(os.path.dirname(gateway), "fakeworld.so"))
        self.process = subprocess.Popen([gateway, "run", "--config", self.config], stderr=subprocess.PIPE, env=environment)

    def status(self, gateway):
        answer = subprocess.run([gateway, "status", "--config", self.config, "--json"], capture_output=True, check=False)
        return json.loads(answer.stdout or "{}")

    def frames(self):
        """Seats first: it is what the samples wait for."""
        bits = left = 0
        left = self.cabin["aboard"]
        for seat in range(SEATS):
            on_seat = min(left, SEAT_MAX)
            bits |= on_seat << 3 * seat
            left -= on_seat
        seats = bits.to_bytes(8, "little").hex().upper()
        wheels = (self.cabin["kmh"] * 100).to_bytes(8, "little").hex().upper()
        return f"t3108{seats}\rt3308{wheels}\rt3202{self.cabin['door']:02X}01\rt32220000\rt3122FF01\rt340103\r".encode()

    def send(self):
        self.adapter.serve()
        if self.adapter.open:
            os.write(self.adapter.master, self.frames())

    def change(self, cabin, line):
        self.cabin.update(cabin)
        if line:
            self.samples.append((time.monotonic_ns(), line))
        self.send()

    def latencies_ms(self):
        """None for an alarm that did not come."""
        for begin, wanted in self.samples:
            came = [at for at, line in self.lines if at >= begin and wanted in line and at < begin + CYCLE_S * 1e9 / 2]
            yield (came[0] - begin) / 1e6 if came else None


def listen(vehicles):
    """The journals, each line with the time at which it was read."""
    selector = selectors.DefaultSelector()
    for vehicle in vehicles:
        selector.register(vehicle.process.stderr, selectors.EVENT_READ, vehicle)
    while selector.get_map():
        for key, _ in selector.select():
            data, now = os.read(key.fd, 65536), time.monotonic_ns()
            if not data:
                selector.unregister(key.fileobj)
            key.data.lines += [(now, line) for line in data.decode().splitlines()]


def run_until(end_s, agenda):
    """Agenda: a heap of (when, number, what to do); what gives a time is done again then."""
    while agenda and agenda[0][0] < end_s:
        when, number, action = heapq.heappop(agenda)
        time.sleep(max(0, when - time.monotonic()))
        again = action()
        if again:
            heapq.heappush(agenda, (when + again, number, action))
    time.sleep(max(0, end_s - time.monotonic()))


def usual_agenda(vehicles, nmea_ports):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def positions():
        for port in nmea_ports:
            udp.sendto(play.nmea(PLACE, int(time.time())).encode(), ("127.0.0.1", port))
        return 1

    def frames(vehicle):
        return lambda: vehicle.send() or FRAMES_EVERY_S

    now = time.monotonic()
    agenda = [(now + i * FRAMES_EVERY_S / len(vehicles), i, frames(vehicle)) for i, vehicle in enumerate(vehicles)]
    agenda.append((now, len(agenda), positions))
    heapq.heapify(agenda)
    return agenda


def add_story(agenda, vehicles, cycles):
    """The vehicles take turns, so that hardly ever two alarms come at a time. Returns when it is over."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    chance, number, start = random.Random(seed), len(agenda), time.monotonic() + 1
    for cycle in range(cycles):
        for i, vehicle in enumerate(vehicles):
            turn = (i * 7 % len(vehicles) if len(vehicles) % 7 else i) / len(vehicles)  # the cases mixed
            for at_s, cabin, line in STORY:
                when = start + (cycle + turn) * CYCLE_S + at_s + chance.uniform(0, 0.3)
                number += 1
                heapq.heappush(agenda, (when, number, lambda v=vehicle, c=cabin, l=line: v.change(c, l)))
    return start + (cycles + 1) * CYCLE_S


def report(vehicles, gateway):
    """Whether every alarm came, and every network was what it is called."""
    print(f"{'network':<16}{'samples':>8}{'median ms':>11}{'p99 ms':>9}{'max ms':>9}{'missed':>8}{'connected':>11}{'waiting':>9}")
    good = True
    for case in dict.fromkeys(vehicle.case for vehicle in vehicles):
        ours = [vehicle for vehicle in vehicles if vehicle.case == case]
        all_ms = [ms for vehicle in ours for ms in vehicle.latencies_ms()]
        came = sorted(ms for ms in all_ms if ms is not None)
        states = [vehicle.status(gateway) for vehicle in ours]
        connected = sum(state["uplink"]["connected"] for state in states)
        waiting = sum(state["outbox"]["alert"]["waiting"] for state in states)
        missed = len(all_ms) - len(came)
        at = lambda share: came[min(len(came) - 1, int(len(came) * share))] if came else float("nan")
        print(f"{case:<16}{len(all_ms):>8}{at(0.5):>11.2f}{at(0.99):>9.2f}{at(1):>9.2f}{missed:>8}{connected:>11}{waiting:>9}")
        as_named = {"good": connected == len(ours) and waiting == 0, "bureau-silent": connected == len(ours) and waiting > 0}
        if missed or not as_named.get(case, connected == 0 and waiting > 0):
            print(f"  {case}: " + (f"{missed} alarms did not come" if missed else "the network was not so"))
            good = False
    return good


def main(bin_directory, state, broker_port, silent_port, cycles):
    gateway = os.path.join(bin_directory, "buswarden-gateway")
    rows = [line.split() for line in open(os.path.join(state, "vehicles"), encoding="ascii")]
    networks, vehicles = {}, []

    def world(case, text):
        os.makedirs(os.path.join(state, "world-" + case), exist_ok=True)
        with open(os.path.join(state, "world-" + case, "resolver"), "w", encoding="ascii") as file:
            file.write(text)

    for name, case, _, proxy_port in rows:
        if case not in networks:
            world(case, "127.0.0.1")
            networks[case] = Network(int(proxy_port), int(broker_port))
        vehicles.append(Vehicle(state, name, case))
    try:
        for vehicle in vehicles:
            vehicle.start(gateway, os.path.join(state, "world-" + vehicle.case))
        threading.Thread(target=listen, args=(vehicles,), daemon=True).start()
        agenda = usual_agenda(vehicles, {int(row[2]) for row in rows})
        end_s = time.monotonic() + LICENCE_WAIT_S
        has_licence = lambda v: any("licence version" in line and "in force" in line for _, line in v.lines)
        while not all(has_licence(v) for v in vehicles):
            if time.monotonic() > end_s:
                sys.exit("no licence at " + " ".join(v.name + ": " + v.lines[-1][1] for v in vehicles if not has_licence(v)))
            run_until(time.monotonic() + 1, agenda)
        run_until(time.monotonic() + 5, agenda)
        for case, network in networks.items():
            network.become(case, lambda text, case=case: world(case, text), int(silent_port))
        run_until(add_story(agenda, vehicles, int(cycles)), agenda)
        return 0 if report(vehicles, gateway) else 1
    finally:
        for vehicle in vehicles:
            if vehicle.process:
                vehicle.process.kill()
            vehicle.adapter.close()


if len(sys.argv) != 6:
    sys.exit(__doc__)
sys.exit(main(*sys.argv[1:]))
