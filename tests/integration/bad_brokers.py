"""Brokers that a vehicle must survive: each is a function that is given one accepted connection, on a thread of its own."""

import ctypes
import socket
import ssl
import struct
import threading
import time

CONNACK = b"\x20\x02\x00\x00"
SUBACK, PUBACK, PINGRESP = 0x90, 0x40, b"\xd0\x00"
BYTES_AT_ONCE = 65536


class Server:
    """Serves `behaviour` on a port of its own until close(); counts the connections."""

    def __init__(self, port, behaviour, tls=None, backlog=16):
        self.behaviour, self.tls, self.count, self.open = behaviour, tls, 0, True
        self.notes = {}
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=backlog)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.behaviour(self, connection)
        except (OSError, ssl.SSLError, EOFError):
            pass
        finally:
            connection.close()

    def close(self):
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def wait(self):
        while self.open:
            time.sleep(0.05)


def take(connection, n):
    data = b""
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def take_packet(connection):
    """(first byte, body)"""
    kind = take(connection, 1)[0]
    length = shift = 0
    while True:
        byte = take(connection, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return kind, take(connection, length)


def deafen(connection):
    """From now on the kernel drops what arrives here, without a word: as if a cable had been cut."""
    ret_0 = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: return 0 bytes of every packet
    buffer = ctypes.create_string_buffer(ret_0)
    program = struct.pack("HP", 1, ctypes.addressof(buffer))
    connection.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER


# --- behaviours ---


def closes(server, connection):
    pass


def kicks(server, connection):
    take_packet(connection)
    connection.sendall(CONNACK)
    connection.shutdown(socket.SHUT_WR)


def refuses(server, connection):
    take_packet(connection)
    connection.sendall(b"\x20\x02\x00\x05")
    server.wait()


def never_answers(server, connection):
    server.wait()


def garbage(server, connection):
    take_packet(connection)
    connection.sendall(bytes(range(255, 0, -1)) * 4)
    server.wait()


def endless_packet(server, connection):
    """A PUBLISH of 256 MiB, as fast as it can be had."""
    take_packet(connection)
    connection.sendall(CONNACK + b"\x32\xff\xff\xff\x7f")
    for _ in range(0x0FFFFFFF // BYTES_AT_ONCE):
        connection.sendall(bytes(BYTES_AT_ONCE))


def endless_packet_slowly(server, connection):
    take_packet(connection)
    connection.sendall(CONNACK + b"\x32\xff\xff\xff\x7f")
    for _ in range(0x0FFFFFFF // BYTES_AT_ONCE):
        connection.sendall(bytes(BYTES_AT_ONCE))
        time.sleep(0.01)


def stops_reading(server, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    take_packet(connection)
    connection.sendall(CONNACK)
    server.wait()


def vanishes(server, connection):
    take_packet(connection)
    connection.sendall(CONNACK)
    deafen(connection)
    server.wait()


def obeys(server, connection, acknowledge=True, subscriptions=0x01):
    """A broker that knows nobody else."""
    while True:
        kind, body = take_packet(connection)
        server.notes[kind >> 4] = server.notes.get(kind >> 4, 0) + 1
        if kind == 0x10:
            connection.sendall(CONNACK)
        elif kind == 0x82:
            connection.sendall(bytes([SUBACK, 3]) + body[:2] + bytes([subscriptions]))
        elif kind >> 4 == 3 and acknowledge:
            topic_len = struct.unpack(">H", body[:2])[0]
            connection.sendall(bytes([PUBACK, 2]) + body[2 + topic_len : 4 + topic_len])
        elif kind == 0xC0:
            connection.sendall(PINGRESP)


def acknowledges_nothing(server, connection):
    obeys(server, connection, acknowledge=False)


def refuses_subscriptions(server, connection):
    obeys(server, connection, subscriptions=0x80)


def old_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    return context
