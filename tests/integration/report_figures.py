"""Every figure of a report, counted again row by row from the store, beside what the report says.

usage: report_figures.py STORE FROM TO school|township WORKBOOK TEXT [JSON]
A line for each figure that differs, and "N figures compared"; exit code 1 if one differs. WORKBOOK, TEXT and JSON (of the
API) are of this term; the first two in Chinese.
"""

import datetime
import json
import re
import sqlite3
import sys
import time
import zipfile
from xml.etree import ElementTree

DAY_MS = 86400000
LOCAL_MS = 8 * 3600000
BANDS = {1: "notice", 2: "minor", 3: "serious", 4: "criminal"}
KINDS = ["OVERLOAD", "OFF_ROUTE", "OUT_OF_HOURS", "UNAPPROVED_STOP", "UNLICENSED", "OVERSPEED", "UNBELTED",
         "DOOR_OPEN_MOVING", "CHILD_LEFT_BEHIND", "SENSOR_FAULT", "TAMPER"]
STATES = {1: "open", 2: "acknowledged", 3: "assigned", 4: "rectified", 5: "closed", 6: "dismissed"}
VERDICTS = {1: "号牌未看清", 2: "许可有效", 3: "超出许可时段", 4: "许可过期", 5: "许可暂停或吊销", 6: "在册但无许可", 7: "未登记"}
NOWHERE = "不在登记册内"


# --- what the store says, one row after the other ---

def day_of(utc_ms):
    return (utc_ms + LOCAL_MS) // DAY_MS


