"""The real buswarden-bureau, with a broker of its own, on the test registry."""

import http.client
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120
CONFIG = """[store]
path = {dir}/store.db
[broker]
host = 127.0.0.1
port = {mqtt}
[keys]
secret = {dir}/bureau
[http]
listen = 127.0.0.1
port = {http}
console = {root}/bureau/console
"""


class Bureau:
    """A context manager; .url is the console's address, .password that of its administrator "li",
    .headers what that one's token is sent with."""

    def __init__(self, bin_dir):
        self.bin = pathlib.Path(bin_dir)
        self.processes = []

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory()
        http = int(subprocess.check_output([ROOT / "tests/ports", "2", str(os.getpid())]))
        mqtt = http + 1
        self.url = f"http://127.0.0.1:{http}"
        self.config = f"{self.dir.name}/bureau.ini"
        pathlib.Path(self.config).write_text(CONFIG.format(dir=self.dir.name, mqtt=mqtt, http=http, root=ROOT))
        try:
            self._start("/usr/sbin/mosquitto", "-p", str(mqtt))
            self._bureau("keygen", f"{self.dir.name}/bureau")
            self._bureau("import", ROOT / "tests/data/registry", "--config", self.config)
            self.password = self.add_user("li", "admin")
            token = self._bureau("token", "add", "li", "--scope", "all", "--config", self.config)
            self.headers = {"Authorization": f"Bearer {token}"}
            self.start_server()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        self.dir.cleanup()

    def log_in(self, browser):
        browser.open(f"{self.url}/console/login.html")
        browser.type("#name", "li")
        browser.type("#password", self.password)
        browser.click("#login-form button")
        browser.wait("the log-in", "return location.pathname === '/'")

    def add_user(self, name, role, *options):
        """The new account's password."""
        return self._bureau("user", "add", name, "--role", role, *options, "--random", "--config", self.config)

    def enter(self, browser, name="li", password=None):
        """As log_in(), for whomever, and without the page for it."""
        browser.open(f"{self.url}/console/favicon.svg")
        status = browser.run("""return fetch('/v1/session', { method: 'POST',
            headers: { 'Content-Type': 'application/json', 'X-Buswarden': '1' },
            body: JSON.stringify({ name: arguments[0], password: arguments[1] }) }).then((r) => r.status)""",
                             name, password or self.password)
        if status != 200:
            raise RuntimeError(f"{name} cannot log in: {status}")

    def put_alert(self, vehicle, number, phase, kind="OVERLOAD"):
        """A phase of an alert, straight into the store."""
        store = f"{self.dir.name}/store.db"
        subprocess.run([self.bin / "api_rows", "alert", store, vehicle, str(number), phase, kind], check=True,
                       stdout=subprocess.DEVNULL)

    def put_alerts(self, vehicle, first, last, kind="OVERLOAD"):
        """So many open ones at once, straight into the store."""
        subprocess.run([self.bin / "api_rows", "alerts", f"{self.dir.name}/store.db", vehicle, str(first), str(last), kind],
                       check=True, stdout=subprocess.DEVNULL)

    def start_server(self):
        self._start(self.bin / "buswarden-bureau", "run", "--config", f"{self.dir.name}/bureau.ini")
        self._wait_for_health()

    def stop_server(self):
        process = self.processes.pop()  # the last that was started
        process.terminate()
        process.wait()

    def _bureau(self, *arguments):
        return subprocess.run([self.bin / "buswarden-bureau", *arguments], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()

    def _start(self, *command):
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def _wait_for_health(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                    if response.status == 200:
                        return
            except (OSError, http.client.HTTPException):
                pass  # not up yet, or no broker yet
            time.sleep(0.1)
        raise RuntimeError("the bureau did not become healthy")
