"""The console in a real browser: most of it against the mock bureau, then the real one. Prints "ok NAME" or
"not ok NAME: reason" a test.

    console_test.py BIN_DIR [SCREENSHOT_DIR]
"""

import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

from bureau import Bureau
from gate_tests import GATE_TESTS
from sighting_tests import SIGHTING_TESTS
from webdriver import Browser, call

MOCK = pathlib.Path(__file__).with_name("mock.py")
ROOT = pathlib.Path(__file__).resolve().parents[2]
XSS_PLATE = '<img src="x" onerror="window.pwned=1">'
XSS_SCHOOL = "<script>window.pwned=1</script>"
ESCAPE, ARROW_RIGHT = "\ue00c", "\ue014"
LIVE = "return document.getElementById('live')?.dataset.state === 'live'"
ROWS = "return document.querySelectorAll('#alert-rows li').length"
FIRST_ROW = "#alert-rows li:first-child"


class Mock:
    """The mock bureau as a process of its own, so that it can really go away."""

    def __init__(self):
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(MOCK), str(self.port)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def stop(self):
        self.process.kill()
        self.process.wait()

    close = stop

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def post(self, what, **body):
        call("POST", f"{self.url}/mock/{what}", body)


def overload(aboard, capacity):
    return {"aboard": aboard, "peak": aboard, "capacity": capacity, "over": aboard - capacity, "band": "minor"}


def check(condition, reason):
    if not condition:
        raise AssertionError(reason)


def check_contains(text, *parts):
    for part in parts:
        check(part in text, f"{part!r} is not in {text!r}")


def open_page(browser, mock):
    browser.open(f"{mock.url}/")
    browser.wait("the live connection", LIVE)
    browser.wait("the map", "return document.querySelectorAll('#map .stop-name').length === 9")
    browser.wait("the buses", "return document.querySelectorAll('#map .bus').length === 5")


def page_loads_without_errors(browser, mock):
    open_page(browser, mock)
    browser.wait("seven alerts", f"{ROWS} === 7")
    check_contains(browser.text(".topbar"), "校车卫士", "331023", "实时")
    check_contains(browser.text(FIRST_ROW), "超员", "浙J·A1207", "实载 20 / 核定 18，超 2 人", "一般", "进行中", "石梁小学")
    check_contains(browser.text("#alert-rows li:nth-child(3)"), "已解除", "迟到数据")
    errors = [message for level, message in browser.console() if level == "SEVERE"]
    check(not errors, f"console errors: {errors}")


def routes_stops_and_buses_are_drawn(browser, mock):
    open_page(browser, mock)
    check(browser.run("return document.querySelectorAll('#map path').length") >= 6 + 9, "routes or stops are missing")
    check_contains(browser.run("return document.querySelector('#map').innerText"), "石梁小学", "浙J·A1207", "20/18", "离线")


def alert_arrives_without_reload(browser, mock):
    open_page(browser, mock)
    browser.run("window.sameDocument = true")
    mock.post("alert", id=20, plate="浙J77777", school="街头小学", phase="RAISED", evidence=overload(21, 18))
    browser.wait("the new row", f"return document.querySelector('{FIRST_ROW}').innerText.includes('浙J·77777')")
    check_contains(browser.text(FIRST_ROW), "实载 21 / 核定 18，超 3 人", "进行中")
    check(browser.run("return window.sameDocument === true"), "the page was loaded again")
    check_contains(browser.run("return document.getElementById('announce').textContent"), "新预警", "浙J·77777", "超员")
    browser.wait("three open alerts in the title", "return document.title.startsWith('(3)')")


def alert_is_updated_in_place(browser, mock):
    open_page(browser, mock)
    mock.post("alert", id=21, plate="浙J88888", phase="RAISED", evidence=overload(21, 18))
    browser.wait("the new row", f"return document.querySelector('{FIRST_ROW}').innerText.includes('浙J·88888')")
    browser.run(f"window.row = document.querySelector('{FIRST_ROW} button'); window.row.focus()")
    rows = browser.run(ROWS)
    mock.post("alert", id=21, phase="UPDATED", severity="serious", evidence=overload(23, 18))
    browser.wait("the update", "return window.row.innerText.includes('实载 23') && window.row.innerText.includes('严重')")
    mock.post("alert", id=21, phase="CLEARED", evidence={**overload(18, 18), "peak": 23}, cleared_at="2025-03-03T00:00:00Z")
    browser.wait("the end", "return window.row.innerText.includes('已解除') && window.row.innerText.includes('曾超 5 人')")
    check(browser.run(ROWS) == rows, "a phase made a row of its own")
    check(browser.run("return document.activeElement === window.row"), "the row lost its focus")


def hostile_names_stay_text(browser, mock):
    open_page(browser, mock)
    mock.post("alert", id=22, plate=XSS_PLATE, school=XSS_SCHOOL, phase="RAISED", evidence=overload(21, 18))
    mock.post("vehicle", vehicle_id="tt-0001", plate=XSS_PLATE, school=XSS_SCHOOL)
    browser.wait("the row", f"return document.querySelector('{FIRST_ROW}').innerText.includes('onerror')")
    browser.click(f"{FIRST_ROW} button")
    check_contains(browser.text(FIRST_ROW), XSS_PLATE, XSS_SCHOOL)
    check_contains(browser.text("#detail"), XSS_PLATE, XSS_SCHOOL)
    browser.wait("the bus", f"return document.querySelector('#map').innerText.includes({XSS_PLATE!r})")
    check(browser.run("return document.querySelectorAll('main img, main script').length") == 0, "markup was made of data")
    check(browser.run("return window.pwned === undefined"), "a script out of data ran")
    mock.post("vehicle", vehicle_id="tt-0001", plate="浙JA1207", school="石梁小学")


