"""The console in a real browser: most of it against the mock bureau, then the real one. Prints "ok NAME" or
"not ok NAME: reason" a test.

    console_test.py BIN_DIR [SCREENSHOT_DIR]
"""

import contextlib
import pathlib
import subprocess
import sys
import time

from bureau import Bureau
from webdriver import Browser, call

MOCK = pathlib.Path(__file__).with_name("mock.py")
XSS_PLATE = '<img src="x" onerror="window.pwned=1">'
XSS_SCHOOL = "<script>window.pwned=1</script>"
ESCAPE, ARROW_RIGHT = "\ue00c", "\ue014"
LIVE = "return document.getElementById('live').dataset.state === 'live'"
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


def gcj02_agrees_with_the_bureau(browser, mock):
    open_page(browser, mock)
    place = browser.run("return import('/console/gcj02.js').then((m) => m.gcj02FromWgs84([29.14, 121.03]))")
    expected = [29.137316177, 121.034318761]  # as tests/unit/gcj02.c has it
    check(all(abs(a - b) < 1e-8 for a, b in zip(place, expected)), f"{place} is not {expected}")


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


def real_bureau_answers_a_plate(browser, bureau):
    browser.open(f"{bureau.url}/#plates")
    browser.wait("the form", "return document.getElementById('plate-form').offsetParent !== null")
    for plate, parts in (("浙Ｊ·23456", ["许可已暂停或吊销"]), ("浙J99999", ["未登记车辆"]), ("浙J1", ["格式不正确"])):
        browser.type("#plate-input", plate)
        browser.click("#plate-form button")
        browser.wait(f"the verdict on {plate}", f"return document.getElementById('plate-result').innerText.includes({parts[0]!r})")


REAL_TESTS = [
    real_bureau_serves_the_console,
    real_bureau_streams_an_alert_to_its_end,
    real_bureau_answers_a_plate,
]

TESTS = [
    page_loads_without_errors,
    routes_stops_and_buses_are_drawn,
    alert_arrives_without_reload,
    alert_is_updated_in_place,
    hostile_names_stay_text,
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
    lost_server_is_shown_and_found_again,
    gcj02_agrees_with_the_bureau,
]


def screenshots(browser, mock, folder):
    folder.mkdir(parents=True, exist_ok=True)
    open_page(browser, mock)
    browser.screenshot(folder / "desktop.png")
    browser.run("document.querySelector('#alert-rows li:nth-child(2) button').click()")
    time.sleep(0.5)  # the map settles
    browser.screenshot(folder / "desktop-evidence.png")
    browser.viewport(390, 844, phone=True)
    open_page(browser, mock)
    browser.screenshot(folder / "phone.png")
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
        with contextlib.closing(Mock()) as mock:
            if shots:
                screenshots(browser, mock, pathlib.Path(shots[0]))
            failed = run_tests(TESTS, browser, mock)
        with Bureau(bin_dir) as bureau:
            failed += run_tests(REAL_TESTS, browser, bureau)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
