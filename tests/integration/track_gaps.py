#!/usr/bin/python3
"""track_gaps.py DATABASE VEHICLE FROM TO [LOST BACK]: where the bureau holds no position of a vehicle.

Prints each stretch of more than 10 s without one between FROM and TO, except while LOST..BACK there was none to be had
or none to be kept. All in seconds since 1970. Reads the stored bytes by docs/wire.md and nothing else.
"""
import sqlite3
import sys
import time

TRACK = 2  # RecordClass, and Body.track
BODY, BATCH = 5, 1  # SignedRecord.body, Track.batch
LIMIT_S = 10


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def fields(message):
    """Number and value of each field of a protobuf message: bytes, or the bare varint; of a repeated one the last."""
    at, found = 0, {}
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            found[key >> 3], at = varint(message, at)
            continue
        length = {1: 8, 5: 4}.get(key & 7)
        if length is None and key & 7 != 2:
            raise ValueError(f"wire type {key & 7}")
        if length is None:
            length, at = varint(message, at)
        found[key >> 3] = message[at:at + length]
        at += length
    return found


def instants(batch):
    """Of every fix in a track batch, in seconds."""
    numbers, at = [], 0
    while at < len(batch):
        number, at = varint(batch, at)
        numbers.append(number)
    version, count, instant = numbers[:3]
    if version != 1:
        raise ValueError(f"track batch version {version}")
    yield instant / 10
    at = 6
    for _ in range(count - 1):
        instant += numbers[at] >> 1
        at += 3 + (numbers[at] & 1)
        yield instant / 10


def held(database, vehicle):
    rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True).execute(
        "SELECT bytes FROM record WHERE vehicle = ? AND class = ?", (vehicle, TRACK))
    for (record,) in rows:
        if track := fields(fields(record)[BODY]).get(TRACK):
            yield from instants(fields(track)[BATCH])


def main(database, vehicle, first, last, lost=0, back=0):
    first, last, lost, back = (float(t) for t in (first, last, lost, back))
    times = sorted(t for t in held(database, vehicle) if first <= t <= last)
    for before, after in zip([first, *times], [*times, last]):
        excused = lost - LIMIT_S <= before and after <= back
        if after - before > LIMIT_S and not excused:
            print(f"{after - before:.1f} s from {time.strftime('%T', time.gmtime(before))}")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 7):
        sys.exit(__doc__)
    main(*sys.argv[1:])
