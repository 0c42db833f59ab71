"""The gate's page and the list of sightings, on the real bureau: a phone of 390 pixels reports a vehicle."""

import json
import pathlib
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/console.png"  # any picture that a browser can read
VERDICT = "return document.querySelector('#verdict .answer')?.dataset.verdict === arguments[0]"
EMPTY = "return document.getElementById('queue-area').hidden"
# The first report that is kept, as if this account (none: a former console) had made it.
KEEP_AS = """const [account] = arguments;
    const asked = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
    return asked(indexedDB.open('buswarden-reports')).then((database) => {
      const shelf = () => database.transaction('reports', 'readwrite').objectStore('reports');
      return asked(shelf().getAll()).then(([kept]) => {
        if (!kept) return false;
        const { account: former, ...item } = kept;
        return asked(shelf().put(account === null ? item : { ...item, account })).then(() => true);
      });
    });"""


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def get(bureau, path):
    request = urllib.request.Request(f"{bureau.url}{path}", headers=bureau.headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def press(browser, text):
    for key in text:
        browser.run("[...document.querySelectorAll('#keys button')].find((b) => b.textContent === arguments[0]).click()", key)


def open_gate(browser, bureau):
    browser.viewport(390, 844, phone=True)
    browser.open(f"{bureau.url}/console/report.html")
    browser.wait("the keyboard", "return document.querySelectorAll('#keys button').length > 20")


def press_send(browser):
    browser.wait("the button", "return !document.querySelector('.send').disabled")
    browser.run("document.querySelector('.send').click()")


def gate_duty_reports_a_vehicle_with_a_photo(browser, bureau):
    open_gate(browser, bureau)
    check(browser.run("return document.documentElement.scrollWidth") <= 390, "the page is wider than the phone")
    press(browser, "浙A9999")
    press(browser, "9")
    check(browser.run("return document.getElementById('plate').value") == "浙A99999", "the keyboard wrote something else")
    press(browser, "9999")
    check(browser.run("return [...document.getElementById('plate').value].length") == 8, "more characters than a plate has")
    browser.run("document.getElementById('plate').value = '浙A99999'")
    browser.click("[data-step='5']")
    browser.click("[data-step='1']")
    browser.type("#place", "东门")
    browser.run("document.getElementById('photo').removeAttribute('capture')")
    browser.send_file("#photo", PICTURE)
    browser.wait("the preview", "return !document.getElementById('preview').hidden")
    press_send(browser)
    browser.wait("the verdict", VERDICT, "unknown")
    check("未登记的车辆" in browser.text("#verdict h2"), "the verdict has other words")
    browser.wait("all of it to be sent", EMPTY)
    report = get(bureau, "/v1/sightings")["sightings"][0]
    check(report["plate"] == "浙A99999" and report["heads"] == 6 and report["place"] == "东门", f"kept: {report}")
    check(report["photo"], "the photo is not kept")
    check(browser.run("return document.getElementById('plate').value") == "浙", "the next plate begins with nothing")


def near_misses_can_be_taken(browser, bureau):
    open_gate(browser, bureau)
    browser.run("document.getElementById('plate').value = '浙J1234S'")
    browser.run("document.getElementById('check').click()")
    browser.wait("the verdict", VERDICT, "unknown")
    browser.run("document.querySelector('#verdict .near-misses button').click()")
    browser.wait("another verdict", "return document.querySelector('#verdict header .plate')?.innerText.replace('·', '').includes('J12345')")
    check(browser.run("return document.getElementById('plate').value") == "浙J12345", "the plate was not taken")


def reports_wait_for_the_network_and_for_another_visit(browser, bureau):
    open_gate(browser, bureau)
    before = len(get(bureau, "/v1/sightings")["sightings"])
    bureau.stop_server()
    for number in range(2):
        browser.run("document.getElementById('plate').value = '浙B' + (11111 + arguments[0])", number)
        browser.type("#place", "国道旁")
        press_send(browser)
        browser.wait("the queue", "return document.querySelectorAll('#queue li').length === arguments[0]", number + 1)
    check("2 / 20" in browser.text("#queue-area"), "the queue does not say how many wait")
    bureau.start_server()
    browser.open(f"{bureau.url}/console/report.html")  # what waits has outlived the page
    browser.wait("the queue to be sent", EMPTY + " && document.querySelectorAll('#keys button').length > 20")
    after = get(bureau, "/v1/sightings")["sightings"]
    check(len(after) == before + 2, f"{len(after) - before} reports came, not two")


def keep_report(browser, bureau, plate, account):
    """A report that the network did not take, and that the phone has under this account; None: under none."""
    bureau.stop_server()
    browser.run(f"document.getElementById('plate').value = '{plate}'")
    browser.type("#place", "国道旁")
    press_send(browser)
    browser.wait("the queue", "return document.querySelectorAll('#queue li').length === 1")
    browser.wait("it to be kept", KEEP_AS, account)
    bureau.start_server()


def a_report_goes_out_in_nobody_elses_name(browser, bureau):
    """A phone is handed on: what somebody has reported waits until that account logs in."""
    open_gate(browser, bureau)
    before = len(get(bureau, "/v1/sightings")["sightings"])
    keep_report(browser, bureau, "浙B22222", "somebody-else")
    browser.open(f"{bureau.url}/console/report.html")
    browser.wait("whose it is", "return document.querySelector('#queue .why')?.innerText.includes('somebody-else')")
    check(len(get(bureau, "/v1/sightings")["sightings"]) == before, "it was sent in another's name")
    said = browser.text("#queue .why")
    browser.click("#language")
    check(browser.text("#queue .why") != said, f"{said} in both languages")
    browser.click("#language")
    browser.run("document.querySelector('#queue button').click()")
    browser.wait("it to be gone", EMPTY)


def a_report_that_a_former_console_kept_goes_out(browser, bureau):
    """It knew no accounts, and its reports have none."""
    open_gate(browser, bureau)
    before = len(get(bureau, "/v1/sightings")["sightings"])
    keep_report(browser, bureau, "浙B33333", None)
    browser.open(f"{bureau.url}/console/report.html")
    browser.wait("it to be sent", EMPTY + " && document.querySelectorAll('#keys button').length > 20")
    after = len(get(bureau, "/v1/sightings")["sightings"])
    check(after == before + 1, f"{after - before} reports came, not one")


def what_is_not_accepted_stays_and_says_why(browser, bureau):
    open_gate(browser, bureau)
    browser.run("document.getElementById('plate').value = '浙J123456'")
    browser.type("#place", "x")
    press_send(browser)
    browser.wait("the reason", "return document.querySelector('#queue .why')?.innerText.includes('green plate')")
    browser.run("document.querySelector('#queue button').click()")
    browser.wait("it to be gone", EMPTY)


def vehicles_that_come_again_are_listed_and_handed_over(browser, bureau):
    browser.viewport(1440, 900)
    for number in range(2):
        report = {"key": f"again-key-{number}", "plate": "浙C77777", "gate": "s-yucai", "heads": 9 + number}
        request = urllib.request.Request(f"{bureau.url}/v1/sightings", json.dumps(report).encode(),
                                         {"Content-Type": "application/json", **bureau.headers})
        urllib.request.urlopen(request, timeout=60).close()
    browser.open(f"{bureau.url}/#sightings")
    browser.wait("the plate", "return document.getElementById('sighting-rows').innerText.includes('C77777') ||"
                 " document.getElementById('sighting-rows').innerText.includes('C·77777')")
    text = browser.text("#sighting-rows")
    check("2 次，1 天" in text and "天台育才学校" in text, f"listed: {text}")
    browser.run("document.querySelector('#sighting-rows .row-button').click()")
    browser.wait("its reports", "return document.querySelectorAll('.sighting-reports .sighting').length === 2")
    browser.run("window.prompt = () => '请路面查处'; document.querySelector('.sighting .act:last-child').click()")
    browser.wait("the hand-over", "return document.getElementById('announce').innerText.includes('移交')")
    check(any(case["plate"] == "浙C77777" for case in get(bureau, "/v1/cases?handed_over=yes")["cases"]), "no such case")
    browser.run("const s = document.getElementById('sighting-by'); s.value = 'gate'; s.dispatchEvent(new Event('change'))")
    browser.wait("the gates", "return document.querySelectorAll('#sighting-rows .sighting').length >= 1")
    browser.run("const s = document.getElementById('sighting-by'); s.value = 'newest'; s.dispatchEvent(new Event('change'))")
    browser.wait("a photo to look at", "return [...document.querySelectorAll('.act')].some((b) => b.innerText.includes('查看照片'))")
    browser.run("[...document.querySelectorAll('.act')].find((b) => b.innerText.includes('查看照片')).click()")
    browser.wait("the photo", "return document.querySelector('.sighting-photo')?.naturalWidth > 100")


GATE_TESTS = [
    gate_duty_reports_a_vehicle_with_a_photo,
    near_misses_can_be_taken,
    reports_wait_for_the_network_and_for_another_visit,
    a_report_goes_out_in_nobody_elses_name,
    a_report_that_a_former_console_kept_goes_out,
    what_is_not_accepted_stays_and_says_why,
    vehicles_that_come_again_are_listed_and_handed_over,
]