def refused_acts_are_shown_in_words_and_hostile_topics_stay_text(browser, mock):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    told = {"first_at": now, "last_at": now, "address": "192.0.2.7"}
    mock.post("incidents", incidents=[
        {"kind": "denied_publish", "vehicle_id": "tt-0001", "detail": XSS_SCHOOL, "count": 17, **told},
        {"kind": "no_tls", "vehicle_id": "", "detail": "wrong version number", "count": 2, **told},
        {"kind": "of_a_later_version", "vehicle_id": "tt-9999", "detail": "", "count": 1, **told}])
    open_page(browser, mock)
    browser.wait("the count", "return document.getElementById('tab-incidents').innerText.includes('(3)')")
    browser.click("#tab-incidents")
    rows = browser.text("#incident-rows")
    check_contains(rows, "浙J·A1207", "越权发布", "17 次", XSS_SCHOOL, "来自 192.0.2.7", "身份不明", "未加密连接", "tt-9999",
                   "of_a_later_version")
    check(browser.run("return window.pwned === undefined"), "a script out of data ran")
    mock.post("incidents", incidents=[])


def set_day(browser, field, day):
    browser.run(f"document.getElementById('{field}').value = '{day}'")


def ask_report(browser, first, last):
    browser.click("#tab-term")
    set_day(browser, "term-from", first)
    set_day(browser, "term-to", last)
    browser.run("document.querySelector('#term-form button').click()")


def a_term_is_counted_and_its_workbook_can_be_taken_away(browser, mock):
    open_page(browser, mock)
    browser.click("#tab-term")
    check(re.fullmatch(r"\d{4}-\d\d-01", browser.run("return document.getElementById('term-from').value")), "no term is proposed")
    ask_report(browser, "2026-02-23", "2026-07-10")
    browser.wait("the report", "return document.querySelectorAll('.term-table').length === 2")
    text = browser.text("#term-result")
    check_contains(text, "天台县教育局 2026-02-23 至 2026-07-10", "登记 3 辆，持有效许可 2 辆，实际运行 3 辆", "45,678",
                   "40 件，半数 1 小时 30 分 以内", "尚无", "7 条", "超员", "可能偏低：行程 · 线索")
    rows = [row.split("\t") for row in browser.text(".term-table tbody").splitlines()]
    check([row[0] for row in rows] == ["石梁镇", "未注明乡镇", "不在登记册内", "合计"], f"the rows: {rows}")
    check(rows[1][4] == "不详" and rows[2][4] == "0", f"unknown and none: {rows}")
    link = browser.run("return document.querySelector('#term-result a').getAttribute('href')")
    check(link == "/v1/report.xlsx?from=2026-02-23&to=2026-07-10&by=township&lang=zh", f"the workbook: {link}")
    browser.click("#language")
    check_contains(browser.text("#term-result"), "2026-02-23 to 2026-07-10", "unknown", "Not in the registry", "Pupils carried")
    check("lang=en" in browser.run("return document.querySelector('#term-result a').getAttribute('href')"), "the workbook's language")
    browser.click("#language")
    ask_report(browser, "2026-07-10", "2026-02-23")
    browser.wait("the refusal", "return document.getElementById('term-result').innerText.includes('截止日期不能早于起始日期')")


def notifications_are_listed_and_sent_again(browser, mock):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    told = {"kind": "OVERLOAD", "what": "raised", "vehicle_id": "tt-0001", "plate": "浙JA1207", "school": "石梁小学",
            "time": now, "next_at": None}
    mock.post("notifications", notifications=[
        {"id": 3, "channel": "duty", "state": "given_up", "attempts": 300, "answer": XSS_SCHOOL, **told},
        {"id": 2, "channel": "mail", "state": "pending", "attempts": 0, "answer": "", **told, "kind": "OF_A_LATER_VERSION"},
        {"id": 1, "channel": "head", "state": "sent", "attempts": 1, "answer": "errcode 0: ok", **told, "what": "graver"}])
    open_page(browser, mock)
    browser.wait("the count", "return document.getElementById('tab-notifications').innerText.includes('(1)')")
    browser.click("#tab-notifications")
    check_contains(browser.text("#notification-rows"), "超员", "浙JA1207", "已放弃", "已发 300 次", XSS_SCHOOL, "待发",
                   "OF_A_LATER_VERSION", "程度加重", "已发到", "errcode 0: ok")
    check(browser.run("return window.pwned === undefined"), "a script out of data ran")
    check(browser.run("return document.querySelectorAll('#notification-rows button').length") == 1, "what arrived is not sent again")
    browser.click("#notification-rows button")
    browser.wait("no count", "return !document.getElementById('tab-notifications').innerText.includes('(')")
    browser.run("const f = document.getElementById('notification-state'); f.value = 'pending';"
                " f.dispatchEvent(new Event('change'))")
    browser.wait("the filter", "return document.querySelectorAll('#notification-rows li').length === 1")
    mock.post("notifications", notifications=[])


def a_certificate_that_ends_is_marked(browser, mock):
    def in_days(days):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + days * 86400))

    for vehicle_id, until, warn_from in (("tt-0002", in_days(10), in_days(-20)), ("tt-0004", in_days(-1), in_days(-31)),
                                         ("tt-0005", None, None)):
        mock.post("vehicle", vehicle_id=vehicle_id, certificate_until=until, certificate_warn_from=warn_from)
    open_page(browser, mock)
    browser.click("#tab-vehicles")
    rows = browser.text("#vehicle-rows")
    check(rows.count("证书将到期") == 1 and rows.count("证书已过期") == 1, f"the marks of certificates: {rows!r}")


