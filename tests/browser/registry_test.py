"""The registry's page in a real browser, against the real bureau. Prints "ok NAME" or "not ok NAME: reason" a test.

    registry_test.py BIN_DIR [SCREENSHOT_DIR]
"""

import json
import pathlib
import sys
import tempfile
from datetime import datetime, timedelta, timezone

from bureau import Bureau
from webdriver import Browser

ROWS = "return document.querySelectorAll('#rows li').length"
LINES = ("[...document.querySelectorAll('#line-map [data-line]')].filter((line) => line.getBoundingClientRect().top >="
         " document.querySelector('.line-map').getBoundingClientRect().bottom).map((line) => line.dataset.line).join(' ')")
ROUTE = {"type": "Feature", "frame": "GCJ02", "properties": {},
         "geometry": {"type": "LineString", "coordinates": [[121.03, 29.14], [121.032, 29.142], [121.035, 29.1436]]}}


def check(condition, reason):
    if not condition:
        raise AssertionError(reason)


def show(browser, table, rows):
    browser.click(f"#tables button[data-table={table}]")
    browser.wait(f"{rows} rows of {table}", f"{ROWS} === {rows}")


def choose(browser, row):
    browser.click(f"#rows li[data-id='{row}'] button")
    browser.wait("the form", "return document.getElementById('form') !== null"
                 f" && document.querySelector('#form h2').textContent === '{row}'")


def fill(browser, field, value):
    browser.run("const input = document.getElementById('field-' + arguments[0]); input.value = arguments[1];", field, value)


def save(browser):
    browser.click("#save")


def saved(browser):
    save(browser)
    browser.wait("saved", "return document.querySelector('.saved') !== null")


def what_ends_soon_comes_first(browser, bureau):
    bureau.enter(browser)
    browser.open(f"{bureau.url}/console/registry.html")
    browser.wait("the list", "return document.getElementById('note').textContent !== ''")
    check("没有内容" in browser.text("#note"), browser.text("#note"))


def a_row_is_changed_and_its_history_shown(browser, _):
    show(browser, "vehicles", 5)
    choose(browser, "bus-a")
    fill(browser, "approved_capacity", "16")
    saved(browser)
    browser.wait("the history", "return document.querySelector('#history li') !== null")
    check("approved_capacity: 18 → 16" in browser.text("#history"), browser.text("#history"))
    time = browser.run("return fetch('/v1/registry/changes?limit=1').then((r) => r.json()).then((b) => b.changes[0].time)")
    there = datetime.fromisoformat(time).astimezone(timezone(timedelta(hours=8)))
    check(f"{there:%Y-%m-%d %H:%M:%S} · li" in browser.text("#history"), f"{time} is shown as {browser.text('#history')}")


def a_fault_is_shown_in_the_words_of_an_import(browser, _):
    fill(browser, "school_id", "s-none")
    save(browser)
    browser.wait("the fault", "return document.querySelector('.faults') !== null")
    check('"s-none" is not in schools' in browser.text(".faults"), browser.text(".faults"))


def who_was_overtaken_is_told(browser, _):
    choose(browser, "bus-a")
    browser.run("""return fetch('/v1/registry/vehicles/bus-a').then((r) => r.json()).then(({ tag, row }) =>
        fetch('/v1/registry/vehicles/bus-a', { method: 'PUT', body: JSON.stringify({ ...row, seats: 25 }),
          headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1', 'If-Match': tag } })).then((r) => r.status)""")
    fill(browser, "seats", "30")
    save(browser)
    browser.wait("the warning", "return document.querySelector('.faults') !== null")
    check("别人已改过" in browser.text(".faults"), browser.text(".faults"))
    seats = browser.run("return fetch('/v1/registry/vehicles/bus-a').then((r) => r.json()).then((b) => b.row.seats)")
    check(seats == 25, f"{seats} seats")


def a_line_is_uploaded(browser, _):
    show(browser, "routes", 2)
    choose(browser, "r-yucai")
    browser.wait("the line as it is", f"return {LINES} === 'now'")
    with tempfile.NamedTemporaryFile("w", suffix=".geojson") as file:
        json.dump(ROUTE, file)
        file.flush()
        browser.send_file("#geometry", file.name)
        browser.wait("the file", "return document.getElementById('picked').textContent.includes('GCJ02')")
        browser.wait("both lines", f"return {LINES} === 'before next'")
        if sys.argv[2:]:
            browser.screenshot(pathlib.Path(sys.argv[2]) / "registry-line.png")
        saved(browser)
        browser.wait("the new line alone", f"return {LINES} === 'now'")
    line = browser.run("return fetch('/v1/registry/routes/r-yucai').then((r) => r.json()).then((b) => b.row)")
    check(line["frame"] == "WGS84" and len(line["geometry"]["coordinates"][0]) == 3, f"{line}")


