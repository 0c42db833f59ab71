"""The list of sightings, on the real bureau: what fails or comes late is never shown as something else, and whoever may not
do a thing is not offered it."""

import json
import sqlite3
import urllib.request

ROWS = "document.querySelectorAll('#sighting-rows li').length"
OPEN = "document.querySelector('#sighting-rows [aria-expanded=true]')"
ROW = "[...document.querySelectorAll('#sighting-rows .row-button')].find((row) => row.innerText.includes(arguments[0]))"
# Requests with arguments[0] in their path fail, or wait until held() is called, which returns when the page has the answer.
FAIL, HOLD = "Promise.resolve(new Response('{}', { status: 503 }))", """new Promise((resolve) => {
      window.held = () => {
        const answer = real(path, { ...options, signal: undefined });
        const isRead = answer.then((response) => response.clone().text());
        resolve(answer);
        return isRead.then(() => new Promise((settled) => { setTimeout(settled, 200); }));
      };
    })"""
INTERCEPT = """const [part] = arguments;
    const real = window.fetch;
    window.fetch = (path, options) => (path.includes(part) ? %s : real(path, options));"""
# What somebody at a gate does: a report with a photo.
REPORT = """const headers = { 'X-Buswarden': '1' };
    const drawn = new OffscreenCanvas(300, 150);
    drawn.getContext('2d').fillRect(10, 10, 50, 50);
    return fetch('/v1/sightings', { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify({ key: 'with-a-photo', plate: arguments[0], gate: 's-shiliang', heads: 7 }) })
      .then((response) => response.json())
      .then(({ id }) => drawn.convertToBlob({ type: 'image/jpeg' })
        .then((body) => fetch(`/v1/sightings/${id}/photo`, { method: 'POST', headers: { ...headers, 'Content-Type': 'image/jpeg' }, body })))
      .then((response) => response.status);"""
SHOWN = """return [...document.querySelectorAll('#pane-sightings button, #pane-sightings select')]
    .filter((control) => control.offsetParent !== null).map((control) => control.id || control.innerText)"""


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def report(bureau, plate, times=2):
    for number in range(times):
        body = {"key": f"{plate[1:]}-key-{number}", "plate": plate, "gate": "s-yucai", "heads": 9}
        request = urllib.request.Request(f"{bureau.url}/v1/sightings", json.dumps(body).encode(),
                                         {"Content-Type": "application/json", **bureau.headers})
        urllib.request.urlopen(request, timeout=60).close()


def open_list(browser, bureau):
    browser.open(f"{bureau.url}/console/favicon.svg")  # a new document, whatever was shown
    browser.open(f"{bureau.url}/#sightings")
    browser.wait("who it is", "return !!document.body.dataset.role")


def open_plates(browser, bureau, *plates):
    open_list(browser, bureau)
    for plate in plates:
        browser.wait(f"the row of {plate}", f"return !!{ROW}", plate)


def choose_by(browser, by):
    browser.run("const s = document.getElementById('sighting-by'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", by)


def what_cannot_be_read_is_not_shown_as_something_else(browser, bureau):
    report(bureau, "浙C10001")
    open_plates(browser, bureau, "C·10001")
    browser.run(INTERCEPT % FAIL, "by=hour")
    choose_by(browser, "hour")
    browser.wait("the failure", "return document.getElementById('sighting-empty').innerText.includes('无法读取')")
    check(browser.run(f"return {ROWS}") == 0, f"rows of plates by hour: {browser.text('#sighting-rows')}")
    choose_by(browser, "plate")
    browser.wait("the plates again", f"return !!{ROW}", "C·10001")
    check(browser.text("#sighting-empty") == "", "it still says that it failed")


def what_waits_is_not_drawn_as_another_kind(browser, bureau):
    open_plates(browser, bureau, "C·10001")
    browser.run(INTERCEPT % HOLD, "by=hour")
    choose_by(browser, "hour")
    browser.click("#language")
    check(browser.run(f"return {ROWS}") == 0, f"rows of plates by hour: {browser.text('#sighting-rows')}")
    browser.click("#language")
    browser.run("return window.held()")
    browser.wait("the hours", f"return {ROWS} > 0 && document.getElementById('sighting-rows').innerText.includes(':00')")