def evidence_shows_the_law_and_escape_returns(browser, mock):
    open_page(browser, mock)
    row = "#alert-rows li:last-child button"
    browser.run(f"document.querySelector('{row}').focus()")
    browser.keys("\ue007")
    check_contains(browser.text("#detail"), "第三十四条", "第五十条", "刑法", "30", "11 人（57%）")
    check(browser.run("return document.activeElement.id") == "detail-title", "the focus did not move to the detail")
    browser.keys(ESCAPE)
    check(browser.run("return document.getElementById('detail').hidden"), "Escape did not close the detail")
    check(browser.run(f"return document.activeElement === document.querySelector('{row}')"), "the focus did not return")


def off_route_is_measured_on_the_map(browser, mock):
    open_page(browser, mock)
    browser.run("[...document.querySelectorAll('#alert-rows button')].find((b) => b.innerText.includes('612')).click()")
    check_contains(browser.text("#detail"), "第三十条", "坦头线", "612 m", "4 分 14 秒")
    browser.wait("the measured distance", "return document.querySelector('.measure')?.innerText === '612 m'")


def filters_show_only_what_matches(browser, mock):
    open_page(browser, mock)
    shown = "return [...document.querySelectorAll('#alert-rows li:not([hidden])')].map((li) => li.innerText)"
    browser.click("[data-filter=open]")
    browser.wait("open alerts only", f"{shown[:-1]}).every((text) => text.includes('进行中'))")
    browser.type("#alert-search", "没有这所学校")
    browser.wait("the empty state", "return document.getElementById('alert-empty').innerText.includes('没有符合')")
    check(browser.run(shown) == [], "rows that do not match are shown")


def tabs_work_by_keyboard(browser, mock):
    open_page(browser, mock)
    browser.run("document.getElementById('tab-alerts').focus()")
    browser.keys(ARROW_RIGHT)
    browser.wait("the vehicles", "return document.getElementById('vehicle-rows').offsetParent !== null")
    check_contains(browser.text("#vehicle-rows"), "浙J·B6620", "离线", "许可包待下发", "20 / 18", "约 24（22–26）")


def language_switches_and_is_remembered(browser, mock):
    open_page(browser, mock)
    browser.click("#language")
    check_contains(browser.text(".tabs"), "Alerts", "Plate check")
    browser.wait("English rows", "return document.getElementById('alert-rows').innerText.includes('Overload')")
    open_page(browser, mock)
    check(browser.run("return document.documentElement.lang") == "en", "the language was forgotten")
    check(browser.text("#live") == "Live", "the state is not in English")
    browser.click("#language")
    check_contains(browser.text(".tabs"), "预警", "号牌查验")


def plate_look_up_gives_a_verdict(browser, mock):
    open_page(browser, mock)
    browser.click("#tab-plates")
    cases = [
        ("浙j·a1207", ".verdict.is-good", ["有校车使用许可", "浙J·A1207", "石梁线", "周一至五 06:30–07:40", "超员"]),
        ("浙J58316", ".verdict.is-warn", ["不在开行时间内"]),
        ("浙JB6620", ".verdict.is-bad", ["许可已过期", "第四十五条"]),
        ("浙J99999", ".verdict.is-bad", ["未登记车辆"]),
        ("hello", ".plate-error", ["格式不正确"]),
    ]
    for plate, selector, parts in cases:
        browser.type("#plate-input", plate)
        browser.click("#plate-form button")
        browser.wait(f"the verdict on {plate}", f"return document.querySelector('{selector}')?.innerText.includes({parts[0]!r})")
        check_contains(browser.text("#plate-result"), *parts)


def phone_shows_everything_without_sideways_scrolling(browser, mock):
    browser.viewport(390, 844, phone=True)
    open_page(browser, mock)
    for tab in ("alerts", "vehicles", "plates"):
        browser.click(f"#tab-{tab}")
        check(browser.run("return document.documentElement.scrollWidth") <= 390, f"{tab} is wider than the phone")
    check(browser.run("return document.querySelector('.map-area').offsetHeight") == 0, "the plate check shares the screen")
    check(browser.run("return document.querySelector('#plate-form').offsetTop") < 200, "the plate form is not at the top")
    browser.viewport(1440, 900)


def lost_vehicle_link_is_shown(browser, mock):
    open_page(browser, mock)
    mock.post("broker", connected=False)
    browser.wait("the state", "return document.getElementById('live').innerText === '车载链路中断'")
    check_contains(browser.text("#banner"), "消息链路中断")
    mock.post("broker", connected=True)
    browser.wait("the live connection", LIVE)
    check(browser.run("return document.getElementById('banner').hidden"), "the banner stayed")


def lost_server_is_shown_and_found_again(browser, mock):
    open_page(browser, mock)
    rows = browser.run(ROWS)
    mock.stop()
    browser.wait("the state", "return document.getElementById('live').innerText === '重连中'")
    browser.wait("the banner", "return document.getElementById('banner').innerText.includes('数据截至')")
    check(browser.run(ROWS) == rows, "the last known alerts went away")
    browser.click("#tab-plates")
    browser.type("#plate-input", "浙J58316")
    browser.click("#plate-form button")
    browser.wait("the failed look-up", "return document.getElementById('plate-result').innerText.includes('无法连接')")
    mock.start()
    mock.post("alert", id=40, plate="浙J40404", phase="RAISED", evidence=overload(19, 18))
    browser.run("document.querySelector('#banner button').click()")
    browser.wait("the live connection", LIVE)
    browser.wait("what happened meanwhile", "return document.getElementById('alert-rows').innerText.includes('浙J·40404')")


