#!/usr/bin/python3
"""powercut.py: the cuts and the judgement; called by tests/vm/powercut, which see."""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import traceback

from bus import Bus
from disk import Disk
from evidence import Evidence
from machine import Machine

BOOT_LIMIT_S = 300       # 8 s, but for a machine that has much else to do
WATCHED_S = 30           # a cut comes at most so long after the gateway began to watch, more often sooner
IN_BOOT = 0.1            # share of cuts that do not wait for that
IN_WRITE = 0.5           # share of cuts in the middle of a write or a flush: of all the time that is hardly any
WRITES_MAX = 60          # which one, counted from the start; some 25 belong to the boot
CONNECTED = 0.35         # share of starts that reach the broker; in the others every record waits on disk
POSITION_LIMIT_S = 10    # a position is on disk within
POSITION_SLACK_S = 2     # from the sentence's second to the gateway's clock, and the disk's flush
SMALL = "bus-b"          # its outbox holds three batches of positions, so that gap records are made
ANNOUNCED = re.compile(r"<\d>buswarden-gateway: (\w+) (RAISED|UPDATED|CLEARED) \(\w+\), alert (\d+)(.*)")

talking = threading.Lock()


def say(text):
    with talking:
        print(text, flush=True)


class Vehicle:
    """One gateway in its guest: everything that was cut, heard and lost."""

    def __init__(self, name, number, arguments, dbc, route):
        self.name = name
        self.folder = f"{arguments.state}/{name}.vm"
        self.arguments = arguments
        self.seed = f"{arguments.seed} {name}"
        self.random = random.Random(self.seed)
        self.gpsd_port, self.nmea_port = (arguments.base + 2 + 2 * number + i for i in (0, 1))
        self.disk = Disk(f"{self.folder}/disk.img", f"{self.folder}/disk.sock", self.seed)
        self.bus = Bus(route, dbc, self.nmea_port, self.seed)
        self.announced = []         # (kind, phase, number), in order
        self.wanted_fixes = set()   # seconds since 1970 that must be at the bureau
        self.missing_age_s = []
        self.boots_s, self.failed_boots = [], []
        self.cached = self.lost = self.torn = 0
        self.set_aside = set()
        self.complaints = []

    def start(self, connected, forget=False):
        forwards = {2947: self.gpsd_port} | ({8883: self.arguments.base + 1} if connected else {})
        return Machine(self.folder, self.arguments.guest, self.disk, self.bus, forwards, forget)

    def cut_once(self, forget):
        """Start, cut, and take down what was heard. Returns a line that says so."""
        connected = self.random.random() < CONNECTED
        draw = self.random.random()
        write = self.random.randint(1, WRITES_MAX) if draw < IN_WRITE else None
        self.disk.attach(write)
        machine = self.start(connected, forget)
        if IN_WRITE <= draw < IN_WRITE + IN_BOOT:
            time.sleep(self.random.uniform(0, self.mean_boot_s()))
            when = "in the boot"
        else:
            when = self.watch(machine, write)
        return self.cut(machine, f"{when}, {'connected' if connected else 'no signal'}")

    def watch(self, machine, write):
        """Until the instant of the cut."""
        watching = machine.wait_for("watching", BOOT_LIMIT_S, self.disk.stopped)
        if watching is None and not self.disk.stopped.is_set():
            self.failed_boots.append(" | ".join(line for _, line in machine.lines[-3:]))
            return "BOOT FAILED"
        if watching is not None:
            self.boots_s.append(watching - machine.started)
            after_s = WATCHED_S * self.random.random() ** 2
            self.disk.stopped.wait(WATCHED_S if write else max(0, watching + after_s - time.time()))
        if self.disk.stopped.is_set():
            return f"in write {write}"
        return f"{time.time() - watching:.1f} s on"

    def mean_boot_s(self):
        return sum(self.boots_s) / len(self.boots_s) if self.boots_s else 6

    def cut(self, machine, when):
        cut_at = machine.kill()
        cached, lost, torn = self.disk.cut()
        self.cached += cached
        self.lost += lost
        self.torn += torn
        heard = self.hear(machine)
        self.want_fixes(machine, cut_at)
        return (f"{when}: {heard} announced, {len(self.announced)} in all; of {cached} unflushed writes "
                f"{lost} lost, {torn} torn")

    def hear(self, machine):
        before = len(self.announced)
        with open(f"{self.folder}/journal.log", "a", encoding="utf-8") as log:
            log.writelines(f"{when:.2f} {line}\n" for when, line in machine.lines)
        for _, line in machine.lines:
            found = ANNOUNCED.match(line)
            if found and "NOT RECORDED" not in found[4]:
                self.announced.append((found[1], found[2], int(found[3])))
            elif line.startswith("guest: mounted"):
                self.set_aside |= set(re.findall(r"\S+\.(?:corrupt|forked)-\d+\b", line))
            elif found or re.match(r"<[0-3]>|guest:", line):
                self.complaints.append(line)
        return len(self.announced) - before

    def want_fixes(self, machine, cut_at):
        """What the receiver said from when the gateway heard it until 10 s before the cut."""
        opened = machine.said("gpsd: open")
        if opened is None:
            return
        self.wanted_fixes |= {second for second in self.bus.fixes[-600:] if opened + 2 <= second
                              <= cut_at - POSITION_LIMIT_S - POSITION_SLACK_S}

    def deliver(self, limit_s):
        """A last start with nothing going wrong: until the outbox is empty. Then the bureau must have it all."""
        self.bus.calm = True
        self.disk.attach()
        machine = self.start(connected=True)
        empty = False
        if machine.wait_for("watching", BOOT_LIMIT_S):
            end = time.time() + limit_s
            while not empty and time.time() < end:
                time.sleep(1)
                try:
                    status = json.loads(machine.ask("status"))
                    empty = status["uplink"]["connected"] and not any(
                        status["outbox"][cls]["waiting"] for cls in ("alert", "track"))
                except (json.JSONDecodeError, KeyError):
                    pass
        self.cut(machine, "")
        return empty