def reports_that_come_late_are_no_other_plates(browser, bureau):
    report(bureau, "浙C10002")
    open_plates(browser, bureau, "C·10001", "C·10002")
    browser.run(INTERCEPT % HOLD, "plate=%E6%B5%99C10001")
    browser.run(f"{ROW}.click()", "C·10001")
    browser.run(f"{ROW}.click()", "C·10002")
    browser.wait("its reports", "return document.querySelectorAll('.sighting-reports .sighting b').length === 2")
    browser.run("return window.held()")
    plates = browser.run("return [...document.querySelectorAll('.sighting-reports .sighting b')].map((b) => b.innerText)")
    check(plates == ["浙C·10002"] * 2, f"under 浙C·10002: {plates}")
    check("C·10002" in browser.run(f"return {OPEN}.innerText"), "another row is open")


def reports_that_cannot_be_read_say_so(browser, bureau):
    open_plates(browser, bureau, "C·10001")
    browser.run(INTERCEPT % FAIL, "plate=")
    browser.run(f"{ROW}.click()", "C·10001")
    browser.wait("the failure", "return document.querySelector('.sighting-reports')?.innerText.includes('无法读取')")


def a_plate_that_may_have_been_meant_is_looked_up(browser, bureau):
    report(bureau, "浙J1234S")
    open_plates(browser, bureau, "J·1234S")
    browser.run("document.querySelector('#sighting-rows .near-misses button').click()")
    browser.wait("the look-up", "return document.getElementById('tab-plates').classList.contains('active') &&"
                 " document.querySelector('#plate-result .plate')?.innerText === '浙J·12345'")


def nobody_is_offered_what_the_role_may_not_do(browser, bureau):
    people = {"school": ("--school", "s-shiliang"), "police": ()}
    passwords = {role: bureau.add_user(f"{role}-1", role, *rest) for role, rest in people.items()}
    may = {"school": [], "police": ["sighting-by", "sighting-days", "查看照片（记录在案）"],
           "admin": ["sighting-by", "sighting-days", "查看照片（记录在案）", "移交交警"]}
    try:
        for role, expected in may.items():
            bureau.enter(browser, *((f"{role}-1", passwords[role]) if role in people else ()))
            if role == "school":
                check(browser.run(REPORT, "浙C10003") == 201, "the photo was not taken")
            open_list(browser, bureau)
            if role != "school":
                choose_by(browser, "newest")
            browser.wait("the report", "return document.querySelector('#sighting-rows .sighting b')?.innerText === '浙C·10003'")
            shown = browser.run(SHOWN)
            check(set(shown) == set(expected), f"{role} is shown {shown}")
    finally:
        bureau.enter(browser)


def a_photo_that_is_gone_says_so(browser, bureau):
    open_list(browser, bureau)
    choose_by(browser, "newest")
    photo = "document.querySelector('#sighting-rows .sighting .for-readers')"
    browser.wait("a photo", f"return !!{photo}")
    with sqlite3.connect(f"{bureau.dir.name}/store.db", timeout=60) as store:  # as when its time is over
        store.execute("DELETE FROM sighting_photo")
    store.close()
    browser.run(f"{photo}.click()")
    browser.wait("the reason", "return document.querySelector('#sighting-rows .failed')?.innerText.includes('照片已不在')")


SIGHTING_TESTS = [
    what_cannot_be_read_is_not_shown_as_something_else,
    what_waits_is_not_drawn_as_another_kind,
    reports_that_come_late_are_no_other_plates,
    reports_that_cannot_be_read_say_so,
    a_plate_that_may_have_been_meant_is_looked_up,
    nobody_is_offered_what_the_role_may_not_do,
    a_photo_that_is_gone_says_so,
]