def broken_stream_is_resumed_without_loss(browser, mock):
    open_page(browser, mock)
    rows = browser.run(ROWS)
    mock.post("drop")
    for number in range(50, 60):
        mock.post("alert", id=number, plate=f"浙J500{number}", phase="RAISED", evidence=overload(19, 18))
    browser.wait("the live connection", LIVE)
    browser.wait("all ten", f"{ROWS} === {rows + 10}")
    mock.post("alert", id=60, plate="浙J50060", phase="RAISED", evidence=overload(19, 18))
    browser.wait("the stream", f"{ROWS} === {rows + 11}")


def open_trips(browser, mock, vehicle="浙J·A1207"):
    open_page(browser, mock)
    browser.click("#tab-vehicles")
    browser.run("[...document.querySelectorAll('#vehicle-rows li')].find((row) => row.innerText.includes(arguments[0]))"
                ".querySelector('button').click()", vehicle)


def trips_show_who_boarded_where_in_counts(browser, mock):
    open_trips(browser, mock)
    browser.wait("twenty trips", "return document.querySelectorAll('.trip-row').length === 20")
    rows = browser.run("return [...document.querySelectorAll('.trip-row')].map((row) => row.innerText)")
    check_contains(rows[0], "石梁线", "上车 20 人，下车 20 人", "最多 20 / 核定 18", "超员行驶 12 分 34 秒", "计数欠准")
    check_contains(rows[1], "不在许可路线上", "\n无法计数", "有时无法计数", "中途开始记录", "中途中断")
    check("上车" not in rows[1], f"nobody could count: {rows[1]!r}")
    check("超员" not in rows[2] and "计数" not in rows[2], f"doubts without reason: {rows[2]!r}")
    browser.run("document.querySelector('.trip-row').click()")
    browser.wait("its stops", "return document.querySelectorAll('.trip-whole ol li').length === 5")
    stops = browser.run("return [...document.querySelectorAll('.trip-whole ol li')].map((row) => row.innerText)")
    said = [("实验小学", "上 12"), ("桥南", "上 8", "计数欠准"), ("非指定站点或不明", "无法计数"), ("s9x", "下 3"),
            ("石梁小学", "下 17")]
    for stop, parts in zip(stops, said):
        check_contains(stop, *parts)
    check_contains(browser.text(".trip-whole"), "14.2 km", "天校许 2025-006")
    mock.post("vehicle", vehicle_id="tt-0001", speed_kmh=11.0)
    browser.wait("an update of the card", "return document.querySelector('#detail').innerText.includes('11 km/h')")
    check(browser.run("return document.querySelectorAll('.trip-whole ol li').length") == 5, "an update closed the trip")
    browser.click("#language")
    browser.wait("English", "return document.querySelector('.trip-row').innerText.includes('20 boarded, 20 alighted')")
    check_contains(browser.text(".trip-whole"), "no approved stop, or not known", "not counted", "+12 −0", "count not exact")
    browser.click("#language")
    browser.run("document.querySelector('.trip-row').click()")
    check(browser.run("return document.querySelectorAll('.trip-whole').length") == 0, "the trip stayed open")


def earlier_trips_are_loaded_on_demand(browser, mock):
    open_trips(browser, mock)
    browser.wait("twenty trips", "return document.querySelectorAll('.trip-row').length === 20")
    browser.run("document.querySelector('.trips .more').click()")
    browser.wait("all trips", "return document.querySelectorAll('.trip-row').length === 27")
    check(browser.run("return document.querySelectorAll('.trips .more').length") == 0, "there is more than all")
    open_trips(browser, mock, "浙J·D3088")
    browser.wait("none of another bus", "return document.querySelector('.trips').innerText.includes('尚无行程')")


def old_alert_that_ended_during_an_outage_is_shown_as_ended(browser, mock):
    mock.post("alert", id=70, plate="浙J70070", phase="RAISED", evidence=overload(19, 18))
    open_page(browser, mock)
    mock.post("drop")
    mock.post("alert", id=70, phase="CLEARED", evidence=overload(18, 18), cleared_at="2025-03-03T00:00:00Z")
    for number in range(100, 201):  # more than the newest page holds
        mock.post("alert", id=number, plate=f"浙J60{number}", phase="RAISED", evidence=overload(19, 18))
    browser.wait("the live connection", LIVE)
    row = "[...document.querySelectorAll('#alert-rows li')].find((li) => li.innerText.includes('浙J·70070'))"
    browser.wait("the end", f"return {row}.innerText.includes('已解除')")


def history_ends_where_the_page_says(browser, _):
    with contextlib.closing(Mock()) as mock:
        mock.post("cleared", first=1001, last=2500)
        open_page(browser, mock)
        kept = ROWS.removeprefix("return ")
        browser.wait("the newest page", f"return {kept} === 102 && !document.getElementById('alert-more').hidden")
        check(browser.text("#alert-limits") == "", browser.text("#alert-limits"))
        for page in range(2, 11):
            browser.run("document.getElementById('alert-more').click()")
            browser.wait(f"page {page}", f"return {kept} === {100 * page + 2}")
        browser.wait("the end", "return document.getElementById('alert-more').hidden")
        check_contains(browser.text("#alert-limits"), "已解除", "最新 1000 条")
        browser.run("document.querySelector('[data-filter=open]').click()")
        browser.wait("nothing of it under the open ones", "return document.getElementById('alert-limits').innerText === ''")


