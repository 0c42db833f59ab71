"""What is typed into the gate's page and the log-in is neither lost, nor sent twice, nor shown in the address; against the
real bureau. Prints "ok NAME" or "not ok NAME: reason" a test.

    forms_test.py BIN_DIR
"""

import json
import pathlib
import sys
import tempfile
import urllib.request

from bureau import Bureau
from webdriver import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/console.png"  # any picture that a browser can read
ENTER = "\ue007"
TYPED = ("return ['plate', 'place', 'note'].map((id) => document.getElementById(id).value)"
         ".concat(document.getElementById('heads').value, !document.getElementById('preview').hidden)")
LOG_IN = "return !document.getElementById('log-in').hidden"
SENT = "return document.getElementById('queue-area').hidden && !document.querySelector('.send').disabled"
WAITING = "return document.querySelectorAll('#queue li').length"
END_SESSION = "return fetch('/v1/session', { method: 'DELETE', headers: { 'X-Buswarden': '1' } }).then((r) => r.status)"
# The next photo is not ready before release().
HOLD_PHOTO = """const bitmap = window.createImageBitmap;
    const held = new Promise((resolve) => { window.release = resolve; });
    window.createImageBitmap = (...of) => held.then(() => bitmap(...of));"""
NO_DATABASE = "IDBFactory.prototype.open = () => { throw new Error('a private window'); }"
NO_SESSION_YET = "const ask = window.fetch; window.fetch = (path, of) => (path === '/v1/session' ? new Promise(() => {}) : ask(path, of));"
TWO_FAILURES = """const ask = window.fetch;
    let failures = 0;
    window.fetch = (path, of) => (path === '/v1/session' && failures++ < 2 ? Promise.resolve(new Response('{}', { status: 503 })) : ask(path, of));"""


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def sightings(bureau):
    request = urllib.request.Request(f"{bureau.url}/v1/sightings", headers=bureau.headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["sightings"]


def open_gate(browser, bureau):
    browser.open(f"{bureau.url}/console/report.html")
    browser.wait("the keyboard", "return document.querySelectorAll('#keys button').length > 20")
    browser.wait("the page to be ready", SENT)


def enter(browser, bureau):
    browser.open(f"{bureau.url}/console/favicon.svg")
    if browser.run("return fetch('/v1/session').then((r) => r.status)") != 200:
        bureau.log_in(browser)


def fill(browser, plate="", place="国道旁", note=""):
    for field, value in (("plate", plate), ("place", place), ("note", note)):
        browser.run("document.getElementById(arguments[0]).value = arguments[1]", field, value)


def take_photo(browser, path=PICTURE):
    browser.run("document.getElementById('photo').removeAttribute('capture')")
    browser.send_file("#photo", path)


def press(browser, selector):
    """Not where the pointer is: a preview that comes moves what stands below it."""
    browser.run("document.querySelector(arguments[0]).click()", selector)


def press_send(browser):
    press(browser, ".send")


def log_in_here(browser, bureau):
    browser.type("#log-in [name=name]", "li")
    browser.type("#log-in [name=password]", bureau.password)
    press(browser, "#log-in button")


def an_ended_session_leaves_what_is_typed(browser, bureau):
    open_gate(browser, bureau)
    fill(browser, "浙A10001", "东门", "白色")
    press(browser, "[data-step='5']")
    take_photo(browser)
    browser.wait("the preview", "return !document.getElementById('preview').hidden")
    typed = browser.run(TYPED)
    check(browser.run(END_SESSION) == 204, "the session goes on")
    press(browser, "#check")
    browser.wait("the log-in", LOG_IN)
    check(browser.run(TYPED) == typed, "something is lost")
    browser.type("#log-in [name=name]", "li")
    browser.type("#log-in [name=password]", "wrong")
    press(browser, "#log-in button")
    browser.wait("the refusal", "return document.querySelector('#log-in .form-error').innerText === '账号或密码不正确。'")
    log_in_here(browser, bureau)
    browser.wait("the log-in to be gone", "return document.getElementById('log-in').hidden")
    check(browser.run(TYPED) == typed == ["浙A10001", "东门", "白色", "5", True], f"{typed} became {browser.run(TYPED)}")
    press_send(browser)
    browser.wait("it to be sent", SENT)
    report = sightings(bureau)[0]
    check(report["plate"] == "浙A10001" and report["heads"] == 5 and report["photo"], f"kept: {report}")


def what_waits_goes_out_after_a_log_in_in_another_tab(browser, bureau):
    """In a private window too, where only the page itself has it."""
    with browser.script_before_pages(NO_DATABASE):
        open_gate(browser, bureau)
    check(browser.run(END_SESSION) == 204, "the session goes on")
    fill(browser, "浙A10002")
    press_send(browser)
    browser.wait("the log-in", LOG_IN)
    fill(browser, "浙A10003", "西门")
    check(browser.run(WAITING) == 1, "the report does not wait")
    with browser.another_tab():
        bureau.log_in(browser)
    browser.wait("it to be sent", SENT + " && document.getElementById('log-in').hidden")
    check(sightings(bureau)[0]["plate"] == "浙A10002", "another report came")
    check(browser.run(TYPED)[:2] == ["浙A10003", "西门"], "the next one is lost")


def a_photo_that_is_not_ready_goes_with_its_own_report(browser, bureau):
    open_gate(browser, bureau)
    browser.run(HOLD_PHOTO)
    fill(browser, "浙A20001")
    take_photo(browser)
    press_send(browser)
    check(browser.run("return document.getElementById('form').inert"), "what is typed now would be lost")
    browser.run("release()")
    browser.wait("it to be sent", SENT)
    check(not browser.run("return document.getElementById('form').inert"), "nothing can be typed any more")
    browser.wait("the form to be empty", "return document.getElementById('plate').value === '浙'")
    report = sightings(bureau)[0]
    check(report["plate"] == "浙A20001" and report["photo"], f"kept: {report}")
    check(browser.run("return document.getElementById('preview').hidden"), "the next report has the photo")


def a_report_that_is_begun_is_not_left_without_a_question(browser, bureau):
    asks = """const leaving = new Event('beforeunload', { cancelable: true });
        window.dispatchEvent(leaving); return leaving.defaultPrevented"""
    open_gate(browser, bureau)
    check(not browser.run(asks), "it asks about nothing")
    for step, back in (("5", "-5"), ("1", "-5")):
        press(browser, f"[data-step='{step}']")
        check(browser.run(asks), "the heads are lost")
        press(browser, f"[data-step='{back}']")
        press(browser, "[data-step='-1']")
        check(not browser.run(asks), "it asks about what was taken back")
    fill(browser, "浙A20003")
    check(browser.run(asks), "the plate is lost")
    press_send(browser)
    browser.wait("it to be sent", SENT)
    check(not browser.run(asks), "it asks about what was sent")


def a_photo_that_was_given_up_does_not_come_back(browser, bureau):
    open_gate(browser, bureau)
    take_photo(browser)
    browser.wait("the preview", "return !document.getElementById('preview').hidden")
    browser.run("const toBlob = HTMLCanvasElement.prototype.toBlob;"
                "HTMLCanvasElement.prototype.toBlob = function (take, ...of) {"
                " toBlob.call(this, (jpeg) => { window.release = () => take(jpeg); }, ...of); }")
    with tempfile.NamedTemporaryFile(suffix=".png") as other:
        other.write(PICTURE.read_bytes())
        other.flush()
        take_photo(browser, other.name)
        browser.wait("the other photo", "return window.release !== undefined")
    press(browser, "#no-photo")
    browser.run("release()")
    check(browser.run("return document.getElementById('preview').hidden"), "it is there again")


def a_photo_that_cannot_be_read_is_told_before_the_report_goes(browser, bureau):
    open_gate(browser, bureau)
    before = len(sightings(bureau))
    browser.run(HOLD_PHOTO)
    fill(browser, "浙A20002")
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(b"no picture")
        file.flush()
        take_photo(browser, file.name)
        press_send(browser)
        browser.run("release()")
        browser.wait("the reason", "return document.querySelector('#verdict h2')?.innerText === '照片无法读取'")
    check(browser.run(WAITING) == 0 and browser.run(TYPED)[0] == "浙A20002", "it was sent without it")
    browser.wait("the button", SENT)
    press_send(browser)
    browser.wait("the verdict", "return document.querySelector('#verdict .answer')?.dataset.verdict")
    check(len(sightings(bureau)) == before + 1, "it was not sent")


def two_taps_are_one_report(browser, bureau):
    open_gate(browser, bureau)
    before = len(sightings(bureau))
    fill(browser)  # no plate: the form that is empty again would do for a report
    browser.run("localStorage.removeItem('buswarden.province'); const send = document.querySelector('.send');"
                "return new Promise((resolve) => { send.click(); send.click(); setTimeout(() => { send.click(); resolve(); }, 150); })")
    browser.wait("it to be sent", SENT)
    check(len(sightings(bureau)) == before + 1, f"{len(sightings(bureau)) - before} reports came")


def send_with_position(browser, bureau, plate):
    fill(browser, plate)
    press_send(browser)
    browser.wait("it to be sent", SENT)
    report = sightings(bureau)[0]
    check(report["plate"] == plate, f"kept: {report}")
    return report["lat"]


def pass_minutes(browser, minutes):
    browser.run("window.now ??= Date.now; const now = window.now; Date.now = () => now.call(Date) + arguments[0] * 60000", minutes)


def a_position_is_that_of_a_moment(browser, bureau):
    browser.cdp("Emulation.setGeolocationOverride", latitude=29.14, longitude=121.03, accuracy=12)
    open_gate(browser, bureau)
    browser.permit("geolocation")
    press(browser, "#locate")
    browser.wait("the position", "return document.getElementById('located').innerText.includes('12 米')")
    check("刚刚" in browser.text("#located"), browser.text("#located"))
    pass_minutes(browser, 4)
    check(send_with_position(browser, bureau, "浙A30001") is not None, "the position was not sent")
    check("4 分钟前" in browser.text("#located"), browser.text("#located"))
    pass_minutes(browser, 7)
    check(send_with_position(browser, bureau, "浙A30002") is None, "a position of seven minutes ago was sent")
    check("7 分钟前" in browser.text("#located") and "不再" in browser.text("#located"), browser.text("#located"))
    press(browser, "#language")
    check("7 min" in browser.text("#located"), browser.text("#located"))
    press(browser, "#language")
    browser.run("Date.now = window.now")
    press(browser, "#locate")
    browser.wait("another", "return document.getElementById('located').innerText.includes('刚刚')")
    press(browser, "#no-fix")
    check(browser.text("#located") == "" and send_with_position(browser, bureau, "浙A30003") is None, "it was not dropped")


def a_password_is_not_shown_where_no_script_runs(browser, bureau):
    browser.cdp("Network.enable")
    browser.cdp("Network.setBlockedURLs", urls=["*/console/login.js"])
    try:
        browser.open(f"{bureau.url}/console/login.html?next=/console/report.html")
        browser.type("#name", "li")
        browser.type("#password", "a-secret-thing")
        browser.keys(ENTER)
        browser.wait("the answer", "return document.body.innerText.includes('页面没有完全打开')")
        whole = browser.run("return location.href + document.documentElement.outerHTML")
        check("secret" not in whole and "was not ready" in whole, f"it says {whole}")
    finally:
        browser.cdp("Network.setBlockedURLs", urls=[])
    press(browser, "a")
    browser.wait("the log-in", "return location.search === '?next=/console/report.html' && !!document.getElementById('name')")


def a_new_password_does_not_wait_for_the_session(browser, bureau):
    with browser.script_before_pages(NO_SESSION_YET):
        browser.open(f"{bureau.url}/console/account.html")
    for field, value in (("password", "not-the-password"), ("new_password", "long-enough-1234"), ("again", "long-enough-1234")):
        browser.type(f"#password-form [name={field}]", value)
    browser.keys(ENTER)
    browser.wait("the refusal", "return !!document.querySelector('#password-form .form-error')?.innerText")
    check(browser.run("return location.search") == "", "the passwords stand in the address")


def a_session_that_cannot_be_asked_is_told_and_asked_again(browser, bureau):
    with browser.script_before_pages(TWO_FAILURES):
        browser.open(f"{bureau.url}/console/account.html")
        browser.wait("the failure", "return document.getElementById('unloaded')?.innerText.includes('自动重试')")
        browser.wait("the accounts", "return document.getElementById('account-rows').innerText.includes('li')")
    check(browser.run("return document.getElementById('unloaded').hidden"), "the failure still stands there")


TESTS = [
    an_ended_session_leaves_what_is_typed,
    what_waits_goes_out_after_a_log_in_in_another_tab,
    a_photo_that_is_not_ready_goes_with_its_own_report,
    a_report_that_is_begun_is_not_left_without_a_question,
    a_photo_that_was_given_up_does_not_come_back,
    a_photo_that_cannot_be_read_is_told_before_the_report_goes,
    two_taps_are_one_report,
    a_position_is_that_of_a_moment,
    a_password_is_not_shown_where_no_script_runs,
    a_new_password_does_not_wait_for_the_session,
    a_session_that_cannot_be_asked_is_told_and_asked_again,
]


def main():
    failed = 0
    with Browser() as browser, Bureau(sys.argv[1]) as bureau:
        browser.viewport(390, 844, phone=True)
        for test in TESTS:
            try:
                enter(browser, bureau)
                test(browser, bureau)
                print(f"ok forms_{test.__name__}", flush=True)
            except (AssertionError, RuntimeError) as error:
                failed += 1
                print(f"not ok forms_{test.__name__}: {' '.join(str(error).split())}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
