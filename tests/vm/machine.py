"""One start of a guest: QEMU with its serial lines; and Machine, the one of the power cut test."""
import os
import select
import signal
import socket
import subprocess
import threading
import time

from bus import Adapter

GATEWAY_ADDRESS = "10.0.2.100"  # where the guest finds what is forwarded


class Guest:
    def __init__(self, folder, guest, devices, append="", terminals=("answers",)):
        """terminals: what hvc0, hvc1... are called; one of them answers questions."""
        self.lines = []  # (time, text) of the journal, whole lines only
        self.connections = {}
        self.answers = None
        servers = {name: listen(f"{folder}/{name}.sock") for name in terminals}
        serial = ["-device", "virtio-serial-pci"]
        for name, (_, path) in servers.items():
            serial += ["-chardev", f"socket,id={name},path={path}", "-device", f"virtconsole,chardev={name}"]
        self.started = time.time()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-M", "pc,usb=off", "-cpu", "qemu64,+rdrand", "-m", "192",
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-rtc", "base=utc",
             "-kernel", f"{guest}/vmlinuz", "-initrd", f"{guest}/initrd",
             "-append", f"console=ttyS1 quiet panic=1 mitigations=off random.trust_cpu=on no_timer_check tsc=reliable {append}",
             "-serial", "stdio", "-serial", f"file:{folder}/kernel.log", *devices, *serial],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(f"{folder}/qemu.log", "ab"))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        try:
            self.connections = {name: accept(server) for name, (server, _) in servers.items()}
        except OSError:
            self.kill()
            raise RuntimeError(f"QEMU does not start: see {folder}/qemu.log") from None
        self.answers = self.connections["answers"]

    def read(self):
        for raw in self.process.stdout:
            if raw.endswith(b"\n"):  # what the cut has broken off was not said
                self.lines.append((time.time(), raw.decode("utf-8", "replace").strip()))

    def said(self, text):
        """When the journal first said it, or None."""
        return next((when for when, line in list(self.lines) if text in line), None)

    def wait_for(self, text, seconds, stopped=None):
        """As said(), at most so long, while the machine runs and the event `stopped` has not come."""
        end = time.time() + seconds
        while time.time() < end and self.process.poll() is None and not (stopped and stopped.is_set()):
            if when := self.said(text):
                return when
            time.sleep(0.05)
        return None

    def ask(self, question, seconds=20):
        """One line of the guest, or "" when it does not answer in time."""
        try:
            self.answers.sendall(question.encode() + b"\n")
        except OSError:
            return ""
        answer, end = b"", time.time() + seconds
        while not answer.endswith(b"\n"):
            if not select.select([self.answers], [], [], max(0, end - time.time()))[0]:
                return ""
            some = self.answers.recv(65536)
            if not some:
                return ""
            answer += some
        return answer.decode().strip()

    def kill(self):
        """The cut: no warning, nothing is written any more. Returns when it was."""
        when = time.time()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        if self.answers:
            self.answers.close()
        return when


class Machine(Guest):
    """With a disk that forgets, a CAN adapter, and no network but forwarded ports."""

    def __init__(self, folder, guest, disk, bus, forwards, forget=False):
        """forwards: {port in the guest: port of this machine's loopback}."""
        network = "user,id=net,restrict=on" + "".join(
            f",guestfwd=tcp:{GATEWAY_ADDRESS}:{port}-cmd:busybox nc 127.0.0.1 {to}" for port, to in forwards.items())
        super().__init__(
            folder, guest,
            ["-blockdev", f"driver=nbd,server.type=unix,server.path={disk.socket_path},node-name=disk",
             "-device", "virtio-blk-pci,drive=disk,write-cache=on",
             "-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile="],
            "FORGET=/lib/nosync.so" if forget else "", ("adapter", "answers"))
        bus.adapter = Adapter(self.connections["adapter"])


def listen(path):
    if os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.settimeout(20)
    return server, path


def accept(server):
    with server:
        return server.accept()[0]