def gcj02_agrees_with_the_bureau(browser, mock):
    open_page(browser, mock)
    place = browser.run("return import('/console/gcj02.js').then((m) => m.gcj02FromWgs84([29.14, 121.03]))")
    expected = [29.137316177, 121.034318761]  # as tests/unit/gcj02.c has it
    check(all(abs(a - b) < 1e-8 for a, b in zip(place, expected)), f"{place} is not {expected}")


# What a row or its card says of EVIDENCE in mock.py, and the article.
EVERY_KIND = {
    "OVERLOAD": ("超员", "Overload", "第三十四条", ["实载 20 / 核定 18，超 2 人"]),
    "OFF_ROUTE": ("偏离路线", "Off route", "第三十条", [
        "距「坦头线」 210 m（限 30 m），已 1 分 35 秒；指令 road-works-7 准许绕行", "准许绕行的指令", "仅作提示，不认定违规"]),
    "OUT_OF_HOURS": ("超出许可时段", "Out of hours", "第十四条、第十六条", [
        "当时 08:25，许可时段 06:30–07:40", "08:25（晚 45 分钟）", "天校许 2025-006"]),
    "UNAPPROVED_STOP": ("非指定站点上下学生", "Unapproved stop", "第三十二条", [
        "上车 3 人、下车 0 人，距「桥南」 311 m（范围 40 m）", "车门开启", "21 秒"]),
    "UNLICENSED": ("无许可/许可失效", "No valid permit", "第二十条", ["逾期未做半年一次的安全技术检验（检验有效期至 2026-08-31）", "每半年进行一次"]),
    "OVERSPEED": ("超速", "Overspeed", "第三十五条", [
        "车速 58 km/h，认定 61 km/h，限速 20 km/h", "61 km/h（连续三次定位）", "恶劣天气限速令", "fog-3", "205%", "1 分 15 秒", "涉嫌犯罪"]),
    "UNBELTED": ("未系安全带", "Seat belts open", "第三十九条", ["2 人未系安全带，车速 33 km/h", "5 人"]),
    "DOOR_OPEN_MOVING": ("行驶中车门未关", "Door open, moving", "第三十九条", ["车门未关行驶 9 秒，车速 12 km/h", "18 km/h"]),
    "CHILD_LEFT_BEHIND": ("学生滞留车内", "Pupil left in the bus", "第三十九条", [
        "熄火关门已 1 分 15 秒，车内仍有 1 人，请立即查看", "喇叭和灯光", "紧急"]),
    "SENSOR_FAULT": ("设备故障", "Device fault", "第二十一条", [
        "部分座位传感器无信号或信号异常，已 1 分 1 秒", "至多可坐 4 人", "不涉及学生乘车违规", "提示"]),
    "TAMPER": ("设备异常（疑似人为破坏）", "Possible tampering", "第二十一条", [
        "车轮转动而无定位，信号可能受到干扰，4 分 0 秒内行驶 3.2 km", "原因须到车上核实", "仅作提示"]),
}


def every_kind(browser, mock):
    open_page(browser, mock)
    mock.post("every-kind")
    browser.wait("the rows", "return document.getElementById('alert-rows').innerText.includes('3.2 km')")


def chosen_by_kind(browser, kind):
    """The name of a kind in the list, and the texts of its first row and that row's card."""
    browser.run(f"""const kinds = document.getElementById('alert-kind');
        kinds.value = '{kind}'; kinds.dispatchEvent(new Event('change'))""")
    shown = "[...document.querySelectorAll('#alert-rows li:not([hidden]) button')]"
    name = f"document.querySelector('#alert-kind [value={kind}]').innerText"
    browser.wait(f"rows of {kind} alone", f"""const rows = {shown};
        return rows.length > 0 && rows.every((row) => row.querySelector('.kind').innerText === {name})""")
    browser.run(f"{shown}[0].click()")
    return browser.run(f"return {name}"), browser.run(f"return {shown}[0].innerText"), browser.text("#detail")


def every_kind_is_shown_with_its_evidence_and_its_law(browser, mock):
    every_kind(browser, mock)
    values = browser.run("return [...document.querySelectorAll('#alert-kind option')].map((o) => o.value)")
    check(values == ["", *EVERY_KIND], f"the filter offers {values}")
    for kind, (name, _, article, parts) in EVERY_KIND.items():
        shown, row, card = chosen_by_kind(browser, kind)
        check(shown == name, f"{kind} is called {shown}")
        check_contains(row, name, parts[0])
        check_contains(card, name, article, *parts)


def check_says_nothing_raw(kind, *texts):
    for text in texts:
        for bad in ("undefined", "null", "NaN", "[object", "{", "evidence.", "field.", "law.", "_", "unknown", "未知", kind):
            check(bad not in text, f"{kind} says {bad!r}: {text!r}")


def no_kind_shows_names_or_values_of_the_program(browser, mock):
    every_kind(browser, mock)
    for language in range(2):
        for kind, names in EVERY_KIND.items():
            name, *texts = chosen_by_kind(browser, kind)
            check(name == names[language], f"{kind} is called {name}")
            check_says_nothing_raw(kind, *texts)
        browser.click("#language")


