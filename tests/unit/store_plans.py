#!/usr/bin/env python3
"""usage: store_plans.py COMPILE_COMMANDS SOURCE...

No statement of the store may walk a whole table that grows with time, unless it stands below with the reason. The
statements are the string literals of the sources as the compiler sees them; SQLite says how it would answer each.
Told as walks are SCANs, searches by no more than a lower or upper bound of the row id, and a min() or max() that
looks for its row from one end of the table; but not a page from a cursor on that asks for nothing else.
"""
import json
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROWING = {"record", "alert", "alert_event", "trip", "audit", "cases", "case_step", "sighting", "sighting_photo",
           "registry_change", "notice", "notice_message", "notice_delivery", "notice_attempt", "licence", "issued_orders"}

# (file, what the statement holds), why it may.
ALLOWED = {
    ("sqlite_case.c", " WHERE (?1 IS NULL"): "a page of the newest, or after a cursor, when nothing narrows it",
    ("sqlite_case.c", "number FROM case_step WHERE utc_ms < ?"): "back from the newest to the first one that is as old",
    ("sqlite_casework.c", "raised_utc_ms >= ?"): "once, of a store from before version 8",
    ("sqlite_evidence.c", "SELECT alert_id, received_utc_ms, body"): "once, of a store from before version 7",
    ("sqlite_evidence.c", "WHERE alert.id < ?"): "a page of the newest",
    ("sqlite_evidence.c", "alert_event.event > ?"): "a page after a cursor",
    ("sqlite_figures.c", "GROUP BY state"): "all cases that are kept, from an index alone, on its own handle",
    ("sqlite_notice.c", "sum(coalesce(state, 1) = 1)"): "all deliveries that are kept, for keep_days; on its own handle",
    ("sqlite_notice.c", "notice_delivery.id < ?1"): "a page of the newest; kept for keep_days",
    ("sqlite_registry_change.c", "?1 IS NULL OR table_id = ?1"): "a page of the newest",
    ("sqlite_trip.c", "WHERE class = 1"): "once, of a store from before version 6",
    ("sqlite_walk.c", "alert_id NOT IN"): "verify reads all of the evidence",
}

# (file, what the statement holds), what its plan must have.
EXPECTED = {
    ("sqlite_evidence.c", "alert.number = ? AND alert.kind = ?"): "alert_1 (vehicle=? AND stream=? AND number=?)",
    ("sqlite_retention.c", "a.number = ?3"): "alert_1 (vehicle=? AND stream=? AND number=?)",
    ("sqlite_case.c", "WHERE c.ended_utc_ms IS NULL AND ("): "cases_going_id",
    ("sqlite_case.c", "c.ended_utc_ms IS NULL AND c.id > ?"): "cases_going_id",
    ("sqlite_case.c", "WHERE c.vehicle = ?5"): "cases_vehicle (vehicle=?)",
    ("sqlite_report.c", "opened_utc_ms < ?3"): "cases_opened (opened_utc_ms>? AND opened_utc_ms<?)",
    ("sqlite_sighting.c", "AND plate = ? AND whole"): "sighting_plate (plate=? AND seen_utc_ms>? AND seen_utc_ms<?)",
}

LITERALS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')
BY_ROWID = re.compile(r"SEARCH (\w+) USING INTEGER PRIMARY KEY \(rowid[<>]\?\)")
PAGE = re.compile(r"WHERE \w+ [<>]=? \? ORDER BY \w+(?: DESC)? LIMIT (?:1|\?)$")
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def statements(source, commands):
    command = shlex.split(commands[str(source)])
    command = [c for c in command[:command.index("-o")] if c != "ccache"] + ["-E", "-P", str(source)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    for literals in LITERALS.findall(text):
        sql = "".join(json.loads(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', literals))
        if STATEMENT.match(sql):
            yield from (one for one in sql.split(";") if one.strip())


def store():
    db = sqlite3.connect(":memory:")
    for schema in sorted((ROOT / "bureau/store/schema").glob("[0-9]*.sql")):
        db.executescript(schema.read_text())
    return db


def plan(db, sql):
    bare = re.sub(r"'[^']*'", "", sql)
    n = max([int(k) for k in re.findall(r"\?(\d+)", bare)] + [0]) or bare.count("?")
    return [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, [None] * n)]


def names(sql):
    """Aliases of the tables of a statement."""
    tables = {}
    for table, alias in re.findall(r"(?:FROM|JOIN|UPDATE|INTO|,)\s+(\w+)(?:\s+AS\s+(\w+))?", sql):
        tables[table] = table
        if alias:
            tables[alias] = table
    return tables


def is_bounded(db, step):
    """By a partial index: of what is going, open or not sent."""
    found = re.search(r"USING (?:COVERING )?INDEX (\w+)", step)
    return found and db.execute("SELECT count(*) FROM sqlite_schema WHERE name = ? AND sql LIKE '% WHERE %'",
                                [found[1]]).fetchone()[0]


def walks(db, sql):
    tables = names(sql)
    for step in plan(db, sql):
        found = re.match(r"SCAN (\w+)", step) or (not PAGE.search(sql) and re.match(BY_ROWID, step))
        if re.match(r"SEARCH \w+$", step) and re.search(r"(?:min|max)\(\w+\) FROM \w+ WHERE", sql):
            found = re.match(r"SEARCH (\w+)", step)
        if found and tables.get(found[1], found[1]) in GROWING and not is_bounded(db, step):
            yield step


def main():
    commands = {entry["file"]: entry["command"] for entry in json.loads(Path(sys.argv[1]).read_text())}
    db, n, bad, used = store(), 0, 0, set()
    for source in map(Path, sys.argv[2:]):
        for sql in statements(source.resolve(), commands):
            n += 1
            for step in walks(db, sql):
                reason = [key for key in ALLOWED if key[0] == source.name and key[1] in sql]
                used.update(reason)
                if not reason:
                    bad += 1
                    print(f"{source.name}: {step}: {sql}")
            for key in [key for key in EXPECTED if key[0] == source.name and key[1] in sql]:
                used.add(key)
                if not any(EXPECTED[key] in step for step in plan(db, sql)):
                    bad += 1
                    print(f"{source.name}: not by {EXPECTED[key]}: {plan(db, sql)}: {sql}")
    for key in EXPECTED.keys() - used:
        bad += 1
        print(f"{key[0]}: no such statement: {key[1]}")
    for key in ALLOWED.keys() - used:
        bad += 1
        print(f"{key[0]}: allowed, and no such walk: {key[1]}")
    if n == 0:
        bad += 1
    print(f"{n} statements, {bad} findings")
    return 1 if bad else 0


sys.exit(main())
