"""The page of cases in a real browser, against the real bureau. Prints "ok NAME" or "not ok NAME: reason" a test.

    cases_test.py BIN_DIR [SCREENSHOT_DIR]
"""

import json
import pathlib
import subprocess
import sys
import urllib.request

from bureau import Bureau
from webdriver import Browser, call

ROWS = "return document.querySelectorAll('#case-rows li').length"
NOTE = '<img src=x onerror="window.pwned=1">'
STEP = """return fetch('/v1/cases/' + arguments[0]).then((r) => r.json())
  .then(({ last_step }) => fetch('/v1/cases/' + arguments[0] + '/steps', { method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
    body: JSON.stringify({ ...arguments[1], seen_step: last_step }) })).then((r) => r.status)"""
# Answers to changes are held back until window.release() is called; window.asked counts the questions.
HOLD = """window.realFetch ??= window.fetch;
    window.asked = 0;
    const released = new Promise((resolve) => { window.release = resolve; });
    window.fetch = async (path, options = {}) => {
      if (options.method !== 'POST') return window.realFetch(path, options);
      window.asked += 1;
      const answer = await window.realFetch(path, { ...options, signal: undefined });
      await released;
      return answer;
    };"""
# The list cannot be read.
FAIL = """window.realFetch ??= window.fetch;
    window.fetch = async (path, options) =>
      path.startsWith('/v1/cases?') ? new Response('', { status: 503 }) : window.realFetch(path, options);"""
DEAF = """window.realFetch ??= window.fetch;
    window.fetch = async (path, options) => {
      if (path === '/v1/session') throw new TypeError('no network');
      return window.realFetch(path, options);
    };"""
HEAL = "window.fetch = window.realFetch"
# Before the page's own scripts: neither the list nor the registry is ever answered.
SILENCE = """const real = window.fetch;
    window.fetch = (path, options) => /cases\\?|registry/.test(path) ? new Promise(() => {}) : real(path, options);"""
HURRY = "const real = window.setInterval; window.setInterval = (f, ms) => real(f, Math.min(ms, 100));"
END_SESSION = """return window.fetch('/v1/session', { method: 'DELETE', headers: { 'X-Buswarden': '1' } }).then((r) => r.status)"""
AT_LOG_IN = "return location.pathname === '/console/login.html' && document.readyState === 'complete'"
SOON = "return new Promise((resolve) => setTimeout(resolve, 500))"
NOTICE = "暂时读不到"


def check(condition, reason):
    if not condition:
        raise AssertionError(reason)


def put_missing(bureau, vehicle, kind, from_utc_ms):
    """What re-judging tells of an alert that the vehicle did not raise."""
    subprocess.run([bureau.bin / "api_rows", "missing", f"{bureau.dir.name}/store.db", vehicle, kind, str(from_utc_ms)], check=True)


def report(bureau, plate, place):
    """A sighting."""
    body = json.dumps({"key": f"key-of-{plate[1:]}", "plate": plate, "place": place}).encode()
    headers = {**bureau.headers, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{bureau.url}/v1/sightings", body, headers), timeout=30).close()


def add_user(bureau, name, role):
    """The password."""
    command = [bureau.bin / "buswarden-bureau", "user", "add", name, "--role", role, "--random",
               "--config", f"{bureau.dir.name}/bureau.ini"]
    return subprocess.check_output(command, text=True).strip()


def fill_log_in(browser, name, password):
    browser.type("#name", name)
    browser.type("#password", password)
    browser.click("#login-form button")


def steps(browser):
    return browser.run("return document.querySelectorAll('.steps li').length")


def act(browser, action, text=""):
    browser.run("""const form = document.querySelector('.deed');
        form.elements.action.value = arguments[0];
        form.elements.action.dispatchEvent(new Event('change', { bubbles: true }));
        form.elements.text.value = arguments[1];""", action, text)
    browser.click(".deed button[type=submit]")


def choose(browser, action):
    browser.run("""const { action } = document.querySelector('.deed').elements;
        action.value = arguments[0];
        action.dispatchEvent(new Event('change', { bubbles: true }));""", action)


def form(browser):
    """[action, school_id, text] as they stand there; null: nothing is chosen."""
    return browser.run("""const form = document.querySelector('.deed');
        const chosen = (select) => [...select.selectedOptions].find((option) => !option.disabled)?.value ?? null;
        return [chosen(form.elements.action), chosen(form.elements.school_id), form.elements.text.value]""")


def show(browser, number):
    browser.run("location.hash = '#' + arguments[0]", number)
    browser.wait(f"case {number}", "return document.querySelector('.case h2')?.innerText.includes(`#${arguments[0]} `)", number)


def before_scripts(browser, source):
    """Runs `source` in every page from now on, until forget() is called with what this returns."""
    return call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Page.addScriptToEvaluateOnNewDocument",
                                                                "params": {"source": f"{{ {source} }}"}})["value"]


