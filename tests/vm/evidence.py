"""What the bureau's store holds of a vehicle: read from the signed bytes by docs/wire.md and nothing else."""
import collections
import pathlib
import re
import sqlite3
import sys

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "integration"))
from track_gaps import BATCH, BODY, TRACK, fields, instants  # noqa: E402

ALERT, GAP = 1, 3  # Body's fields
ALERT_PROTO = (HERE.parent.parent / "proto/buswarden/v1/alert.proto").read_text(encoding="utf-8")


def names(prefix):
    return {int(number): name for name, number in re.findall(rf"{prefix}_(\w+) = (\d+);", ALERT_PROTO)}


KINDS, PHASES = names("ALERT_KIND"), names("ALERT_PHASE")


class Evidence:
    def __init__(self, database, vehicle):
        """Whether the chains are whole is what `buswarden-bureau verify` says, not this."""
        store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        rows = store.execute("SELECT stream, bytes FROM record WHERE vehicle = ?", (vehicle,)).fetchall()
        self.streams = {stream for stream, _ in rows}
        self.bodies = [fields(fields(record)[BODY]) for _, record in rows]

    def phases(self):
        """How often each (kind, phase, alert number) is held."""
        alerts = (fields(body[ALERT]) for body in self.bodies if ALERT in body)
        return collections.Counter((KINDS[a[1]], PHASES[a[2]], a[4]) for a in alerts)

    def fixes(self):
        """Seconds since 1970 of every position."""
        return {int(t) for body in self.bodies if TRACK in body for t in instants(fields(body[TRACK])[BATCH])}

    def evicted(self):
        """The numbers of the records for which a gap record stands."""
        gaps = [fields(body[GAP]) for body in self.bodies if GAP in body]
        return {seq for gap in gaps for seq in range(gap[1], gap[2] + 1)}
