#!/usr/bin/python3
"""last_position.py OUTBOX: the instant of the newest position in a vehicle's outbox, in seconds since 1970; 0: none."""
import sqlite3
import sys

from track_gaps import BATCH, BODY, TRACK, fields, instants

with sqlite3.connect(sys.argv[1]) as outbox:
    row = outbox.execute("SELECT bytes FROM record WHERE class = ? ORDER BY seq DESC LIMIT 1", (TRACK,)).fetchone()
print(max(instants(fields(fields(fields(row[0])[BODY])[TRACK])[BATCH])) if row else 0)