def forget(browser, script):
    call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Page.removeScriptToEvaluateOnNewDocument", "params": script})


def filter_by(browser, name, value):
    browser.run("""const field = document.getElementById('case-filters').elements[arguments[0]];
        field.value = arguments[1];
        field.dispatchEvent(new Event('change', { bubbles: true }))""", name, value)


def open_page(browser, bureau, hash=""):
    browser.open(f"{bureau.url}/console/favicon.svg")
    status = browser.run("""return fetch('/v1/session', { method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
        body: JSON.stringify({ name: 'li', password: arguments[0] }) }).then((r) => r.status)""", bureau.password)
    check(status == 200, f"no log-in: {status}")
    browser.open(f"{bureau.url}/console/cases.html{hash}")
    browser.wait("page", "return document.documentElement.dataset.ready !== undefined")


def an_alert_s_case_is_listed(browser, bureau):
    open_page(browser, bureau)
    check(browser.wait("an empty list", "return document.getElementById('case-note').textContent !== ''"), "empty")
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
    check(form(browser)[0] == "dismiss", f"the form has fallen back to {form(browser)[0]}")


def what_somebody_else_does_is_seen(browser, _):
    check(browser.run(STEP, 1, {"action": "note", "text": NOTE}) == 201, "a step by another window")
    browser.wait("it", "return document.querySelectorAll('.steps li').length === 3")
    check(NOTE in browser.text(".steps"), "as text")
    check(not browser.run("return window.pwned === 1"), "and never as markup")


def what_is_typed_stays_when_somebody_else_acts(browser, _):
    choose(browser, "dismiss")
    browser.type(".deed textarea", "looked at the re")
    check(browser.run(STEP, 1, {"action": "note", "text": "again"}) == 201, "a step by another window")
    browser.wait("it", "return document.querySelectorAll('.steps li').length === 4")
    browser.keys("cord")
    check(form(browser)[0] == "dismiss" and form(browser)[2] == "looked at the record", f"{form(browser)}")


def a_case_can_go_to_any_school_of_the_registry(browser, _):
    for select in (".deed [name=school_id]", "#case-filters [name=school]"):
        browser.wait(f"both schools in {select}", """return ['s-shiliang', 's-yucai'].every((id) =>
            document.querySelector(`${arguments[0]} option[value="${id}"]`) !== null)""", select)
    check(form(browser)[1] == "s-shiliang", f"its own school is offered first, not {form(browser)[1]}")


def assigns_with_a_deadline(browser, _):
    act(browser, "assign", "come to the bureau")
    browser.wait("the state", "return document.querySelector('.case .state-assigned') !== null")
    check("中心小学" in browser.text(".steps li:last-child"), browser.text(".steps li:last-child"))


def speaks_english(browser, _):
    browser.click("#language")
    check("Case #1" in browser.text(".case h2"), browser.text(".case h2"))
    check("Assigned" in browser.text(".case-state"), browser.text(".case-state"))
    check(browser.text(".deed button") == "Submit", browser.text(".deed button"))
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