def run_cuts(vehicle, cuts, forget=False):
    for i in range(cuts):
        say(f"{vehicle.name} {i + 1}/{cuts} {vehicle.cut_once(forget)}")
    return vehicle.deliver(60 if forget else 300)  # a chain that has lost records may never get to its end


def check(name, reason):
    say(f"not ok {name}: {reason}" if reason else f"ok {name}")
    return not reason


def losses(vehicle, evidence):
    """(lost, twice): announced phases that the bureau does not hold, and phases that it holds twice."""
    held = evidence.phases()
    lost = [phase for phase in set(vehicle.announced) if held[phase] < vehicle.announced.count(phase)]
    twice = [phase for phase, n in held.items() if n > 1 and phase[1] != "UPDATED"]
    return lost, twice


def verified(vehicle):
    """What the bureau's own audit of the evidence finds wrong; a hole that it knows of is wrong here too."""
    run = subprocess.run([f"{vehicle.arguments.bin}/buswarden-bureau", "verify", "--vehicle", vehicle.name, "--json",
                          "--store", f"{vehicle.arguments.state}/bureau.db"], capture_output=True, text=True)
    *findings, last = run.stdout.splitlines() or [run.stderr]
    if run.returncode == 0 and json.loads(last)["summary"]["not_held"] == 0:
        return ""
    return "; ".join(findings[:3]) or last


def judge(vehicle, empty):
    """Every promise, each a line. False when one is broken."""
    name, small = vehicle.name, vehicle.name == SMALL
    evidence = Evidence(f"{vehicle.arguments.state}/bureau.db", name)
    lost, twice = losses(vehicle, evidence)
    held_fixes = evidence.fixes()
    missing = vehicle.wanted_fixes - held_fixes
    say(f"{name}: {len(vehicle.announced)} phases of alerts announced, {sum(evidence.phases().values())} at the bureau, "
        f"{len(lost)} lost, {len(twice)} twice; {len(evidence.evicted())} batches of positions evicted; "
        f"{len(vehicle.wanted_fixes)} positions due, {len(missing)} missing; {len(vehicle.boots_s)} boots of {vehicle.mean_boot_s():.1f} s, "
        f"{len(vehicle.failed_boots)} failed; {vehicle.cached} unflushed writes, {vehicle.lost} lost, {vehicle.torn} torn; "
        f"{len(vehicle.set_aside)} files set aside")
    results = [
        check(f"{name}: every start got as far as the watch", "; ".join(vehicle.failed_boots[:3])),
        check(f"{name}: in the end the outbox is empty", "" if empty else "records are waiting"),
        check(f"{name}: alerts were announced", "" if len(vehicle.announced) >= len(vehicle.boots_s) / 2 else "hardly any"),
        check(f"{name}: each that was announced is at the bureau", str(sorted(lost)[:5]) if lost else ""),
        check(f"{name}: and none is there twice", str(sorted(twice)[:5]) if twice else ""),
        check(f"{name}: no outbox was set aside", " ".join(sorted(vehicle.set_aside))),
        check(f"{name}: it is all one stream", "" if len(evidence.streams) == 1 else f"{len(evidence.streams)} streams"),
        check(f"{name}: the chains are whole, gaps are signed for", verified(vehicle)),
        check(f"{name}: no error in the journal", "; ".join(sorted(set(vehicle.complaints))[:3])),
    ]
    if small:
        results.append(check(f"{name}: its small outbox evicted and signed for it", "" if evidence.evicted() else "no gap record"))
    else:
        results.append(check(f"{name}: each position that was 10 s old is at the bureau",
                             f"{len(missing)} of {len(vehicle.wanted_fixes)} missing" if missing else ""))
    return all(results)