def words_of_a_newer_server_read_as_unknown(browser, mock):
    open_page(browser, mock)
    rows = {"UNLICENSED": ({"reason": "NEWER", "permit_no": "", "valid_until": None}, "原因不明"),
            "OVERSPEED": ({"speed_kmh": None, "peak_kmh": None, "limit_kmh": 60.0, "source": "NEWER", "motorway": True,
                           "order_id": "", "over_s": 3.0}, "车速 不明，认定 不明，限速 60 km/h"),
            "SENSOR_FAULT": ({"fault": "NEWER", "for_s": 61.0, "seats_unknown": 0}, "故障类型不明"),
            "TAMPER": ({"sign": "NEWER", "for_s": 61.0, "moved_m": None}, "异常类型不明"),
            "UNSPECIFIED": ({}, "未知类型")}
    for number, (kind, (evidence, text)) in enumerate(rows.items(), 330):
        mock.post("alert", id=number, kind=kind, severity="minor", phase="RAISED", evidence=evidence)
        browser.wait(kind, f"return document.querySelector('#alert-rows li:not(:has(.is-urgent))')?.innerText.includes('{text}')")
        browser.run("document.querySelector('#alert-rows li:not(:has(.is-urgent)) button').click()")
        card = browser.text("#detail")
        check("NEWER" not in card and "null" not in card and "NaN" not in card, card)
        mock.post("alert", id=number, phase="CLEARED", cleared_at="2025-03-03T00:00:00Z")


def an_alert_that_the_store_cannot_read_says_so_and_accuses_of_nothing(browser, mock):
    open_page(browser, mock)
    nobody = {"quality": "unknown", "low": 0, "count": 0, "high": 0}
    mock.post("alert", id=71, kind="OVERLOAD", severity="minor", phase="NONE", damaged=True, evidence={}, time=None,
              aboard=nobody, lat=None, lon=None, accuracy_m=None, licence_version=0)
    browser.wait("the row", "return document.querySelector('#alert-rows').innerText.includes('库中记录已损坏')")
    browser.run("[...document.querySelectorAll('#alert-rows button')].find((row) => row.innerText.includes('已损坏')).click()")
    card = browser.text("#detail")
    check_contains(card, "超员", "库中记录已损坏", "buswarden-bureau verify")
    check("实载" not in card and "无许可" not in card, card)
    browser.click("#language")
    card = browser.text("#detail")
    check_contains(card, "damaged")
    check_says_nothing_raw("OVERLOAD", card.replace("unknown", ""))
    browser.click("#language")
    mock.post("alert", id=71, phase="CLEARED", damaged=False, evidence=overload(18, 18), cleared_at="2025-03-03T00:00:00Z")


def a_pupil_left_inside_stands_above_newer_alerts_until_it_ends(browser, mock):
    every_kind(browser, mock)
    first = f"document.querySelector('{FIRST_ROW}').innerText"
    browser.wait("the urgent row first", f"return {first}.includes('学生滞留车内') && {first}.includes('紧急')")
    bus = "[...document.querySelectorAll('#map .bus')].find((bus) => bus.innerText.includes('A1207')).innerText"
    browser.wait("it on the bus", f"return {bus}.includes('学生滞留车内 超员 +9')")
    browser.click("#tab-vehicles")
    check_contains(browser.text("#vehicle-rows li:first-child"), "浙J·A1207", "学生滞留车内")
    browser.click("#tab-alerts")
    mock.post("alert", id=301, phase="CLEARED", cleared_at="2025-03-03T00:00:00Z")
    browser.wait("its place in time", f"return !{first}.includes('学生滞留车内')")
    check("紧急" not in browser.text("#alert-rows"), "what has ended is still urgent")


def hours_are_compared_with_the_nearer_end_of_the_window(browser, mock):
    open_page(browser, mock)
    rows = [("06:30", "07:40", "06:00", "06:00（早 30 分钟）"), ("06:30", "07:40", "06:30", "06:30"),
            ("14:00", "16:00", "06:41", "06:41（早 7 小时 19 分）"),
            ("06:30", "07:40", "07:40", "07:40"), ("06:30", "07:40", "08:25", "08:25（晚 45 分钟）"),
            ("22:00", "01:00", "21:40", "21:40（早 20 分钟）"), ("22:00", "01:00", "01:40", "01:40（晚 40 分钟）"),
            ("22:00", "01:00", "23:20", "23:20"), ("22:00", "01:00", "00:30", "00:30"), ("06:30", None, "08:25", "08:25")]
    for start, end, now, expected in rows:
        evidence = json.dumps({"permit_no": "P-1", "window_start": start, "window_end": end, "local_time": now})
        said = browser.run(f"""return import('/console/evidence.js').then((m) => m.evidenceFacts(
            {{ kind: 'OUT_OF_HOURS', phase: 'RAISED', evidence: {evidence} }}).at(-1)[1])""")
        check(said == expected, f"{now} in {start}-{end}: {said}")


def both_languages_have_the_same_words(browser, mock):
    console, everywhere = ROOT / "bureau/console", []
    imported = re.findall(r"from '\./(words/\w+\.js)'", (console / "i18n.js").read_text())
    files = sorted(str(path.relative_to(console)) for path in (console / "words").iterdir())
    check(imported == files, f"{imported} of {files}")
    for file in files:
        tables = re.split(r"^export const en = ", (console / file).read_text(), flags=re.M)
        zh, en = ([quoted or plain for quoted, plain in re.findall(r"^  (?:'([^']+)'|(\w+)): ", table, re.M)] for table in tables)
        check(sorted(zh) == sorted(en), f"{file}: in one language only: {sorted(set(zh) ^ set(en))}")
        everywhere += zh
    twice = sorted({key for key in everywhere if everywhere.count(key) > 1})
    check(len(everywhere) > 700 and not twice, f"{len(everywhere)} words, twice: {twice}")
    said = browser.run("return import('/console/i18n.js').then((m) => arguments[0].filter((key) => !m.has(key)))", everywhere)
    check(said == [], f"not looked up: {said}")


def fill_log_in(browser, name, password):
    browser.type("#name", name)
    browser.type("#password", password)
    browser.click("#login-form button")