def an_answer_is_of_the_case_that_it_was_asked_for(browser, _):
    show(browser, 1)
    browser.run(HOLD)
    act(browser, "note", "of the first")
    show(browser, 2)
    browser.run("window.release()")
    browser.run(SOON)
    check("#2 " in browser.text(".case h2"), f"under #2 stands {browser.text('.case h2')}")
    show(browser, 1)
    check("of the first" in browser.text(".steps"), "the first has its step")
    check(form(browser)[2] == "", "what was taken is not typed any more")
    browser.run(HEAL)


def a_refusal_is_shown_with_its_case(browser, _):
    browser.run(HOLD)
    act(browser, "dismiss")
    show(browser, 2)
    browser.run("window.release()")
    browser.run(SOON)
    check(browser.text(".case-error") == "", f"under #2 stands {browser.text('.case-error')}")
    show(browser, 1)
    check(browser.text(".case-error") == "请填写说明。", f"and under #1 {browser.text('.case-error')}")
    browser.run(HEAL)


def a_double_click_is_one_step(browser, _):
    show(browser, 1)
    before = steps(browser)
    browser.run(HOLD)
    act(browser, "note", "once")
    browser.run("const form = document.querySelector('.deed'); form.querySelector('[type=submit]').click(); form.requestSubmit();")
    browser.run("window.release()")
    browser.wait("the step", f"return document.querySelectorAll('.steps li').length > {before}")
    browser.run(SOON)
    check(browser.run("return window.asked") == 1, f"{browser.run('return window.asked')} times")
    check(browser.text(".case-error") == "" and steps(browser) == before + 1, browser.text(".case-error"))
    check(not browser.run("return document.querySelector('.deed [type=submit]').disabled"), "the next one can be taken")
    browser.run(HEAL)


def a_case_without_a_school_wants_a_choice(browser, bureau):
    report(bureau, "浙B88888", "国道旁")
    filter_by(browser, "state", "going")
    filter_by(browser, "kind", "SIGHTING")
    browser.wait("the sighting's case", f"{ROWS} === 1 && document.querySelector('#case-rows').innerText.includes('88888')")
    show(browser, 3)
    act(browser, "assign")
    browser.wait("an answer", "return document.querySelector('.case-error, .case .state-assigned') !== null")
    check("请选择责任单位" in browser.text(".case-error"), f"{browser.text('.case-error')} {browser.text('.steps')}")
    browser.run("const { school_id } = document.querySelector('.deed').elements; school_id.options[0].selected = true;")
    browser.click(".deed button[type=submit]")
    browser.wait("the state", "return document.querySelector('.case .state-assigned') !== null")
    check("教育局自办" in browser.text(".steps li:last-child"), browser.text(".steps li:last-child"))


def re_judging_is_told_in_words_and_beijing_time(browser, bureau):
    put_missing(bureau, "bus-b", "OVERLOAD", 1789425000000)
    filter_by(browser, "kind", "TAMPER")
    browser.wait("its case", f"{ROWS} === 1")
    show(browser, 4)
    check("超员，2026-09-15 06:30:00" in browser.text(".steps"), browser.text(".steps"))
    act(browser, "note", "rejudged:missing kind=x from=y")
    browser.wait("a person's words as they are", "return document.querySelector('.steps').innerText.includes('kind=x from=y')")


def a_filter_that_cannot_be_asked_for_leaves_nothing_of_the_former(browser, _):
    filter_by(browser, "kind", "")
    browser.wait("all cases", f"{ROWS} === 4")
    browser.run(FAIL)
    filter_by(browser, "kind", "TAMPER")
    browser.run(SOON)
    check(browser.run(ROWS) == 0, f"{browser.run(ROWS)} rows of the former filter")
    check(NOTICE in browser.text("#case-note"), browser.text("#case-note"))
    browser.run(HEAL)
    browser.wait("it by itself", f"{ROWS} === 1 && document.getElementById('case-note').textContent === ''")


def a_list_that_may_be_old_says_so(browser, bureau):
    bureau.stop_server()
    try:
        browser.wait("the notice", "return document.getElementById('case-note').innerText.includes(arguments[0])", NOTICE)
        check(browser.run(ROWS) == 1, "what is known stays")
    finally:
        bureau.start_server()
    browser.wait("no notice", "return document.getElementById('case-note').innerText === ''")