def judge_control(vehicle, _):
    """A gateway that waits for no disk must be seen to lose something, or the test would see nothing."""
    evidence = Evidence(f"{vehicle.arguments.state}/bureau.db", vehicle.name)
    lost, _ = losses(vehicle, evidence)
    say(f"{vehicle.name} (control, without fsync): {len(vehicle.announced)} phases announced, {len(lost)} lost; "
        f"{len(vehicle.set_aside)} files set aside; {vehicle.cached} unflushed writes, {vehicle.lost} lost")
    return check(f"{vehicle.name}: the control, a gateway that waits for no disk, loses alerts", "" if lost else "none lost")


def measure_wear(vehicle, minutes):
    """Bytes that the disk gets at the usual load, the file system's journal included."""
    vehicle.bus.calm = True
    vehicle.disk.attach()
    machine = vehicle.start(connected=True)
    if not machine.wait_for("watching", BOOT_LIMIT_S):
        return check("the guest starts", machine.lines[-1][1] if machine.lines else "it says nothing")
    time.sleep(30)
    before, started = machine.ask("disk").split(), time.time()
    written = vehicle.disk.bytes_written
    time.sleep(minutes * 60)
    after, hours = machine.ask("disk").split(), (time.time() - started) / 3600
    writes, sectors = (int(after[i]) - int(before[i]) for i in (4, 6))
    status = json.loads(machine.ask("status"))
    vehicle.cut(machine, "")
    vehicle.bus.calm = False
    say(f"wear: {sectors * 512 / hours / 1e6:.1f} MB an hour in {writes / hours:.0f} writes an hour by the guest's own "
        f"count, {(vehicle.disk.bytes_written - written) / hours / 1e6:.1f} MB by the disk's; "
        f"{status['outbox']['track']['next_seq'] - 1} batches of positions, {status['outbox']['alert']['next_seq'] - 1} alerts")
    return check("wear was measured", "")


def main():
    parser = argparse.ArgumentParser()
    for option in ("--state", "--guest", "--bin", "--seed"):
        parser.add_argument(option, required=True)
    for option in ("--base", "--cuts", "--control", "--wear"):
        parser.add_argument(option, type=int, required=True)
    arguments = parser.parse_args()
    dbc = subprocess.run([f"{arguments.bin}/buswarden-sim", "dbc"], check=True, capture_output=True, text=True).stdout
    with open(f"{arguments.state}/morning/registry/routes.geojson", encoding="utf-8") as file:
        routes = {f["properties"].get("route_id"): f["geometry"]["coordinates"] for f in json.load(file)["features"]
                  if f["geometry"]["type"] == "LineString"}
    vehicles = [Vehicle(name, i, arguments, dbc, routes[route]) for i, (name, route) in enumerate(
        (("bus-a", "r-waikeng"), ("bus-b", "r-waikeng"), ("bus-c", "r-likeng")))]
    started = time.time()
    good = True
    if arguments.wear:
        good &= measure_wear(vehicles[0], arguments.wear)
    jobs = [(vehicles[0], arguments.cuts - arguments.cuts // 2, judge), (vehicles[1], arguments.cuts // 2, judge),
            (vehicles[2], arguments.control, judge_control)]
    jobs = [job for job in jobs if job[1]]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        parts = {pool.submit(run_cuts, vehicle, cuts, then is judge_control): (vehicle, then) for vehicle, cuts, then in jobs}
        for part in concurrent.futures.as_completed(parts):
            vehicle, then = parts[part]
            good &= then(vehicle, part.result())
    say(f"{time.time() - started:.0f} s; seed {arguments.seed}")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        status = main()
    except Exception:  # the other threads would go on for an hour
        traceback.print_exc()
        status = 3
    sys.stdout.flush()
    os._exit(status)