def real_bureau_asks_for_a_log_in_and_leads_back(browser, bureau):
    browser.open(f"{bureau.url}/#plates")
    browser.wait("the log-in", "return location.pathname === '/console/login.html' && !!document.querySelector('#name')")
    fill_log_in(browser, "li", "wrong")
    browser.wait("the refusal", "return document.getElementById('login-error').innerText === '账号或密码不正确。'")
    fill_log_in(browser, "Li", bureau.password)
    browser.wait("the page that was asked for", "return location.pathname + location.hash === '/#plates'")
    browser.wait("the live connection", LIVE)
    check_contains(browser.text("#who"), "li", "管理员")
    check(browser.run("return document.cookie") == "", "a script can read the cookie")


def real_bureau_makes_an_account_and_a_token(browser, bureau):
    browser.open(f"{bureau.url}/console/account.html")
    browser.wait("the accounts", "return document.querySelectorAll('#account-rows tr').length === 1")
    browser.type("#account-form [name=name]", "jiaojing")
    browser.run("document.querySelector('#account-form [name=role]').value = 'police'")
    browser.click("#account-form button")
    browser.wait("the new account", "return document.querySelectorAll('#account-rows tr').length === 2")
    made = browser.text("#made-secret")
    check(re.fullmatch(r"([2-9a-z]{5}-){3}[2-9a-z]{5}", made), f"no password: {made}")
    browser.type("#token-form [name=note]", "QGIS")
    browser.click("#token-form button")
    browser.wait("the token", "return document.getElementById('made-secret').innerText.startsWith('bwt_')")
    browser.wait("its row", "return document.querySelector('#token-rows tr:last-child').innerText.includes('QGIS')")
    check_contains(browser.text("#token-rows tr:last-child"), "li", "号牌查验")
    browser.click("#token-rows tr:last-child button")
    browser.wait("its end", "return document.getElementById('token-rows').innerText.includes('已吊销')")
    browser.click("#log-out")
    browser.wait("the log-in", "return location.pathname === '/console/login.html' && !!document.querySelector('#name')")
    fill_log_in(browser, "jiaojing", made)
    browser.wait("the console", LIVE)
    check(browser.run("return document.getElementById('tab-incidents').offsetParent === null"), "police see refused acts")
    browser.click("#log-out")
    browser.wait("the log-in", "return location.pathname === '/console/login.html' && !!document.querySelector('#name')")
    fill_log_in(browser, "li", bureau.password)
    browser.wait("the console", LIVE)


def real_bureau_serves_the_console(browser, bureau):
    browser.console()  # forget what earlier tests provoked
    browser.open(f"{bureau.url}/")
    browser.wait("the live connection", LIVE)
    browser.wait("the routes", "return document.querySelectorAll('#map .stop-name').length > 0")
    check_contains(browser.run("return document.getElementById('sum-online').innerText"), "0 / ")
    errors = [message for level, message in browser.console() if level == "SEVERE"]
    check(not errors, f"console errors: {errors}")


def real_bureau_streams_an_alert_to_its_end(browser, bureau):
    browser.open(f"{bureau.url}/#alerts")
    browser.wait("the live connection", LIVE)
    bureau.put_alert("bus-a", 1, "RAISED")
    browser.wait("the row", f"return document.querySelector('{FIRST_ROW}')?.innerText.includes('浙J·12345')")
    check_contains(browser.text(FIRST_ROW), "超员", "进行中", "核定 18")
    bureau.put_alert("bus-a", 1, "CLEARED")
    browser.wait("the end", f"return document.querySelector('{FIRST_ROW}').innerText.includes('已解除')")
    check(browser.run(ROWS) == 1, "a phase made a row of its own")


def real_bureau_shows_every_kind(browser, bureau):
    browser.open(f"{bureau.url}/#alerts")
    browser.wait("the live connection", LIVE)
    for number, kind in enumerate(EVERY_KIND, 101):
        bureau.put_alert("bus-a", number, "RAISED", kind)
    browser.wait("all of them", f"{ROWS} > {len(EVERY_KIND)}")
    for kind, (name, *_) in EVERY_KIND.items():
        shown, row, card = chosen_by_kind(browser, kind)
        check(shown == name, f"{kind} is called {shown}")
        check_says_nothing_raw(kind, row, card)


def real_bureau_answers_a_plate(browser, bureau):
    browser.open(f"{bureau.url}/#plates")
    browser.wait("the form", "return document.getElementById('plate-form').offsetParent !== null")
    for plate, parts in (("浙Ｊ·23456", ["许可已暂停或吊销"]), ("浙J99999", ["未登记车辆"]), ("浙J1", ["格式不正确"]),
                         ("浙J56789", ["无校车使用许可", "第四十五条"]),
                         ("浙J4567学", ["逾期未检验或已报废", "浙台校字0005", "第二十条"])):  # scrapped, with a permit
        browser.type("#plate-input", plate)
        browser.click("#plate-form button")
        browser.wait(f"the verdict on {plate}", f"return document.getElementById('plate-result').innerText.includes({parts[0]!r})")
        check_contains(browser.text("#plate-result"), *parts)


