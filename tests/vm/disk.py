"""A disk that forgets: an NBD server on a Unix socket, whose write cache a power cut empties in no order.

What a flush has answered for is kept. Of what was written since, a cut keeps any part: each sector of 512 bytes stands as
before or as one of the writes left it, whichever order they came in, and a write may be torn in the middle. That is what
a drive with a volatile cache promises, and no more. Only the first 4 KiB are written whole or not at all: there lies
ext4's superblock, over two sectors and with a checksum, and neither the kernel nor `e2fsck -p` survive a torn one.

Why this is not done by dm-log-writes in the guest: docs/decisions/0009-a-disk-that-forgets.md.
"""
import random
import socket
import struct
import threading
import time

SECTOR = 512
SUPERBLOCK_END = 4096
SLOW_FLUSH_S = 0.02  # up to so long a flush takes, as on a memory card: a cut may fall into it

# The fixed newstyle handshake and the simple replies of the NBD protocol.
NBD_MAGIC, OPTION_MAGIC, REPLY_MAGIC = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
REQUEST_MAGIC, SIMPLE_MAGIC = 0x25609513, 0x67446698
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPT_ABORT, OPT_GO = 2, 7
REP_ACK, REP_INFO, REP_UNSUPPORTED = 1, 3, 0x80000001
HAS_FLAGS, SEND_FLUSH = 1, 4
READ, WRITE, DISCONNECT, FLUSH = range(4)
EINVAL = 22


class Disk:
    """One image in memory. attach() and cut() go in turns; both are the caller's, the serving has a thread."""

    def __init__(self, image_path, socket_path, seed):
        with open(image_path, "rb") as image:
            self.kept = bytearray(image.read())
        self.socket_path = socket_path
        self.random = random.Random(seed)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(socket_path)
        self.listener.listen(1)
        self.bytes_written = 0

    def attach(self, stop_at=None):
        """A machine may connect, once. The disk answers nothing more from its write or flush number stop_at on."""
        self.stop_at, self.stopped = stop_at, threading.Event()
        self.seen = bytearray(self.kept)  # what reads give: cache and all
        self.cache = []  # (offset, bytes) since the last flush
        self.failure = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def cut(self):
        """The machine is dead: the cache is lost but for what chance kept. Returns writes cached, lost, torn."""
        self.thread.join()
        if self.failure:
            raise self.failure
        lost = torn = 0
        share = self.random.choice((0, 0.1, 0.5, 0.9, 1))
        for offset, data in self.cache:
            whole = max(0, min(len(data), SUPERBLOCK_END - offset))
            pieces = ([(0, whole)] if whole else []) + [(at, at + SECTOR) for at in range(whole, len(data), SECTOR)]
            if self.random.random() >= share:
                some = self.random.choice((0, 0, 0.5))  # of the pieces
                pieces = [piece for piece in pieces if self.random.random() < some]
                lost += not pieces
                torn += bool(pieces)
            for start, end in pieces:
                self.kept[offset + start:offset + end] = data[start:end]
        return len(self.cache), lost, torn

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            try:
                if self.shake_hands(connection):
                    self.obey(connection)
            except EOFError:
                pass  # the machine is gone
            except Exception as failure:  # told by cut()
                self.failure = failure

    def shake_hands(self, connection):
        connection.sendall(struct.pack(">QQH", NBD_MAGIC, OPTION_MAGIC, FIXED_NEWSTYLE | NO_ZEROES))
        receive(connection, 4)
        while True:
            magic, option, length = struct.unpack(">QII", receive(connection, 16))
            if magic != OPTION_MAGIC:
                raise ValueError("not an NBD client")
            receive(connection, length)
            if option == OPT_GO:
                info = struct.pack(">HQH", 0, len(self.kept), HAS_FLAGS | SEND_FLUSH)
                connection.sendall(struct.pack(">QIII", REPLY_MAGIC, option, REP_INFO, len(info)) + info)
            answer = REP_ACK if option in (OPT_GO, OPT_ABORT) else REP_UNSUPPORTED
            connection.sendall(struct.pack(">QIII", REPLY_MAGIC, option, answer, 0))
            if answer == REP_ACK:
                return option == OPT_GO

    def obey(self, connection):
        while True:
            magic, _, command, handle, offset, length = struct.unpack(">IHHQQI", receive(connection, 28))
            if magic != REQUEST_MAGIC:
                raise ValueError("not an NBD request")
            if command == DISCONNECT:
                return
            data, error = b"", 0
            if command == READ:
                data = self.seen[offset:offset + length]
            elif command == WRITE:
                self.write(offset, receive(connection, length))
            elif command == FLUSH:
                self.flush()
            else:
                error = EINVAL
            if self.stopped.is_set():
                while True:
                    receive(connection, 1)  # until the machine is gone
            try:
                connection.sendall(struct.pack(">IIQ", SIMPLE_MAGIC, error, handle) + data)
            except OSError:
                raise EOFError from None

    def write(self, offset, data):
        assert offset % SECTOR == 0 and len(data) % SECTOR == 0 and offset + len(data) <= len(self.seen)
        self.bytes_written += len(data)
        self.count()
        self.seen[offset:offset + len(data)] = data
        self.cache.append((offset, data))

    def flush(self):
        """Everything written before is kept from now on; not so while it lasts."""
        self.count()
        if self.stopped.is_set():
            return
        if self.cache:
            time.sleep(self.random.uniform(0, SLOW_FLUSH_S))
        for offset, data in self.cache:
            self.kept[offset:offset + len(data)] = data
        self.cache = []

    def count(self):
        if self.stop_at is not None:
            self.stop_at -= 1
            if self.stop_at == 0:
                self.stopped.set()


def receive(connection, length):
    data = bytearray()
    while len(data) < length:
        try:
            some = connection.recv(length - len(data))
        except ConnectionResetError:
            some = b""
        if not some:
            raise EOFError
        data += some
    return bytes(data)
