"""What the bureau's store holds of a vehicle: read from the signed bytes by docs/wire.md and nothing else."""
import collections
import hashlib
import pathlib
import re
import sqlite3
import sys

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "integration"))
from track_gaps import fields, instants  # noqa: E402

ALERT, TRACK, GAP = 1, 2, 3  # Body's fields; the first two are the classes as well
ALERT_PROTO = (HERE.parent.parent / "proto/buswarden/v1/alert.proto").read_text(encoding="utf-8")


def names(prefix):
    return {int(number): name for name, number in re.findall(rf"{prefix}_(\w+) = (\d+);", ALERT_PROTO)}


KINDS, PHASES = names("ALERT_KIND"), names("ALERT_PHASE")


class Evidence:
    def __init__(self, database, vehicle, division="331023"):
        self.header = b"buswarden/v1/record".ljust(24, b"\0") + text(division) + text(vehicle)
        self.bodies = []
        self.faults = []  # where a chain is not whole
        self.gaps = self.evicted = 0
        store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        chains = collections.defaultdict(list)
        for stream, cls, seq, record in store.execute(
                "SELECT stream, class, seq, bytes FROM record WHERE vehicle = ? ORDER BY stream, class, seq", (vehicle,)):
            chains[stream, cls].append((seq, record))
        if len(chains) != 2:
            self.faults.append(f"{len(chains)} chains where one stream has two")
        for (stream, cls), records in chains.items():
            self.walk(stream, cls, records)

    def walk(self, stream, cls, records):
        """Each record follows the one before it, or a gap record stands for what is between."""
        expected, head = 1, bytes(16)
        for seq, record in records:
            parts = fields(record)
            body = fields(parts[5])
            prev, where = parts[4], f"class {cls} seq {seq}"
            if (parts[1], parts[2], parts[3]) != (stream, cls, seq):
                self.faults.append(f"{where}: stored under another name")
            first = seq
            if gap := body.get(GAP):
                first, last = fields(gap)[1], fields(gap)[2]
                self.gaps += 1
                self.evicted += last - max(first, expected) + 1
                if last != seq or first > expected:
                    self.faults.append(f"{where}: a gap record for {first} to {last}, expected was {expected}")
            elif seq != expected:
                self.faults.append(f"{where}: expected was {expected}")
            if first == expected and prev != head:
                self.faults.append(f"{where}: its prev is not the hash of the record before it")
            signed = self.header + stream + bytes([cls]) + seq.to_bytes(8, "big") + prev + parts[5]
            head = fields(gap)[3] if gap else hashlib.blake2b(signed + parts[6], digest_size=16).digest()
            expected = seq + 1
            self.bodies.append(body)

    def phases(self):
        """How often each (kind, phase, alert number) is held."""
        alerts = (fields(body[ALERT]) for body in self.bodies if ALERT in body)
        return collections.Counter((KINDS[a[1]], PHASES[a[2]], a[4]) for a in alerts)

    def fixes(self):
        """Seconds since 1970 of every position."""
        return {int(t) for body in self.bodies if TRACK in body for t in instants(fields(body[TRACK])[1])}


def text(value):
    return bytes([len(value)]) + value.encode()
