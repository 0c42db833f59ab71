"""Just enough of the WebDriver protocol to drive Chromium with the standard library."""

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=zh-CN",
             "--window-size=1440,900"]
PORTS = pathlib.Path(__file__).resolve().parents[1] / "ports"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# What a machine with much else to do may take.
START_TIMEOUT_S = 120
WAIT_TIMEOUT_S = 120
LOOKS_MIN = 20
LOOK_INTERVAL_S = 0.05


def call(method, url, body=None, timeout=START_TIMEOUT_S):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()[:400]) from error


class Browser:
    """One chromedriver and one Chromium with a new profile; a context manager."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # Not 0: a port that is free for IPv4 may be taken for IPv6, and then chromedriver gives up.
        port = subprocess.check_output([PORTS, "1", str(os.getpid())], text=True).strip()
        self.driver = subprocess.Popen(["/usr/bin/chromedriver", f"--port={port}"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        try:
            self.base = f"http://127.0.0.1:{self._port()}"
            options = {"binary": "/usr/bin/chromium", "args": [*ARGUMENTS, f"--user-data-dir={self.profile.name}"]}
            capabilities = {"browserName": "chrome", "goog:chromeOptions": options,
                            "goog:loggingPrefs": {"browser": "ALL"}}
            session = call("POST", f"{self.base}/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = f"{self.base}/session/{session['value']['sessionId']}"
        except BaseException:
            self.driver.kill()
            raise
        return self

    def __exit__(self, *_):
        try:
            call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.profile.cleanup()

    def _port(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(".\n").rsplit(" ", 1)[1])
            if time.monotonic() > deadline:
                break
        raise RuntimeError("chromedriver did not start")

    def _post(self, path, body):
        return call("POST", f"{self.session}/{path}", body)["value"]

    def open(self, url):
        self._post("url", {"url": url})

    def run(self, script, *args):
        """Runs JavaScript in the page; `return` yields the value."""
        return self._post("execute/sync", {"script": script, "args": list(args)})

    def wait(self, what, script, *args):
        """Waits until the script's value is true, and returns it. However slow the machine, it looks LOOKS_MIN times: one look can
        outlast the time, and the page draws between two."""
        deadline = time.monotonic() + WAIT_TIMEOUT_S
        looks = 0
        while looks < LOOKS_MIN or time.monotonic() < deadline:
            value = self.run(script, *args)
            if value:
                return value
            looks += 1
            time.sleep(LOOK_INTERVAL_S)
        raise AssertionError(f"waited in vain for: {what} ({looks} looks)")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def _element(self, selector):
        return self._post("element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._post(f"element/{self._element(selector)}/click", {})

    def type(self, selector, text):
        element = self._element(selector)
        self._post(f"element/{element}/clear", {})
        self._post(f"element/{element}/value", {"text": text})

    def send_file(self, selector, path):
        """What a person picks in the dialogue of a file input."""
        self._post(f"element/{self._element(selector)}/value", {"text": str(path)})

    def keys(self, text):
        """Key presses to whatever has the focus."""
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def cdp(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    @contextlib.contextmanager
    def script_before_pages(self, source):
        """Runs in each page that is opened meanwhile, before its own scripts."""
        number = self.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
        try:
            yield
        finally:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=number)

    @contextlib.contextmanager
    def another_tab(self):
        here = call("GET", f"{self.session}/window")["value"]
        self._post("window", {"handle": self._post("window/new", {"type": "tab"})["handle"]})
        try:
            yield
        finally:
            call("DELETE", f"{self.session}/window")
            self._post("window", {"handle": here})

    def permit(self, name):
        self._post("permissions", {"descriptor": {"name": name}, "state": "granted"})

    def console(self):
        """What the page has logged since the last call: [(level, message)]."""
        return [(entry["level"], entry["message"]) for entry in self._post("se/log", {"type": "browser"})]

    def viewport(self, width, height, phone=False):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self._post("goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def time_zone(self, name):
        self._post("goog/cdp/execute", {"cmd": "Emulation.setTimezoneOverride", "params": {"timezoneId": name}})

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(call("GET", f"{self.session}/screenshot")["value"]))