def a_line_of_the_chinese_frame_is_drawn_where_it_is(browser, _):
    off_m = browser.run("""return import('/console/gcj02.js').then((m) => Math.max(...[[29.14, 121.03], [18.2, 109.5], [45.8, 126.5],
        [39.9, 75.9]].map(([lat, lon]) => {
          const back = m.wgs84FromGcj02(m.gcj02FromWgs84([lat, lon]));
          return Math.hypot(back[0] - lat, back[1] - lon) * 111000;
        })))""")
    check(off_m < 0.01, f"{off_m} m off")


def an_order_is_made(browser, _):
    show(browser, "orders", 3)
    browser.click("#add")
    browser.wait("the form", "return document.getElementById('field-order_id') !== null")
    for field, value in (("order_id", "o-new"), ("kind", "EXEMPTION"), ("reason", "塌方"), ("from", "2026-11-28T06:00"),
                         ("until", "2099-11-29T06:00"), ("routes", "r-yucai")):
        fill(browser, field, value)
    saved(browser)
    browser.wait("the new row", f"{ROWS} === 4")


def an_order_is_removed(browser, _):
    browser.run("window.confirm = () => true;")
    choose(browser, "o-new")
    browser.click("#remove")
    browser.wait("gone", f"{ROWS} === 3")


def speaks_english(browser, _):
    browser.click("#language")
    check("Ends soon" in browser.text("#tables"), browser.text("#tables"))
    missing = browser.run("return document.body.textContent.match(/registry\\.[a-z.]+/g)")
    check(missing is None, f"{missing}")
    browser.click("#language")


def others_read_and_change_nothing(browser, bureau):
    """Nor are they offered to: no button, no field that takes text, and no question that is refused."""
    for name, role, *school in (("jiaojing", "police"), ("shiliang", "school", "--school", "s-shiliang")):
        bureau.enter(browser, name, bureau.add_user(name, role, *school))
        browser.console()  # forget what was before
        browser.open(f"{bureau.url}/console/registry.html")
        browser.wait("who it is", "return document.body.dataset.role === arguments[0]", role)
        show(browser, "vehicles", 2 if school else 5)
        choose(browser, "bus-a")
        offered = browser.run("""return [...document.querySelectorAll('.columns button, .columns input:enabled, .columns select:enabled')]
            .filter((control) => control.offsetParent !== null && !control.classList.contains('row-button'))
            .map((control) => control.id || control.textContent)""")
        check(offered == ["search"], f"{role} is offered {offered}")
        check(name in browser.text("#who"), f"who: {browser.text('#who')}")
        refused = [message for _, message in browser.console() if "403" in message]
        check(not refused, f"{refused}")
    bureau.enter(browser)
    browser.open(f"{bureau.url}/console/registry.html")
    show(browser, "vehicles", 5)
    browser.wait("the staff's button", "return getComputedStyle(document.getElementById('add')).display !== 'none'")


TESTS = [what_ends_soon_comes_first, a_row_is_changed_and_its_history_shown, a_fault_is_shown_in_the_words_of_an_import,
         who_was_overtaken_is_told, a_line_is_uploaded, a_line_of_the_chinese_frame_is_drawn_where_it_is, an_order_is_made, an_order_is_removed, speaks_english,
         others_read_and_change_nothing]


def main():
    failed = 0
    with Browser() as browser, Bureau(sys.argv[1]) as bureau:
        browser.viewport(1280, 900)
        browser.time_zone("America/New_York")  # times are the county's, wherever the browser is
        for test in TESTS:
            try:
                test(browser, bureau)
                print(f"ok registry_{test.__name__}", flush=True)
            except (AssertionError, RuntimeError) as error:
                failed += 1
                print(f"not ok registry_{test.__name__}: {' '.join(str(error).split())}", flush=True)
        if sys.argv[2:]:
            show(browser, "permits", 5)
            choose(browser, "浙台校字0001")
            browser.screenshot(pathlib.Path(sys.argv[2]) / "registry.png")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
