"""The page of cases in a real browser, against the real bureau. Prints "ok NAME" or "not ok NAME: reason" a test.

    cases_test.py BIN_DIR [SCREENSHOT_DIR]
"""

import pathlib
import sys

from bureau import Bureau
from webdriver import Browser, call

ROWS = "return document.querySelectorAll('#case-rows li').length"
NOTE = '<img src=x onerror="window.pwned=1">'
STEP = """return fetch('/v1/cases/' + arguments[0]).then((r) => r.json())
  .then(({ last_step }) => fetch('/v1/cases/' + arguments[0] + '/steps', { method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
    body: JSON.stringify({ ...arguments[1], seen_step: last_step }) })).then((r) => r.status)"""


def check(condition, reason):
    if not condition:
        raise AssertionError(reason)


def steps(browser):
    return browser.run("return document.querySelectorAll('.steps li').length")


def act(browser, action, text=""):
    browser.run("""const form = document.querySelector('.deed');
        form.elements.action.value = arguments[0];
        form.elements.action.dispatchEvent(new Event('change'));
        form.elements.text.value = arguments[1];""", action, text)
    browser.click(".deed button[type=submit]")


def open_page(browser, bureau):
    browser.open(f"{bureau.url}/console/favicon.svg")
    status = browser.run("""return fetch('/v1/session', { method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
        body: JSON.stringify({ name: 'li', password: arguments[0] }) }).then((r) => r.status)""", bureau.password)
    check(status == 200, f"no log-in: {status}")
    browser.open(f"{bureau.url}/console/cases.html")
    browser.wait("page", "return document.documentElement.dataset.ready !== undefined")


def an_alert_s_case_is_listed(browser, bureau):
    open_page(browser, bureau)
    check(browser.wait("an empty list", "return document.getElementById('case-empty').textContent !== ''"), "empty")
    bureau.put_alert("bus-a", 1, "RAISED")
    browser.wait("the case", f"{ROWS} === 1")
    check("超员" in browser.text("#case-rows li"), browser.text("#case-rows li"))


def a_case_shows_what_happened(browser, _):
    browser.click("#case-rows li:first-child button")
    browser.wait("the case page", "return document.querySelector('.case h2') !== null")
    check("案件 #1" in browser.text(".case h2"), browser.text(".case h2"))
    check(steps(browser) == 1, "one step")
    check("未通过" in browser.text(".verified"), "the test's alert has no record, and that shows")


def a_step_is_taken(browser, _):
    act(browser, "acknowledge")
    browser.wait("the state", "return document.querySelector('.case .state-acknowledged') !== null")
    browser.wait("the list", "return document.querySelector('#case-rows .state-acknowledged') !== null")
    check(steps(browser) == 2, "two steps")


def a_reason_is_asked_for(browser, _):
    act(browser, "dismiss")
    browser.wait("the refusal", "return document.querySelector('.case-error') !== null")
    check(browser.text(".case-error") == "请填写说明。", browser.text(".case-error"))


def what_somebody_else_does_is_seen(browser, _):
    check(browser.run(STEP, 1, {"action": "note", "text": NOTE}) == 201, "a step by another window")
    browser.wait("it", "return document.querySelectorAll('.steps li').length === 3")
    check(NOTE in browser.text(".steps"), "as text")
    check(not browser.run("return window.pwned === 1"), "and never as markup")


def assigns_with_a_deadline(browser, _):
    act(browser, "assign", "come to the bureau")
    browser.wait("the state", "return document.querySelector('.case .state-assigned') !== null")
    check("中心小学" in browser.text(".steps li:last-child"), browser.text(".steps li:last-child"))


def speaks_english(browser, _):
    browser.click("#language")
    check("Case #1" in browser.text(".case h2"), browser.text(".case h2"))
    check("Assigned" in browser.text(".case-state"), browser.text(".case-state"))
    missing = browser.run("return [...document.body.innerText.matchAll(/\\b(case|cases|kind|filter)\\.[a-z_.:]+/gi)].map((m) => m[0])")
    check(missing == [], f"without words: {missing}")
    browser.click("#language")


def filters(browser, bureau):
    bureau.put_alert("bus-b", 1, "RAISED", "UNLICENSED")
    browser.wait("a second case", f"{ROWS} === 2")
    browser.run("""const form = document.getElementById('case-filters'); form.elements.kind.value = 'UNLICENSED';
        form.elements.kind.dispatchEvent(new Event('change', { bubbles: true }))""")
    browser.wait("one of them", f"{ROWS} === 1")
    browser.run("""const form = document.getElementById('case-filters'); form.elements.kind.value = '';
        form.elements.state.value = 'closed'; form.elements.state.dispatchEvent(new Event('change', { bubbles: true }))""")
    browser.wait("none", f"{ROWS} === 0")


def paper_has_the_case_alone(browser, _):
    call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "print"}})
    hidden = browser.run("return ['.panel', '.topbar', '.deed'].every((s) => getComputedStyle(document.querySelector(s)).display === 'none')")
    shown = browser.run("return getComputedStyle(document.querySelector('.print-foot')).display !== 'none'")
    call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": ""}})
    check(hidden and shown, "what is printed")


def no_complaints(browser, _):
    severe = [message for level, message in browser.console() if level == "SEVERE" and "400" not in message and "favicon.ico" not in message]
    check(severe == [], f"{severe}")


TESTS = [an_alert_s_case_is_listed, a_case_shows_what_happened, a_step_is_taken, a_reason_is_asked_for,
         what_somebody_else_does_is_seen, assigns_with_a_deadline, speaks_english, filters, paper_has_the_case_alone,
         no_complaints]


def main():
    failed = 0
    with Browser() as browser, Bureau(sys.argv[1]) as bureau:
        browser.viewport(1440, 900)
        bureau.log_in(browser)
        for test in TESTS:
            try:
                test(browser, bureau)
                print(f"ok cases_{test.__name__}", flush=True)
            except (AssertionError, RuntimeError) as error:
                failed += 1
                print(f"not ok cases_{test.__name__}: {' '.join(str(error).split())}", flush=True)
        if sys.argv[2:]:
            browser.open(f"{bureau.url}/console/cases.html#1")
            browser.wait("the page", "return document.querySelector('.case h2') !== null")
            browser.screenshot(pathlib.Path(sys.argv[2]) / "cases.png")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