def days_since_1970(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


class Counts:
    def __init__(self):
        self.vehicles = self.permitted = self.uninspected = 0
        self.ran = set()
        self.trips = self.uncounted = self.over = self.boarded = 0
        self.alerts = {}  # (kind, band) -> n
        self.cases = []
        self.sightings = []
        self.taken, self.rectified = [], []

    def alerts_if(self, kind=None, band=None):
        return sum(n for (k, b), n in self.alerts.items() if kind in (None, k) and band in (None, b))

    def sightings_if(self, **wanted):
        return sum(all(sighting[name] == value for name, value in wanted.items()) for sighting in self.sightings)

    def cases_if(self, kind=None, **wanted):
        return sum(all(case[name] == value for name, value in wanted.items()) and kind in (None, case["kind"])
                   for case in self.cases)


def rank(sorted_values, tenths):
    """The smallest value that so many tenths of all are not above."""
    for i, value in enumerate(sorted_values, 1):
        if i * 10 >= len(sorted_values) * tenths:
            return value
    return None


class County:
    def __init__(self, path, first, last, by):
        self.first, self.last, self.by = first, last, by
        self.total = Counts()
        self.parts, self.months = {}, {}
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row
        self.schools = {row["school_id"]: row for row in self.rows("school")}
        self.school_of = {row["vehicle_id"]: row["school_id"] for row in self.rows("vehicle")}
        for school_id in self.schools:
            self.part(school_id)
        self.count_vehicles()
        self.count_trips()
        self.count_alerts()
        self.count_cases()
        self.count_sightings()

    def rows(self, table):
        return self.db.execute(f"SELECT * FROM {table}").fetchall()

    def part(self, school_id):
        school = self.schools.get(school_id)
        if school is None:
            name = NOWHERE
        elif self.by == "school":
            name = school["name"]
        else:
            name = school["township"] or "未注明乡镇"
        return self.parts.setdefault(name, Counts())

    def month(self, utc_ms):
        date = datetime.datetime.utcfromtimestamp((utc_ms + LOCAL_MS) // 1000)
        return self.months.setdefault((date.year, date.month), Counts())

    def in_term(self, utc_ms):
        return self.first <= day_of(utc_ms) <= self.last

    def of_vehicle(self, vehicle, utc_ms):
        return [self.total, self.part(self.school_of.get(vehicle)), self.month(utc_ms)]

    def count_vehicles(self):
        permitted = {row["vehicle_id"] for row in self.rows("permit")
                     if row["status"] == 1 and row["valid_from_day"] <= self.last <= row["valid_until_day"]}
        for row in self.rows("vehicle"):
            if row["scrapped_day"] and row["scrapped_day"] <= self.last:
                continue
            for counts in (self.total, self.part(row["school_id"])):
                counts.vehicles += 1
                counts.permitted += row["vehicle_id"] in permitted
                counts.uninspected += row["inspected_until_day"] < self.last

    def count_trips(self):
        for row in self.rows("trip"):
            if not self.in_term(row["begun_utc_ms"]):
                continue
            unknown = row["quality"] == 0 and row["boarded"] == row["alighted"] == row["peak"] == 0
            for counts in self.of_vehicle(row["vehicle"], row["begun_utc_ms"]):
                counts.ran.add(row["vehicle"])
                counts.trips += 1
                counts.uncounted += unknown
                counts.over += row["over_s"] > 0
                counts.boarded += row["boarded"]

    def count_alerts(self):
        for row in self.rows("alert"):
            if self.in_term(row["raised_utc_ms"]):
                for counts in self.of_vehicle(row["vehicle"], row["raised_utc_ms"]):
                    key = row["kind"], row["severity"]
                    counts.alerts[key] = counts.alerts.get(key, 0) + 1

    def count_cases(self):
        now_utc_ms = int(time.time() * 1000)
        steps = {}
        for row in self.rows("case_step"):
            steps.setdefault(row["case_id"], []).append(row)
        for row in self.rows("cases"):
            opened_utc_ms = row["opened_utc_ms"]
            if not self.in_term(opened_utc_ms):
                continue
            log = sorted(steps.get(row["id"], []), key=lambda step: step["number"])
            case = {"kind": row["kind"], "state": STATES[row["state"]],
                    "explained": any(step["action"] == 13 for step in log),
                    "overdue": row["state"] == 3 and row["deadline_utc_ms"] < now_utc_ms,
                    "handed_over": row["handed_over_utc_ms"] > 0}
            took = [step["utc_ms"] for step in log if step["state"] != 1 and step["role"] != 0]
            done = [step["utc_ms"] for step in log if step["action"] == 6 and step["answer"] == 1]
            school_id = row["school_id"] or row["assigned_school_id"]
            for counts in (self.total, self.part(school_id), self.month(opened_utc_ms)):
                counts.cases.append(case)
                if took:
                    counts.taken.append(took[0] - opened_utc_ms)
                if done and case["state"] in ("rectified", "closed"):
                    counts.rectified.append(done[-1] - opened_utc_ms)
        for counts in [self.total, *self.parts.values()]:
            counts.taken.sort()
            counts.rectified.sort()


    def count_sightings(self):
        cases = {row["id"]: row for row in self.rows("cases")}
        outcomes = {None: "none", 1: "going", 2: "going", 3: "going", 4: "settled", 5: "settled", 6: "dismissed"}
        for row in self.rows("sighting"):
            if not self.in_term(row["seen_utc_ms"]):
                continue
            case = cases.get(row["case_id"])
            sighting = {"verdict": row["verdict"], "suspect": row["verdict"] not in (2, 3), "plate": row["plate"],
                        "outcome": outcomes[case and case["state"]],
                        "handed_over": case is not None and case["handed_over_utc_ms"] > 0}
            for counts in (self.total, self.part(row["gate"]), self.month(row["seen_utc_ms"])):
                counts.sightings.append(sighting)

    def plates(self):
        return len({s["plate"] for s in self.total.sightings if s["verdict"] >= 4})


def found(counts, kind=None):
    return counts.cases_if(kind)


def void(counts, kind=None):
    return counts.cases_if(kind, state="dismissed") + counts.cases_if(kind, explained=True)


def rectified(counts, kind=None):
    return (counts.cases_if(kind, state="rectified") + counts.cases_if(kind, state="closed", explained=False))


def going(counts):
    return sum(counts.cases_if(state=state) for state in ("open", "acknowledged", "assigned"))


def boarded(counts):
    return "不详" if counts.trips and counts.trips == counts.uncounted else counts.boarded


def hours(ms):
    return "" if ms is None else round(ms / 3600000, 6)


# --- the workbook ---

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Workbook:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        if self.zip.testzip() is not None:
            sys.exit("the workbook is damaged")
        sheets = ElementTree.fromstring(self.zip.read("xl/workbook.xml")).iter(MAIN + "sheet")
        self.names = [sheet.get("name") for sheet in sheets]
        self.frozen = [self.pane(i + 1) for i in range(len(self.names))]

    def sheet(self, number):
        return ElementTree.fromstring(self.zip.read(f"xl/worksheets/sheet{number}.xml"))

    def pane(self, number):
        pane = self.sheet(number).find(f"{MAIN}sheetViews/{MAIN}sheetView/{MAIN}pane")
        return pane is not None and pane.get("state") == "frozen" and pane.get("ySplit") == "4"

    def table(self, name):
        """The rows below the frozen header, each a list of values; the header is the first."""
        rows = []
        for row in self.sheet(self.names.index(name) + 1).iter(MAIN + "row"):
            if int(row.get("r")) >= 4:
                rows.append(self.values(row))
        return rows

    @staticmethod
    def values(row):
        values = []
        for cell in row.iter(MAIN + "c"):
            letters = re.match("[A-Z]+", cell.get("r")).group()
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            values += [""] * (column - 1 - len(values))
            text = "".join(t.text or "" for t in cell.iter(MAIN + "t"))
            value = cell.findtext(MAIN + "v")
            values.append(text if value is None else round(float(value), 6))
        return values

    def charts(self):
        return [self.zip.read(name).decode() for name in self.zip.namelist()
                if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]


# --- beside each other ---

compared = different = 0


def same(what, got, expected):
    global compared, different
    compared += 1
    if got != expected:
        different += 1
        print(f"{what}: {got!r}, not {expected!r}")


def summary_of(county):
    total = county.total
    return [total.vehicles, total.permitted, total.uninspected, len(total.ran), total.trips, total.uncounted, total.over,
            boarded(total), total.alerts_if(), found(total), rectified(total),
            total.cases_if(state="closed", explained=False), going(total), total.cases_if(overdue=True), void(total),
            total.cases_if(handed_over=True), len(total.sightings), total.sightings_if(suspect=True),
            total.sightings_if(suspect=True, handed_over=True), county.plates(),
            hours(rank(total.taken, 5)), hours(rank(total.taken, 9)),
            hours(rank(total.rectified, 5)), hours(rank(total.rectified, 9))]


def month_of(counts):
    return [counts.trips, counts.uncounted, counts.over, boarded(counts), found(counts), counts.alerts_if(),
            *(counts.alerts_if(kind=kind) for kind in range(1, len(KINDS) + 1))]


def part_of(counts):
    return [counts.vehicles, counts.permitted, counts.uninspected, len(counts.ran), counts.trips, counts.uncounted,
            counts.over, boarded(counts), counts.alerts_if(), *(counts.alerts_if(band=band) for band in BANDS),
            found(counts), rectified(counts), going(counts), counts.cases_if(overdue=True), void(counts),
            counts.cases_if(handed_over=True), len(counts.sightings), counts.sightings_if(suspect=True),
            hours(rank(counts.taken, 5)), hours(rank(counts.rectified, 5))]


def kind_of(counts, kind=None):
    return [counts.cases_if(kind), *(counts.cases_if(kind, state=state) for state in ("open", "acknowledged", "assigned")),
            counts.cases_if(kind, overdue=True), counts.cases_if(kind, state="rectified"),
            counts.cases_if(kind, state="closed", explained=False), counts.cases_if(kind, explained=True),
            counts.cases_if(kind, state="dismissed"), counts.cases_if(kind, handed_over=True)]


def verdict_of(counts, **wanted):
    return [counts.sightings_if(**wanted),
            *(counts.sightings_if(outcome=outcome, **wanted) for outcome in ("settled", "going", "dismissed", "none")),
            counts.sightings_if(handed_over=True, **wanted)]


def strip(row):
    while row and row[-1] == "":
        row = row[:-1]
    return row


def compare_workbook(county, book):
    total = county.total
    part_sheet = "分学校统计" if county.by == "school" else "分乡镇统计"
    same("sheets", book.names, ["汇总", "预警分类", "分月统计", part_sheet, "隐患治理", "黑车线索"])
    same("frozen headers", book.frozen, [True] * len(book.names))
    charts = book.charts()
    same("charts", len(charts), 2)
    same("charts of", [name for name in ("分月统计", part_sheet) if any(f"{name}'!" in c or f"{name}!" in c for c in charts)],
         ["分月统计", part_sheet])
    same("summary", [row[1] if len(row) > 1 else "" for row in book.table("汇总")[1:]], summary_of(county))

    kinds = book.table("预警分类")[1:]
    bands = [*BANDS, 0]
    for kind, row in enumerate(kinds[:len(KINDS)], 1):
        same(f"alerts of {KINDS[kind - 1]}", row[1:],
             [*(total.alerts_if(kind, band) for band in bands), total.alerts_if(kind)])
    same("alerts of all kinds", kinds[-1][1:], [*(total.alerts_if(band=band) for band in bands), total.alerts_if()])

    months = book.table("分月统计")[1:]
    for row in months[:-1]:
        year, month = map(int, re.fullmatch(r"(\d+)年(\d+)月", row[0]).groups())
        same(f"month {row[0]}", row[1:], month_of(county.months.get((year, month), Counts())))
    same("all months", months[-1][1:], month_of(total))

    rows = book.table(part_sheet)[1:]
    same("parts", sorted(row[0] for row in rows[:-1]), sorted(county.parts))
    for row in rows[:-1]:
        same(row[0], strip(row[2:]), strip(part_of(county.parts[row[0]])))
    same("all parts", rows[-1][2:], part_of(total))
    for column in range(2, 23):  # counts: the rows together are the county
        same(f"column {column}", sum(row[column] if row[column] != "不详" else 0 for row in rows[:-1]), rows[-1][column])

    cases = book.table("隐患治理")[1:]
    for kind, row in zip([*range(1, len(KINDS) + 1), 20, 21, 22], cases):
        same(f"hazards {row[0]}", row[1:], kind_of(total, kind))
    same("all hazards", cases[-1][1:], kind_of(total))

    sightings = book.table("黑车线索")[1:]
    same("verdicts", [row[0] for row in sightings], [*VERDICTS.values(), "合计"])
    for verdict, row in zip(VERDICTS, sightings):
        same(f"sightings {row[0]}", row[1:], verdict_of(total, verdict=verdict))
    same("all sightings", sightings[-1][1:], verdict_of(total))


def span(ms):
    minutes = -(-ms // 60000)
    hour, minute = divmod(minutes, 60)
    day, of_day = divmod(hour, 24)
    return f"{day}天{of_day}小时" if day else f"{hour}小时{minute}分钟" if hour else f"{minute}分钟"


def compare_text(county, text):
    total = county.total
    due = found(total) - void(total)
    tenths = (rectified(total) * 1000 + due // 2) // due
    for words in (
            f"登记在册校车{total.vehicles}辆，其中持有有效校车使用许可的{total.permitted}辆、"
            f"无有效许可的{total.vehicles - total.permitted}辆，安全技术检验逾期的{total.uninspected}辆；"
            f"本期实际运行校车{len(total.ran)}辆。",
            f"本期共运行校车{total.trips}趟次，接送学生{total.boarded}人次。有{total.uncounted}趟次乘车人数不详，未计入人次。"
            f"有{total.over}趟次存在超员行驶。",
            f"本期共发生预警{total.alerts_if()}起：超员{total.alerts_if(1)}起"
            f"（提示{total.alerts_if(1, 1)}起，一般{total.alerts_if(1, 2)}起，严重{total.alerts_if(1, 3)}起，"
            f"涉嫌犯罪{total.alerts_if(1, 4)}起）；偏离路线{total.alerts_if(2)}起",
            f"其中提示性预警{total.alerts_if(band=1)}起",
            f"本期共发现隐患{found(total)}件，已整改{rectified(total)}件"
            f"（其中经核查销号{total.cases_if(state='closed', explained=False)}件），整改率{tenths // 10}.{tenths % 10}%；"
            f"正在整改{going(total)}件，其中逾期未整改{total.cases_if(overdue=True)}件；经核实不予认定{void(total)}件；"
            f"移送公安机关{total.cases_if(handed_over=True)}件。",
            f"从立案到受理（{len(total.taken)}件），半数在{span(rank(total.taken, 5))}以内，"
            f"九成在{span(rank(total.taken, 9))}以内。",
            f"从立案到整改完成（{len(total.rectified)}件），半数在{span(rank(total.rectified, 5))}以内，"
            f"九成在{span(rank(total.rectified, 9))}以内。",
            f"本期接到校门值守和公安机关等上报线索{len(total.sightings)}条："
            + "，".join(f"{name}{total.sightings_if(verdict=verdict)}条" for verdict, name in VERDICTS.items())
            + f"。涉及无有效许可的号牌{county.plates()}个。",
            f"其中无有效许可或号牌未看清的线索{total.sightings_if(suspect=True)}条，"
            f"已办结{total.sightings_if(suspect=True, outcome='settled')}条、"
            f"正在办理{total.sightings_if(suspect=True, outcome='going')}条、"
            f"经核实不成立{total.sightings_if(suspect=True, outcome='dismissed')}条、"
            f"未立案{total.sightings_if(suspect=True, outcome='none')}条；"
            f"移送公安机关{total.sightings_if(suspect=True, handed_over=True)}条。"):
        same("text", words if words in text else "lacks it", words)
    for name, part in county.parts.items():
        carried = "接送学生人次不详" if boarded(part) == "不详" else f"接送学生{part.boarded}人次"
        words = (f"{name}：登记校车{part.vehicles}辆，运行{len(part.ran)}辆、{part.trips}趟次，{carried}，"
                 f"预警{part.alerts_if()}起，发现隐患{found(part)}件，已整改{rectified(part)}件，"
                 f"逾期{part.cases_if(overdue=True)}件。")
        same("text", words if words in text else "lacks it", words)


def json_bands(counts, kind=None):
    return {"all": counts.alerts_if(kind), **{name: counts.alerts_if(kind, band) for band, name in BANDS.items()},
            "unknown": counts.alerts_if(kind, 0)}


def json_cases(counts, kind=None):
    return {"found": counts.cases_if(kind), "rectified": rectified(counts, kind),
            "closed": counts.cases_if(kind, state="closed", explained=False),
            "going": sum(counts.cases_if(kind, state=state) for state in ("open", "acknowledged", "assigned")),
            "overdue": counts.cases_if(kind, overdue=True), "dismissed": counts.cases_if(kind, state="dismissed"),
            "explained": counts.cases_if(kind, explained=True), "handed_over": counts.cases_if(kind, handed_over=True)}


def json_sightings(counts, **wanted):
    return {"all": counts.sightings_if(**wanted),
            **{key: counts.sightings_if(outcome=outcome, **wanted)
               for key, outcome in (("settled", "settled"), ("going", "going"), ("dismissed", "dismissed"), ("no_case", "none"))},
            "handed_over": counts.sightings_if(handed_over=True, **wanted)}


def json_counts(counts):
    return {"trips": counts.trips, "trips_uncounted": counts.uncounted, "trips_over": counts.over,
            "boarded": None if boarded(counts) == "不详" else counts.boarded, "alerts": json_bands(counts),
            "cases": json_cases(counts), "sightings": json_sightings(counts),
            "sightings_without_permit": json_sightings(counts, suspect=True)}


def json_time(values):
    return {"cases": len(values), **{key: None if not values else rank(values, tenths) / 1000
                                     for key, tenths in (("median_s", 5), ("p90_s", 9))}}


def json_part(counts):
    return {"vehicles": counts.vehicles, "vehicles_permitted": counts.permitted, "vehicles_uninspected": counts.uninspected,
            "vehicles_ran": len(counts.ran), **json_counts(counts), "taken": json_time(counts.taken),
            "case_rectified": json_time(counts.rectified)}


def json_kinds(counts):
    return {**{name: json_bands(counts, kind) for kind, name in enumerate(KINDS, 1)}, "unknown": json_bands(counts, 0)}


def compare_json(county, report):
    total = county.total
    cases = {**dict(enumerate(KINDS, 1)), 20: "SILENT", 21: "OUTAGE", 22: "SIGHTING", 0: "unknown"}
    verdicts = ["unread", "licensed", "wrong_hour", "expired", "suspended", "no_permit", "unknown"]
    whole = {**json_part(total), "alert_kinds": json_kinds(total),
             "case_kinds": {name: json_cases(total, kind) for kind, name in cases.items()},
             "sighting_verdicts": {name: json_sightings(total, verdict=i) for i, name in enumerate(verdicts, 1)},
             "plates_without_permit": county.plates()}
    same("JSON: members of the total", sorted(report["total"]), sorted(whole))
    for key, expected in whole.items():
        same(f"JSON: {key}", report["total"].get(key), expected)
    for month in report["months"]:
        counts = county.months.get(tuple(map(int, month["month"].split("-"))), Counts())
        expected = {**json_counts(counts), "alert_kinds": json_kinds(counts)}
        same(f"JSON: {month['month']}", {key: month.get(key) for key in expected}, expected)
    names = {}
    for row in report["rows"]:
        names[NOWHERE if not row["in_registry"] else row["name"] or "未注明乡镇"] = row
    same("JSON: rows", sorted(names), sorted(county.parts))
    for name, row in names.items():
        expected = json_part(county.parts[name])
        same(f"JSON: {name}", {key: row.get(key) for key in expected}, expected)


def main():
    if len(sys.argv) not in (7, 8):
        sys.exit(__doc__)
    store, first, last, by, workbook, text = sys.argv[1:7]
    county = County(store, days_since_1970(first), days_since_1970(last), by)
    compare_workbook(county, Workbook(workbook))
    with open(text, encoding="utf-8") as file:
        compare_text(county, file.read())
    if len(sys.argv) == 8:
        with open(sys.argv[7], encoding="utf-8") as file:
            compare_json(county, json.load(file))
    print(f"{compared} figures compared")
    sys.exit(different > 0)


main()