def real_bureau_s_open_alerts_are_all_reached(browser, bureau):
    def shown():
        browser.open(f"{bureau.url}/console/favicon.svg")
        browser.open(f"{bureau.url}/#alerts")
        browser.wait("the live connection", LIVE)
        browser.run("document.querySelector('[data-filter=open]').click()")
        return "return document.querySelectorAll('#alert-rows li:not([hidden])').length"

    browser.open(f"{bureau.url}/console/favicon.svg")  # nobody who hears of each
    before = browser.run("return fetch('/v1/alerts?limit=500').then((r) => r.json()).then(({ alerts }) => alerts.length)")
    check(before > 0, "nothing is open")
    bureau.put_alerts("bus-b", 1001, 1600)
    browser.wait("more than a page", f"{shown()} === {before + 600}")
    check(browser.text("#alert-limits") == "", browser.text("#alert-limits"))
    browser.run("document.querySelector('[data-filter=all]').click()")
    browser.wait("history", "return !document.getElementById('alert-more').hidden")
    browser.run("document.getElementById('alert-more').click()")
    browser.wait("what is older than the open ones, at once", "return document.getElementById('alert-more').hidden")
    browser.open(f"{bureau.url}/console/favicon.svg")
    bureau.put_alerts("bus-e", 1001, 5500)
    browser.wait("the newest", f"{shown()} === 5000")
    check_contains(browser.text("#alert-limits"), "超过 5000 条", "最新 5000 条")
    check(browser.text("#sum-open") == "5000+", browser.text("#sum-open"))


def real_bureau_counts_a_term(browser, bureau):
    browser.open(f"{bureau.url}/")
    browser.wait("the live connection", LIVE)
    ask_report(browser, "2026-02-23", "2026-07-10")
    browser.wait("the report", "return document.querySelectorAll('.term-table').length > 0")
    check_contains(browser.text("#term-result"), "登记 4 辆", "石梁镇", "未注明乡镇", "合计", "0")


REAL_TESTS = [
    real_bureau_asks_for_a_log_in_and_leads_back,
    real_bureau_makes_an_account_and_a_token,
    *GATE_TESTS,
    *SIGHTING_TESTS,
    real_bureau_serves_the_console,
    real_bureau_streams_an_alert_to_its_end,
    real_bureau_shows_every_kind,
    real_bureau_answers_a_plate,
    real_bureau_counts_a_term,
    real_bureau_s_open_alerts_are_all_reached,
]

TESTS = [
    page_loads_without_errors,
    routes_stops_and_buses_are_drawn,
    alert_arrives_without_reload,
    alert_is_updated_in_place,
    hostile_names_stay_text,
    refused_acts_are_shown_in_words_and_hostile_topics_stay_text,
    a_term_is_counted_and_its_workbook_can_be_taken_away,
    notifications_are_listed_and_sent_again,
    a_certificate_that_ends_is_marked,
    evidence_shows_the_law_and_escape_returns,
    off_route_is_measured_on_the_map,
    filters_show_only_what_matches,
    tabs_work_by_keyboard,
    language_switches_and_is_remembered,
    plate_look_up_gives_a_verdict,
    phone_shows_everything_without_sideways_scrolling,
    lost_vehicle_link_is_shown,
    broken_stream_is_resumed_without_loss,
    old_alert_that_ended_during_an_outage_is_shown_as_ended,
    history_ends_where_the_page_says,
    lost_server_is_shown_and_found_again,
    gcj02_agrees_with_the_bureau,
    trips_show_who_boarded_where_in_counts,
    earlier_trips_are_loaded_on_demand,
    every_kind_is_shown_with_its_evidence_and_its_law,
    an_alert_that_the_store_cannot_read_says_so_and_accuses_of_nothing,
    no_kind_shows_names_or_values_of_the_program,
    a_pupil_left_inside_stands_above_newer_alerts_until_it_ends,
    words_of_a_newer_server_read_as_unknown,
    hours_are_compared_with_the_nearer_end_of_the_window,
    both_languages_have_the_same_words,
]


def screenshots(browser, mock, folder):
    folder.mkdir(parents=True, exist_ok=True)
    open_page(browser, mock)
    browser.screenshot(folder / "desktop.png")
    browser.run("document.querySelector('#alert-rows li:nth-child(2) button').click()")
    time.sleep(0.5)  # the map settles
    browser.screenshot(folder / "desktop-evidence.png")
    browser.viewport(1440, 1200)
    open_trips(browser, mock)
    browser.wait("the trips", "return document.querySelectorAll('.trip-row').length === 20")
    browser.run("document.querySelector('.trip-row').click()")
    browser.wait("its stops", "return document.querySelectorAll('.trip-whole ol li').length === 5")
    browser.run("document.querySelector('.trips').scrollIntoView()")
    browser.screenshot(folder / "trips.png")
    browser.viewport(390, 844, phone=True)
    open_page(browser, mock)
    browser.screenshot(folder / "phone.png")
    browser.viewport(1440, 1200)
    every_kind(browser, mock)
    browser.run("document.querySelector('#alert-rows li:first-child button').click()")
    time.sleep(0.5)
    browser.screenshot(folder / "every-kind.png")
    browser.click("#language")
    time.sleep(0.5)
    browser.screenshot(folder / "every-kind-en.png")
    browser.click("#language")
    browser.viewport(1440, 900)


def run_tests(tests, browser, server):
    failed = 0
    for test in tests:
        try:
            test(browser, server)
            print(f"ok console_{test.__name__}", flush=True)
        except (AssertionError, RuntimeError) as error:
            failed += 1
            print(f"not ok console_{test.__name__}: {' '.join(str(error).split())}", flush=True)
    return failed


def main():
    bin_dir, shots = sys.argv[1], sys.argv[2:]
    with Browser() as browser:
        browser.viewport(1440, 900)
        if shots:
            with contextlib.closing(Mock()) as mock:
                screenshots(browser, mock, pathlib.Path(shots[0]))
        with contextlib.closing(Mock()) as mock:
            failed = run_tests(TESTS, browser, mock)
        with Bureau(bin_dir) as bureau:
            failed += run_tests(REAL_TESTS, browser, bureau)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