def a_case_that_is_not_listed_knows_its_school(browser, bureau):
    script = before_scripts(browser, SILENCE)
    open_page(browser, bureau, "#1")
    forget(browser, script)
    browser.wait("the case", "return document.querySelector('.deed') !== null")
    check(form(browser)[1] == "s-shiliang", f"assigned without a word to {form(browser)[1]!r}")


def an_open_page_asks_all_the_time(browser, bureau):
    script = before_scripts(browser, HURRY)
    open_page(browser, bureau)
    forget(browser, script)
    browser.wait("its questions", "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/v1/session')).length > 3")
    browser.run(DEAF)  # the stream stays open, as on a network that died without a word
    browser.wait("the notice", "return document.getElementById('case-note').innerText.includes(arguments[0])", NOTICE)
    browser.run(HEAL)
    browser.wait("no notice", "return document.getElementById('case-note').innerText === ''")


def an_ended_session_leads_to_the_log_in(browser, bureau):
    open_page(browser, bureau)
    browser.wait("the list", f"{ROWS} > 0")
    check(browser.run(END_SESSION) == 204, "logged out")
    browser.wait("the log-in", AT_LOG_IN)


def the_log_in_gives_back_what_was_typed(browser, bureau):
    open_page(browser, bureau, "#1")
    browser.wait("the case", "return document.querySelector('.case h2') !== null")
    choose(browser, "dismiss")
    browser.type(".deed textarea", "what took long to write")
    browser.run(END_SESSION)
    browser.run("document.querySelector('.deed').requestSubmit()")
    browser.wait("the log-in", AT_LOG_IN)
    fill_log_in(browser, "li", bureau.password)
    browser.wait("the case again", "return document.querySelector('.case h2')?.innerText.includes('#1 ')")
    check(form(browser)[0] == "dismiss" and form(browser)[2] == "what took long to write", f"{form(browser)}")


def nobody_else_gets_it(browser, bureau):
    password = add_user(bureau, "wang", "bureau")
    browser.run(END_SESSION)
    browser.wait("the log-in", AT_LOG_IN)
    fill_log_in(browser, "wang", password)
    browser.wait("the case again", "return document.querySelector('.case h2')?.innerText.includes('#1 ')")
    check(form(browser)[2] == "", f"wang reads what li has typed: {form(browser)[2]}")
    check("what took" not in browser.run("return JSON.stringify(sessionStorage)"), "and it is kept for nobody")


def paper_has_the_case_alone(browser, _):
    call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "print"}})
    hidden = browser.run("return ['.panel', '.topbar', '.deed'].every((s) => getComputedStyle(document.querySelector(s)).display === 'none')")
    shown = browser.run("return getComputedStyle(document.querySelector('.print-foot')).display !== 'none'")
    call("POST", f"{browser.session}/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": ""}})
    check(hidden and shown, "what is printed")


def no_complaints(browser, _):
    severe = [message for level, message in browser.console() if level == "SEVERE" and "Failed to load resource" not in message]
    check(severe == [], f"{severe}")


TESTS = [an_alert_s_case_is_listed, a_case_shows_what_happened, a_step_is_taken, a_reason_is_asked_for,
         what_somebody_else_does_is_seen, what_is_typed_stays_when_somebody_else_acts,
         a_case_can_go_to_any_school_of_the_registry, assigns_with_a_deadline, speaks_english, filters,
         paper_has_the_case_alone, an_answer_is_of_the_case_that_it_was_asked_for, a_refusal_is_shown_with_its_case,
         a_double_click_is_one_step, a_case_without_a_school_wants_a_choice, re_judging_is_told_in_words_and_beijing_time,
         a_filter_that_cannot_be_asked_for_leaves_nothing_of_the_former, a_list_that_may_be_old_says_so,
         a_case_that_is_not_listed_knows_its_school, an_open_page_asks_all_the_time, an_ended_session_leads_to_the_log_in,
         the_log_in_gives_back_what_was_typed, nobody_else_gets_it, no_complaints]


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
